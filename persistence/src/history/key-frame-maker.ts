import { HeadwaterError } from '@headwater/protocol';
import { encodedStateOf } from './historic-state.ts';
import type { HistoryStore, KeyFrame } from './history-store.ts';
import { partsFrom, partsOfState, type StateParts } from './state-at.ts';

/**
 * Makes one state of updates that follow each other, the first of which is a state already: through a `Y.Doc`, with garbage
 * collection. What does not integrate is left out; throws when what comes out does not load, as records may go for it.
 */
export type MakeState = (updates: readonly Uint8Array[]) => Promise<Uint8Array>;

/** Here and now. A server hands in one that works in a thread. */
export const makeStateHere: MakeState = async (updates) => encodedStateOf(updates);

/**
 * The states of a document at several moments, in order, each from the one before or from the key frame next to it. Moments
 * that nothing leads to any more are left out.
 *
 * @throws HW_STORE_CORRUPT
 */
export async function* makeKeyFrames(
  store: HistoryStore,
  makeState: MakeState,
  documentName: string,
  moments: readonly number[],
): AsyncGenerator<KeyFrame, void, undefined> {
  const outline = await store.history(documentName);
  const states = outline?.keyFrames.map(({ sequence }) => sequence) ?? [];
  let before: KeyFrame | undefined;
  for (const moment of moments) {
    const isNearest = before !== undefined && !states.some((at) => at > (before?.sequence ?? 0) && at <= moment);
    const parts =
      (isNearest && before !== undefined ? await partsFrom(store, documentName, before, moment) : undefined) ??
      (await partsIfKnown(store, documentName, moment));
    if (parts === undefined) continue;
    const { timeMs = 0, updates } = parts;
    const update = await makeState(updates);
    before = { sequence: moment, timeMs, authors: [], update };
    yield before;
  }
}

async function partsIfKnown(
  store: HistoryStore,
  documentName: string,
  moment: number,
): Promise<StateParts | undefined> {
  try {
    return await partsOfState(store, documentName, moment);
  } catch (error) {
    if (error instanceof HeadwaterError && error.code === 'HW_MOMENT_UNKNOWN') return undefined;
    throw error;
  }
}
