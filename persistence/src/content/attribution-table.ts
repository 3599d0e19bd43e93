import type { AttributedRange } from '../history/history-store.ts';

/** A stretch of a client's clocks, and whose they are; nobody's when no record is known that brought them. */
export interface AttributedStretch {
  readonly length: number;
  readonly by: AttributedRange | undefined;
}

/** Finds out who brought which clocks. Who brought them first did: an update that came again changed nothing. */
export class AttributionTable {
  /** Per client, in ascending order and apart from each other. */
  readonly #ranges = new Map<number, AttributedRange[]>();

  /** @param ranges - The earliest first. */
  constructor(ranges: Iterable<AttributedRange>) {
    for (const range of ranges) this.#add(range);
  }

  /** Whose these clocks are, in ascending order and without a gap. */
  *stretchesOf(client: number, clock: number, length: number): Generator<AttributedStretch> {
    const ranges = this.#ranges.get(client) ?? [];
    const end = clock + length;
    let at = clock;
    for (let i = firstEndingAfter(ranges, clock); at < end; i++) {
      const by = ranges[i];
      const start = Math.min(by?.clock ?? end, end);
      if (start > at) yield { length: start - at, by: undefined };
      at = Math.max(at, start);
      if (by === undefined || at === end) return;
      const next = Math.min(by.clock + by.length, end);
      yield { length: next - at, by };
      at = next;
    }
  }

  #add(range: AttributedRange): void {
    const { client, clock, length } = range;
    const ranges = this.#ranges.get(client);
    if (ranges === undefined) {
      this.#ranges.set(client, [range]);
      return;
    }
    const first = firstEndingAfter(ranges, clock);
    if (first === ranges.length) {
      ranges.push(range);
      return;
    }
    // some of it may be known: only what lies between that is added
    const joined: AttributedRange[] = [];
    const end = clock + length;
    let at = clock;
    let behind = first;
    for (let known = ranges[behind]; known !== undefined && known.clock < end; known = ranges[++behind]) {
      if (known.clock > at) joined.push({ ...range, clock: at, length: known.clock - at });
      joined.push(known);
      at = known.clock + known.length;
    }
    if (at < end) joined.push({ ...range, clock: at, length: end - at });
    ranges.splice(first, behind - first, ...joined);
  }
}

/** The index of the first range that ends after a clock; how many there are when none does. */
function firstEndingAfter(ranges: readonly AttributedRange[], clock: number): number {
  let low = 0;
  let high = ranges.length;
  while (low < high) {
    const middle = (low + high) >>> 1;
    const range = ranges[middle] as AttributedRange;
    if (range.clock + range.length > clock) high = middle;
    else low = middle + 1;
  }
  return low;
}
