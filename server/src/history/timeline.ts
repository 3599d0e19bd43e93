import type { Timeline, TimelineBucket } from '@headwater/client/history';
import type { DocumentStore, HistoryOutline, LogRecord } from '@headwater/persistence';
import { HeadwaterError } from '@headwater/protocol';

/**
 * Reads every record that is kept, one block at a time.
 *
 * @throws HW_DOCUMENT_UNKNOWN, HW_STORE_CORRUPT
 */
export async function timelineOf(store: DocumentStore, documentName: string, count: number): Promise<Timeline> {
  const [outline, info] = await Promise.all([store.history(documentName), store.info(documentName)]);
  if (outline === undefined || info === undefined) {
    throw new HeadwaterError('HW_DOCUMENT_UNKNOWN', `there is no document ${JSON.stringify(documentName)}`);
  }
  const states = await statesOf(store, documentName, outline);
  const earliest = [outline.spans[0]?.firstMs, states[0]?.timeMs].filter((timeMs) => timeMs !== undefined);
  const fromMs = earliest.length === 0 ? info.createdMs : Math.min(...earliest);
  const tally = new Tally(fromMs, Math.max(fromMs, info.updatedMs), count);
  let at = 0;
  /** Of what was thinned states are left. */
  const addStatesUpTo = (end: number): void => {
    for (const state of states) if (state.sequence > at && state.sequence <= end) tally.addMoment(state);
  };
  for await (const { after, last, records } of store.recordBlocks(documentName, { after: 0, upTo: outline.sequence })) {
    addStatesUpTo(after);
    for (const record of records) tally.addRecord(record);
    at = last;
  }
  addStatesUpTo(outline.sequence);
  return { ...tally.finish(outline.sequence), versions: outline.versions };
}

interface State {
  readonly sequence: number;
  readonly timeMs: number;
}

/** Key frames, and the snapshot where its record is not kept; oldest first. */
async function statesOf(store: DocumentStore, documentName: string, outline: HistoryOutline): Promise<State[]> {
  const { spans, keyFrames, snapshotSequence } = outline;
  const states: State[] = [...keyFrames];
  const isCovered = snapshotSequence <= Math.max(spans.at(-1)?.last ?? 0, keyFrames.at(-1)?.sequence ?? 0);
  const snapshot = isCovered ? undefined : await store.keyFrame(documentName, snapshotSequence);
  if (snapshot !== undefined) states.push(snapshot);
  return states;
}

interface OpenBucket {
  first: number;
  last: number;
  updates: number;
  bytes: number;
  readonly byAuthor: Map<string, number>;
}

/** Puts moments into stretches of time. */
class Tally {
  readonly #fromMs: number;
  readonly #toMs: number;
  readonly #widthMs: number;
  readonly #buckets: (OpenBucket | undefined)[];
  #first = 0;

  constructor(fromMs: number, toMs: number, count: number) {
    this.#fromMs = fromMs;
    this.#toMs = toMs;
    this.#widthMs = Math.max(1, toMs - fromMs) / count;
    this.#buckets = Array.from({ length: count });
  }

  addMoment({ sequence, timeMs }: State): OpenBucket {
    if (this.#first === 0) this.#first = sequence;
    // A clock that was set back must not put a moment before the first, nor behind the last.
    const index = Math.min(Math.max(0, Math.floor((timeMs - this.#fromMs) / this.#widthMs)), this.#buckets.length - 1);
    const bucket = (this.#buckets[index] ??= { first: sequence, last: 0, updates: 0, bytes: 0, byAuthor: new Map() });
    bucket.last = sequence;
    return bucket;
  }

  addRecord(record: LogRecord): void {
    const bucket = this.addMoment(record);
    for (const { update, author } of record.entries) {
      bucket.updates += 1;
      bucket.bytes += update.byteLength;
      bucket.byAuthor.set(author, (bucket.byAuthor.get(author) ?? 0) + 1);
    }
  }

  finish(lastSequence: number): Omit<Timeline, 'versions'> {
    let before = 0;
    const buckets = this.#buckets.map((bucket, index): TimelineBucket => {
      const { first, last, updates, bytes, byAuthor } = bucket ?? { ...NOTHING, first: before, last: before };
      before = last;
      return {
        fromMs: Math.round(this.#fromMs + index * this.#widthMs),
        toMs: Math.round(this.#fromMs + (index + 1) * this.#widthMs),
        firstSequence: first,
        lastSequence: last,
        updates,
        bytes,
        byAuthor: Object.fromEntries(byAuthor),
      };
    });
    return { fromMs: this.#fromMs, toMs: this.#toMs, firstSequence: this.#first, lastSequence, buckets };
  }
}

const NOTHING = { updates: 0, bytes: 0, byAuthor: new Map<string, number>() } as const;
