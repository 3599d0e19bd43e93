import type { Snapshot } from '@headwater/persistence';
import { covers, decodeStateVector, updateOfDeleteSet } from '@headwater/protocol';
import { type Framing, frameMessage } from '../wire/framing.ts';
import type { TailBatch } from './tail.ts';

/**
 * What a client lacks of a snapshot, decided from its state vector alone.
 *
 * - `everything`: it shares nothing with it, the snapshot goes out as it lies
 * - `deletions`: it has every struct; whether it knows every deletion no state vector can say, so those are sent, unless its
 *   own SyncStep2 says it
 * - `diff`: somewhere in between, which takes reading the snapshot
 */
export type SnapshotAnswer = 'nothing' | 'everything' | 'deletions' | 'diff';

/** A delete set from this length on is worth waiting for the client's own: most of them have every deletion. */
const MIN_WITHHELD_BYTES = 4 * 1024;

/** A snapshot and what is asked of it at every join, decoded once. */
export class LoadedSnapshot {
  readonly stored: Snapshot;
  readonly #clocks: ReadonlyMap<number, number>;
  readonly #deletionFrames = new Map<Framing, readonly Uint8Array[]>();

  constructor(stored: Snapshot) {
    this.stored = stored;
    this.#clocks = decodeStateVector(stored.stateVector, Number.POSITIVE_INFINITY);
  }

  get clocks(): ReadonlyMap<number, number> {
    return this.#clocks;
  }

  /** The deletions as a finished update message, made once per framing. */
  deletionFrames(framing: Framing): readonly Uint8Array[] {
    let frames = this.#deletionFrames.get(framing);
    if (frames === undefined) {
      const isEmpty = this.stored.deleteSet.length === 1;
      frames = isEmpty ? [] : frameMessage(framing, 'update', updateOfDeleteSet(this.stored.deleteSet));
      if (framing.isShared) this.#deletionFrames.set(framing, frames);
    }
    return frames;
  }

  /** Whether its deletions cost so much that a client is asked first whether it has them. */
  get hasManyDeletions(): boolean {
    return this.stored.deleteSet.length >= MIN_WITHHELD_BYTES;
  }

  answerFor(stateVector: ReadonlyMap<number, number>): SnapshotAnswer {
    let isShared = false;
    for (const client of this.#clocks.keys()) {
      if ((stateVector.get(client) ?? 0) > 0) {
        isShared = true;
        break;
      }
    }
    if (!isShared) return 'everything';
    return covers(stateVector, this.#clocks) ? 'deletions' : 'diff';
  }
}

/** The state vector of whoever has `base` and then got these batches. */
export function advance(
  base: ReadonlyMap<number, number> | undefined,
  batches: Iterable<TailBatch>,
): Map<number, number> {
  const clocks = new Map(base);
  for (const batch of batches) {
    for (const [client, end] of batch.ends) {
      if ((clocks.get(client) ?? 0) < end) clocks.set(client, end);
    }
  }
  return clocks;
}
