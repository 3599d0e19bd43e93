import { deleteSetOf, joinUpdates, updateOfDeleteSet } from '@headwater/protocol';
import type { Framing } from '../wire/framing.ts';
import { frameUpdates } from '../wire/framing.ts';

/** Updates that were stored and shown together, or several such batches folded into one update. */
export interface TailBatch {
  /** The last log record in it; `undefined` while the store has not confirmed it. */
  sequence: number | undefined;
  readonly updates: readonly Uint8Array[];
  /** How many updates were received for it. */
  readonly receivedCount: number;
  /** Per client the end clock of the structs in it. */
  readonly ends: ReadonlyMap<number, number>;
  readonly deletes: boolean;
  /** Bytes of its frames. */
  readonly byteLength: number;
  /** The updates as finished frames, by framing. */
  readonly frames: Map<Framing, Buffer>;
  /** Of a folded batch: its deletions alone, by framing, made when somebody needs them. */
  readonly deletionFrames: Map<Framing, Buffer> | undefined;
}

/** This many updates are folded into one. */
const FOLD_UPDATES = 256;
/** A folded batch takes up later ones until it has grown to this. */
const FOLD_INTO_BYTES = 64 * 1024;
/** Batches that are larger together stay apart: joining them would hold up the event loop, and they are few. */
const FOLD_MAX_BYTES = 256 * 1024;

/** The frames of a batch, made once per framing. */
export function framesOf(batch: TailBatch, framing: Framing): Buffer {
  return made(batch.frames, framing, () => batch.updates);
}

/** The frames for whoever has the structs of a batch, but may lack its deletions. */
export function deletionFramesOf(batch: TailBatch, framing: Framing): Buffer {
  if (batch.deletionFrames === undefined) return framesOf(batch, framing); // too small to be worth it
  return made(batch.deletionFrames, framing, () =>
    batch.updates.map((update) => updateOfDeleteSet(deleteSetOf(update))),
  );
}

function made(frames: Map<Framing, Buffer>, framing: Framing, updates: () => readonly Uint8Array[]): Buffer {
  let buffer = frames.get(framing);
  if (buffer === undefined) {
    ({ buffer } = frameUpdates(framing, updates()));
    if (framing.isShared) frames.set(framing, buffer);
  }
  return buffer;
}

/** A batch and the position behind it; its own begins where the one before it ends. */
interface Placed {
  readonly batch: TailBatch;
  readonly end: number;
}

/**
 * The shown updates that no snapshot contains yet. A *position* counts batches since the document was opened.
 *
 * Updates come one by one, and whoever joins would have to be sent, and would have to apply, each of them. So from time to
 * time the latest are folded into one update. Positions stay what they were: one that comes to lie inside a folded batch
 * stands for its beginning, and whoever stands there gets a little twice.
 */
export class Tail {
  readonly #placed: Placed[] = [];
  #start = 0;
  #byteLength = 0;
  #updateCount = 0;
  /** The oldest batches that are folded, or are to stay as they are; the newest of them may still take up others. */
  #foldedCount = 0;
  /** The oldest batches, which a compaction has taken and will trim. */
  #takenCount = 0;
  #looseUpdates = 0;
  readonly #foldUpdates: number;

  /** `foldUpdates`: how many updates are folded into one. */
  constructor(foldUpdates = FOLD_UPDATES) {
    this.#foldUpdates = foldUpdates;
  }

  /** Position of the oldest batch that is still here. */
  get start(): number {
    return this.#start;
  }

  /** Position the next batch will get. */
  get end(): number {
    return this.#placed.at(-1)?.end ?? this.#start;
  }

  /** Bytes of its frames. */
  get byteLength(): number {
    return this.#byteLength;
  }

  /** Updates received since the snapshot. */
  get updateCount(): number {
    return this.#updateCount;
  }

  push(batch: TailBatch): void {
    this.#placed.push({ batch, end: this.end + 1 });
    this.#byteLength += batch.byteLength;
    this.#updateCount += batch.receivedCount;
    this.#looseUpdates += batch.updates.length;
    if (this.#looseUpdates >= this.#foldUpdates) this.#fold();
  }

  /** The batches that hold what came from a position on. */
  since(position: number): TailBatch[] {
    return this.#placed.filter(({ end }) => end > position).map(({ batch }) => batch);
  }

  /** The batches that hold nothing but what came before a position. */
  before(position: number): TailBatch[] {
    return this.#placed.filter(({ end }) => end <= position).map(({ batch }) => batch);
  }

  /**
   * The oldest batches, as far as their log records are known, for a compaction, and the position to {@link trim} to; or all of
   * them.
   */
  take(all = false): { readonly batches: readonly TailBatch[]; readonly end: number } {
    this.#takenCount = all ? this.#placed.length : this.#confirmedCount();
    this.#setFolded(Math.max(this.#foldedCount, this.#takenCount));
    const taken = this.#placed.slice(0, this.#takenCount);
    return { batches: taken.map(({ batch }) => batch), end: taken.at(-1)?.end ?? this.#start };
  }

  /** Forgets the batches before a position. */
  trim(end: number): void {
    const kept = this.#placed.findIndex((placed) => placed.end > end);
    const removed = this.#placed.splice(0, kept === -1 ? this.#placed.length : kept);
    for (const { batch } of removed) {
      this.#byteLength -= batch.byteLength;
      this.#updateCount -= batch.receivedCount;
    }
    this.#start = removed.at(-1)?.end ?? this.#start;
    this.#takenCount = 0;
    this.#setFolded(Math.max(0, this.#foldedCount - removed.length));
  }

  #fold(): void {
    const to = this.#confirmedCount();
    if (to <= this.#foldedCount) return;
    const newest = this.#foldedCount > this.#takenCount ? this.#placed[this.#foldedCount - 1]?.batch : undefined;
    const goesOn = newest?.deletionFrames !== undefined && newest.byteLength < FOLD_INTO_BYTES;
    const from = goesOn ? this.#foldedCount - 1 : this.#foldedCount;

    const run = this.#placed.slice(from, to).map(({ batch }) => batch);
    const end = this.#placed[to - 1]?.end ?? this.#start;
    const folded = foldBatches(run);
    if (folded === undefined) return this.#setFolded(to);
    this.#placed.splice(from, run.length, { batch: folded, end });
    this.#byteLength += folded.byteLength - sumOf(run, 'byteLength');
    this.#setFolded(from + 1);
  }

  /** Batches up to the first one without a log record: that one could not be compacted along with the others. */
  #confirmedCount(): number {
    const firstUnknown = this.#placed.findIndex(({ batch }) => batch.sequence === undefined);
    return firstUnknown === -1 ? this.#placed.length : firstUnknown;
  }

  #setFolded(count: number): void {
    this.#foldedCount = count;
    this.#looseUpdates = this.#placed.slice(count).reduce((sum, { batch }) => sum + batch.updates.length, 0);
  }
}

/** Several batches as one; `undefined` when they are better left apart. */
function foldBatches(batches: readonly TailBatch[]): TailBatch | undefined {
  const [framing] = batches[0]?.frames.keys() ?? [];
  if (framing === undefined || sumOf(batches, 'byteLength') > FOLD_MAX_BYTES) return undefined;
  const joined = joinUpdates(batches.flatMap(({ updates }) => updates));
  if (joined === undefined) return undefined;

  const { buffer, views } = frameUpdates(framing, [joined]);
  const ends = new Map<number, number>();
  for (const batch of batches) for (const [client, end] of batch.ends) ends.set(client, end);
  return {
    sequence: batches.at(-1)?.sequence,
    updates: views,
    receivedCount: sumOf(batches, 'receivedCount'),
    ends,
    deletes: batches.some(({ deletes }) => deletes),
    byteLength: buffer.length,
    frames: new Map([[framing, buffer]]),
    deletionFrames: new Map(),
  };
}

function sumOf(batches: readonly TailBatch[], what: 'byteLength' | 'receivedCount'): number {
  return batches.reduce((sum, batch) => sum + batch[what], 0);
}
