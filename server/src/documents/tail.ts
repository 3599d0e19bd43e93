import type { Framing } from '../wire/framing.ts';
import { frameUpdates } from '../wire/framing.ts';

/** Updates that were stored and shown together. */
export interface TailBatch {
  /** The log record that holds it; `undefined` while the store has not confirmed it. */
  sequence: number | undefined;
  readonly updates: readonly Uint8Array[];
  /** Who sent each of them. */
  readonly authors: readonly string[];
  /** Per client the end clock of the structs in it. */
  readonly ends: ReadonlyMap<number, number>;
  readonly deletes: boolean;
  readonly byteLength: number;
  /** The updates as finished frames, by framing. */
  readonly frames: Map<Framing, Buffer>;
}

/** What a batch costs beside its bytes, in memory here and to whoever applies it: keystrokes are many, not large. */
const COST_PER_UPDATE_BYTES = 32;

/** The frames of a batch, made once per framing. */
export function framesOf(batch: TailBatch, framing: Framing): Buffer {
  let frames = batch.frames.get(framing);
  if (frames === undefined) {
    frames = frameUpdates(framing, batch.updates).buffer;
    batch.frames.set(framing, frames);
  }
  return frames;
}

/**
 * The shown updates that no snapshot contains yet. A *position* counts batches since the document was opened, so it
 * stays meaningful when a compaction removes the oldest ones.
 */
export class Tail {
  #batches: TailBatch[] = [];
  #start = 0;
  #cost = 0;
  #updateCount = 0;

  /** Position of the oldest batch that is still here. */
  get start(): number {
    return this.#start;
  }

  /** Position the next batch will get. */
  get end(): number {
    return this.#start + this.#batches.length;
  }

  /** Bytes, plus a fixed amount for each update. */
  get cost(): number {
    return this.#cost;
  }

  get updateCount(): number {
    return this.#updateCount;
  }

  push(batch: TailBatch): void {
    this.#batches.push(batch);
    this.#cost += costOf(batch);
    this.#updateCount += batch.updates.length;
  }

  /** The batches from a position on. */
  since(position: number): readonly TailBatch[] {
    return position <= this.#start ? this.#batches : this.#batches.slice(position - this.#start);
  }

  /** The oldest batches whose log records are known: what a compaction may take up. */
  sequenced(): readonly TailBatch[] {
    const firstUnknown = this.#batches.findIndex((batch) => batch.sequence === undefined);
    return firstUnknown === -1 ? this.#batches : this.#batches.slice(0, firstUnknown);
  }

  /** Forgets the oldest `count` batches. */
  trim(count: number): void {
    for (const batch of this.#batches.splice(0, count)) {
      this.#cost -= costOf(batch);
      this.#updateCount -= batch.updates.length;
    }
    this.#start += count;
  }
}

function costOf(batch: TailBatch): number {
  return batch.byteLength + batch.updates.length * COST_PER_UPDATE_BYTES;
}
