import { blameText, type TextBlame } from '../content/blame-text.ts';
import { type DocumentDiff, diffStates } from '../content/diff-states.ts';
import { restoringUpdate } from '../content/restoring-update.ts';
import { encodedStateOf } from './historic-state.ts';
import type { AttributedRange } from './history-store.ts';

/** Updates that make a state when they are applied in this order. */
export type StateUpdates = readonly Uint8Array[];

/** What takes long on a large document. A server hands in what works in threads. */
export interface HistoryComputations {
  /** See {@link diffStates}. */
  diff(from: StateUpdates, to: StateUpdates): Promise<DocumentDiff>;
  /** See {@link blameText}. */
  blame(state: StateUpdates, attribution: readonly AttributedRange[]): Promise<readonly TextBlame[]>;
  /** See {@link restoringUpdate}. */
  restoringUpdate(current: StateUpdates, target: StateUpdates): Promise<Uint8Array>;
}

/** Here and now. */
export const computeHere: HistoryComputations = {
  diff: async (from, to) => diffStates(encodedStateOf(from), encodedStateOf(to)),
  blame: async (state, attribution) => blameText(encodedStateOf(state), attribution),
  restoringUpdate: async (current, target) => restoringUpdate(encodedStateOf(current), encodedStateOf(target)),
};
