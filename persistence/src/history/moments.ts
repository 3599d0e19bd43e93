import type { LogRecord } from '../log-record.ts';
import type { HistoryOutline, HistoryStore, NamedVersion } from './history-store.ts';
import { outlineOf } from './state-at.ts';
import { type LoneState, type Stretch, stretchesOf } from './stretches.ts';

/** Something a document was: the state after one record. */
export interface Moment {
  /** Its number: that of the record. */
  readonly sequence: number;
  /** When the record was received, in milliseconds since the epoch; as far as known, where only the state is kept. */
  readonly timeMs: number;
  /** Who wrote it; where only the state is kept, who wrote what was thinned before it. */
  readonly authors: readonly string[];
  /** Number and bytes of its updates; 0 where only the state is kept. */
  readonly updates: number;
  readonly bytes: number;
  /** Whether the record is kept, or only the state it led to. */
  readonly kind: 'record' | 'state';
  readonly versions: readonly NamedVersion[];
}

/** Which moments to list. */
export interface MomentRange {
  /** Those after this one, the earliest first. @defaultValue from the first */
  readonly after?: number | undefined;
  /** Those before this one (`Infinity`: all); without `after`, the last of them. */
  readonly before?: number | undefined;
  /** At most so many. @defaultValue `100` */
  readonly limit?: number | undefined;
}

export const MOMENTS_DEFAULT_LIMIT = 100;

/**
 * A page of a document's moments, in the order of their numbers.
 *
 * @throws HW_DOCUMENT_UNKNOWN, HW_STORE_CORRUPT
 */
export async function listMoments(
  store: HistoryStore,
  documentName: string,
  { after, before, limit = MOMENTS_DEFAULT_LIMIT }: MomentRange,
): Promise<readonly Moment[]> {
  const outline = await outlineOf(store, documentName);
  const stretches = stretchesOf(outline);
  const last = Math.min((before ?? Number.POSITIVE_INFINITY) - 1, outline.sequence);
  const reader = new MomentReader(store, documentName, outline);
  if (after !== undefined || before === undefined) {
    const page: Moment[] = [];
    for (const stretch of stretches) {
      if (page.length >= limit) break;
      page.push(...(await reader.first(stretch, after ?? 0, last, limit - page.length)));
    }
    return page;
  }
  const pages: (readonly Moment[])[] = [];
  let left = limit;
  for (const stretch of stretches.toReversed()) {
    if (left <= 0) break;
    const page = await reader.last(stretch, last, left);
    pages.unshift(page);
    left -= page.length;
  }
  return pages.flat();
}

class MomentReader {
  readonly #store: HistoryStore;
  readonly #documentName: string;
  readonly #versions = new Map<number, NamedVersion[]>();

  constructor(store: HistoryStore, documentName: string, { versions }: HistoryOutline) {
    this.#store = store;
    this.#documentName = documentName;
    for (const version of versions) {
      const here = this.#versions.get(version.sequence);
      if (here === undefined) this.#versions.set(version.sequence, [version]);
      else here.push(version);
    }
  }

  /** The first moments of a stretch after one, and up to another. */
  async first(stretch: Stretch, after: number, upTo: number, limit: number): Promise<readonly Moment[]> {
    if (stretch.kind === 'state') {
      return stretch.sequence > after && stretch.sequence <= upTo ? [await this.#state(stretch)] : [];
    }
    const moments: Moment[] = [];
    const range = { after: Math.max(after, stretch.after), upTo: Math.min(upTo, stretch.last) };
    if (range.after >= range.upTo) return moments;
    for await (const { records } of this.#store.recordBlocks(this.#documentName, range)) {
      for (const record of records) {
        if (moments.length === limit) return moments;
        moments.push(this.#record(record));
      }
    }
    return moments;
  }

  /** The last moments of a stretch up to one. */
  async last(stretch: Stretch, upTo: number, limit: number): Promise<readonly Moment[]> {
    if (stretch.kind === 'state') return this.first(stretch, 0, upTo, limit);
    const found: (readonly Moment[])[] = [];
    let left = limit;
    let end = Math.min(upTo, stretch.last);
    // Every sequence has a record but where a power cut took some, so one round is nearly always enough.
    while (left > 0 && end > stretch.after) {
      const start = Math.max(stretch.after, end - left);
      const moments = await this.first(stretch, start, end, left);
      found.unshift(moments);
      left -= moments.length;
      end = start;
    }
    return found.flat();
  }

  #record({ sequence, timeMs, entries }: LogRecord): Moment {
    return {
      sequence,
      timeMs,
      authors: [...new Set(entries.map(({ author }) => author))],
      updates: entries.length,
      bytes: entries.reduce((sum, { update }) => sum + update.byteLength, 0),
      kind: 'record',
      versions: this.#versions.get(sequence) ?? [],
    };
  }

  async #state({ sequence, keyFrame }: LoneState): Promise<Moment> {
    const versions = this.#versions.get(sequence) ?? [];
    const { timeMs, authors } = keyFrame ??
      (await this.#store.keyFrame(this.#documentName, sequence)) ?? { timeMs: 0, authors: [] };
    return { sequence, timeMs, authors, updates: 0, bytes: 0, kind: 'state', versions };
  }
}
