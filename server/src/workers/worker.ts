import { decodeStateVector, diffUpdate } from '@headwater/protocol';
import { move, transferableSymbol, valueSymbol } from 'piscina';
import { type CompactionInput, compact } from './document-tasks.ts';
import { giveWay } from './give-way.ts';

giveWay();

// Entry of a pool thread: the named exports are the tasks.

/** Has the pool hand over the bytes to the main thread instead of copying them. */
function moved(value: unknown, arrays: readonly Uint8Array[]): unknown {
  return move({
    [transferableSymbol]: [...new Set(arrays.map((array) => array.buffer))],
    [valueSymbol]: value,
  } as never);
}

export function compaction(input: CompactionInput): unknown {
  const output = compact(input);
  const refused = output.refused.map(({ update }) => update);
  return moved(output, [output.update, output.stateVector, output.deleteSet, ...refused]);
}

export function diff({ update, stateVector }: { update: Uint8Array; stateVector: Uint8Array }): unknown {
  const missing = diffUpdate(update, decodeStateVector(stateVector));
  return moved(missing, [missing]);
}
