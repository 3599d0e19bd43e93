import { clockRangesOf } from '@headwater/protocol';
import type { LogRecord } from '../log-record.ts';
import type { AttributedRange } from './history-store.ts';

/** What one author wrote within this many milliseconds is one range, once its records are thinned. */
const RESOLUTION_MS = 60_000;

/** Who brought which clocks, record by record. */
export function* attributedRanges(records: Iterable<LogRecord>): Generator<AttributedRange> {
  for (const { timeMs, entries } of records) {
    for (const { update, author } of entries) yield* rangesOf(update, author, timeMs);
  }
}

function* rangesOf(update: Uint8Array, author: string, timeMs: number): Generator<AttributedRange> {
  try {
    for (const range of clockRangesOf(update)) yield { ...range, author, timeMs };
  } catch {
    // An update that does not decode brought nothing.
  }
}

/**
 * Gathers ranges into few: what continues a range of the same client and author, within a minute of its beginning, becomes
 * part of it. Typing takes a few bytes for each minute then, instead of a dozen for each keystroke.
 */
export class AttributionGatherer {
  readonly #ranges: { client: number; clock: number; length: number; author: string; timeMs: number }[] = [];
  /** The last range of each client. */
  readonly #last = new Map<number, number>();

  add(range: AttributedRange): void {
    const index = this.#last.get(range.client) ?? -1;
    const last = this.#ranges[index];
    const continues =
      last !== undefined &&
      last.author === range.author &&
      last.clock + last.length === range.clock &&
      Math.abs(range.timeMs - last.timeMs) < RESOLUTION_MS;
    if (continues) last.length += range.length;
    else {
      this.#last.set(range.client, this.#ranges.length);
      this.#ranges.push({ ...range });
    }
  }

  /** In the order in which they began. */
  get ranges(): readonly AttributedRange[] {
    return this.#ranges;
  }
}
