import type { StateUpdates } from '@headwater/persistence';

/** Updates one behind the other: a thread is handed one buffer, instead of a copy of whatever each of them is a view of. */
export interface PackedUpdates {
  readonly bytes: Uint8Array<ArrayBuffer>;
  /** Where each of them ends. */
  readonly ends: Uint32Array<ArrayBuffer>;
}

export function packUpdates(updates: StateUpdates): PackedUpdates {
  const bytes = new Uint8Array(updates.reduce((sum, update) => sum + update.length, 0));
  const ends = new Uint32Array(updates.length);
  let end = 0;
  for (const [index, update] of updates.entries()) {
    bytes.set(update, end);
    end += update.length;
    ends[index] = end;
  }
  return { bytes, ends };
}

export function unpackUpdates({ bytes, ends }: PackedUpdates): Uint8Array[] {
  return Array.from(ends, (end, index) => bytes.subarray(index === 0 ? 0 : ends[index - 1], end));
}

/** What may be handed over with them. */
export function buffersOf(...packed: readonly PackedUpdates[]): ArrayBuffer[] {
  return packed.flatMap(({ bytes, ends }) => [bytes.buffer, ends.buffer]);
}
