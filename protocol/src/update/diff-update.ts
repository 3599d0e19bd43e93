import { composeUpdate, type Run } from './compose.ts';
import { scanUpdate } from './scan-update.ts';
import type { Section } from './section.ts';

/**
 * What somebody with this state vector lacks of an update: the structs, as slices of its bytes, and the whole delete set
 * (a state vector does not tell what deletions its owner knows).
 *
 * @throws HeadwaterError `HW_UPDATE_MALFORMED`
 */
export function diffUpdate(update: Uint8Array, stateVector: ReadonlyMap<number, number>): Uint8Array {
  const { sections, deleteSetAt } = scanUpdate(update, stateVector);
  return composeUpdate(update, sections.flatMap(missingRun), update.subarray(deleteSetAt));
}

function missingRun({ clientId, first, count, bodyEnd, knownClock }: Section): Run[] {
  if (first === undefined) return [];
  return [{ clientId, clock: first.clock, count: count - first.index, at: first.at, end: bodyEnd, from: knownClock }];
}

/**
 * @returns The encoded delete set of an update, a view into it.
 * @throws HeadwaterError `HW_UPDATE_MALFORMED`
 */
export function deleteSetOf(update: Uint8Array): Uint8Array {
  return update.subarray(scanUpdate(update, new Map()).deleteSetAt);
}
