import type { Timeline, TimelineBucket } from '@headwater/client/history';

/** Times without an edit that are folded; the longest ones are. */
const MAX_GAPS = 80;
/** A time without an edit is long when it is more than this part of what would be left of the timeline. */
const LONG = 1 / 40;
/** How wide a gap is, and all gaps together are at most, as parts of the timeline. */
const GAP_WIDTH = 0.012;
const ALL_GAPS_WIDTH = 0.25;

/** A bar of the timeline, which is 1 wide. */
export interface Bar extends TimelineBucket {
  readonly x: number;
  readonly width: number;
}

/** A time in which the document was edited now and then: as many bars as fit into it, or nothing where there is none. */
export interface Stretch {
  readonly x: number;
  readonly width: number;
  readonly slots: readonly (Bar | undefined)[];
}

/** A time without an edit that is drawn shorter than it was. */
export interface Gap {
  readonly x: number;
  readonly width: number;
  readonly fromMs: number;
  readonly toMs: number;
}

/**
 * Where moments are on the timeline. It follows time, but nights and weekends without an edit are folded into gaps: most
 * documents are written in short bursts with days between them, and would be a few lines in an empty strip.
 */
export class Scale {
  readonly stretches: readonly Stretch[];
  /** Those between the stretches. */
  readonly gaps: readonly Gap[];
  /** All bars; the earliest first. */
  readonly bars: readonly Bar[];
  readonly #last: number;

  /** @param maxBars - About as many bars as there is room for. */
  constructor(timeline: Timeline, maxBars: number) {
    const { stretches, gaps } = layOut(busyBuckets(timeline.buckets), maxBars);
    this.stretches = stretches;
    this.gaps = gaps;
    this.bars = stretches.flatMap(({ slots }) => slots.filter((bar) => bar !== undefined));
    this.#last = timeline.lastSequence;
  }

  /** Where a moment is, from 0 to 1. */
  xOf(moment: number): number {
    if (moment <= 0) return 0;
    if (moment >= this.#last) return 1;
    const bar = this.bars[this.#indexOf(({ lastSequence }) => lastSequence >= moment)];
    if (bar === undefined) return 1;
    const part = (moment - bar.firstSequence + 1) / (bar.lastSequence - bar.firstSequence + 1);
    return bar.x + bar.width * Math.min(Math.max(part, 0), 1);
  }

  /** The moment at a place; where there is none, the last one before. */
  momentAt(x: number): number {
    if (x <= 0) return 0;
    if (x >= 1) return this.#last;
    const index = this.#indexOf((bar) => bar.x + bar.width > x);
    const bar = this.bars[index];
    if (bar === undefined) return this.#last;
    if (x < bar.x) return this.bars[index - 1]?.lastSequence ?? 0;
    const part = (x - bar.x) / bar.width;
    return bar.firstSequence - 1 + Math.ceil(part * (bar.lastSequence - bar.firstSequence + 1));
  }

  /** About when a moment was. */
  timeOf(moment: number): number | undefined {
    const bar = this.bars[this.#indexOf(({ lastSequence }) => lastSequence >= moment)];
    if (bar === undefined || moment <= 0) return undefined;
    const part = (moment - bar.firstSequence) / Math.max(bar.lastSequence - bar.firstSequence, 1);
    return bar.fromMs + (bar.toMs - bar.fromMs) * Math.max(part, 0);
  }

  /** The first bar for which something holds that holds for all after it. */
  #indexOf(holds: (bar: Bar) => boolean): number {
    let [low, high] = [0, this.bars.length];
    while (low < high) {
      const middle = (low + high) >> 1;
      const bar = this.bars[middle];
      if (bar !== undefined && holds(bar)) high = middle;
      else low = middle + 1;
    }
    return low;
  }
}

/** Buckets with moments; of thinned ones only states may be left, without updates. */
function busyBuckets(buckets: readonly TimelineBucket[]): readonly TimelineBucket[] {
  return buckets.filter(({ updates, lastSequence }, index) => {
    return updates > 0 || lastSequence > (buckets[index - 1]?.lastSequence ?? 0);
  });
}

function layOut(busy: readonly TimelineBucket[], maxBars: number): Pick<Scale, 'stretches' | 'gaps'> {
  const parts = partsBetween(busy, longPauses(busy));
  const activeMs = parts.reduce((sum, part) => sum + durationOf(part), 0);
  // Whole buckets: of bars between one and two buckets long every other would be twice as high.
  const bucketMs = Math.max((busy[0]?.toMs ?? 0) - (busy[0]?.fromMs ?? 0), 1);
  const barMs = Math.max(Math.ceil(activeMs / maxBars / bucketMs), 1) * bucketMs;
  const counts = parts.map((part) => Math.max(Math.ceil(durationOf(part) / barMs - 0.01), 1));
  const gapWidth = Math.min(GAP_WIDTH, ALL_GAPS_WIDTH / Math.max(parts.length - 1, 1));
  const barWidth = (1 - gapWidth * (parts.length - 1)) / counts.reduce((sum, count) => sum + count, 0);
  const stretches: Stretch[] = [];
  const gaps: Gap[] = [];
  let x = 0;
  for (const [index, part] of parts.entries()) {
    const [fromMs, before] = [part[0]?.fromMs ?? 0, parts[index - 1]?.at(-1)?.toMs];
    if (before !== undefined) {
      gaps.push({ x, width: gapWidth, fromMs: before, toMs: fromMs });
      x += gapWidth;
    }
    const slots = slotsOf(part, { count: counts[index] ?? 1, barMs, x, barWidth });
    const width = slots.length * barWidth;
    stretches.push({ x, width, slots });
    x += width;
  }
  return { stretches, gaps };
}

interface Slots {
  readonly count: number;
  readonly barMs: number;
  readonly x: number;
  readonly barWidth: number;
}

function slotsOf(part: readonly TimelineBucket[], { count, barMs, x, barWidth }: Slots): readonly (Bar | undefined)[] {
  const startMs = part[0]?.fromMs ?? 0;
  const slots = Array.from({ length: count }, (): TimelineBucket[] => []);
  for (const bucket of part) {
    const middleMs = (bucket.fromMs + bucket.toMs) / 2 - startMs;
    slots[Math.min(Math.floor(middleMs / barMs), count - 1)]?.push(bucket);
  }
  return slots.map((buckets, slot) => {
    return buckets.length === 0 ? undefined : { ...sumOf(buckets), x: x + slot * barWidth, width: barWidth };
  });
}

/** After which buckets comes a pause that is worth folding. */
function longPauses(busy: readonly TimelineBucket[]): ReadonlySet<number> {
  const pauses = busy.slice(1).map(({ fromMs }, index) => ({ index, ms: fromMs - (busy[index]?.toMs ?? fromMs) }));
  let leftMs = durationOf(busy);
  const long = new Set<number>();
  for (const { index, ms } of pauses.sort((a, b) => b.ms - a.ms).slice(0, MAX_GAPS)) {
    if (ms <= leftMs * LONG) break;
    long.add(index);
    leftMs -= ms;
  }
  return long;
}

function partsBetween(
  busy: readonly TimelineBucket[],
  pausesAfter: ReadonlySet<number>,
): readonly (readonly TimelineBucket[])[] {
  const parts: TimelineBucket[][] = [];
  for (const [index, bucket] of busy.entries()) {
    if (index === 0 || pausesAfter.has(index - 1)) parts.push([]);
    parts.at(-1)?.push(bucket);
  }
  return parts;
}

function durationOf(buckets: readonly TimelineBucket[]): number {
  return (buckets.at(-1)?.toMs ?? 0) - (buckets[0]?.fromMs ?? 0);
}

function sumOf(buckets: readonly TimelineBucket[]): TimelineBucket {
  const byAuthor: Record<string, number> = {};
  let [updates, bytes] = [0, 0];
  for (const bucket of buckets) {
    updates += bucket.updates;
    bytes += bucket.bytes;
    for (const [author, count] of Object.entries(bucket.byAuthor)) byAuthor[author] = (byAuthor[author] ?? 0) + count;
  }
  const [first, last] = [buckets[0], buckets.at(-1)];
  return {
    fromMs: first?.fromMs ?? 0,
    toMs: last?.toMs ?? 0,
    firstSequence: first?.firstSequence ?? 0,
    lastSequence: last?.lastSequence ?? 0,
    updates,
    bytes,
    byAuthor,
  };
}
