import { blameText, contentOf, diffStates, encodedStateOf, restoringUpdate, toJson } from '@headwater/persistence';
import { type ErrorCode, HeadwaterError } from '@headwater/protocol';
import { giveWay } from './give-way.ts';
import { type PackedAttribution, unpackAttribution } from './packed-attribution.ts';
import { type PackedUpdates, unpackUpdates } from './packed-updates.ts';

giveWay();

// Entry of a thread for the history: the named exports are the tasks.

/** What a task comes to. An error of ours would arrive without its code, were it thrown. */
export type Outcome<T> =
  | { readonly value: T }
  | { readonly failure: { readonly code: ErrorCode; readonly message: string } };

function attempt<T>(work: () => T): Outcome<T> {
  try {
    return { value: work() };
  } catch (error) {
    if (!(error instanceof HeadwaterError)) throw error;
    return { failure: { code: error.code, message: error.message } };
  }
}

const stateOf = (updates: PackedUpdates): Uint8Array => encodedStateOf(unpackUpdates(updates));

export function state(updates: PackedUpdates): Outcome<Uint8Array> {
  return attempt(() => stateOf(updates));
}

/** As JSON: values that Yjs keeps and threads cannot hand over are text in it. */
export function content(updates: PackedUpdates): Outcome<string> {
  return attempt(() => toJson(contentOf(stateOf(updates))));
}

export function diff({ from, to }: { readonly from: PackedUpdates; readonly to: PackedUpdates }): Outcome<string> {
  return attempt(() => JSON.stringify(diffStates(stateOf(from), stateOf(to))));
}

export function blame(input: {
  readonly updates: PackedUpdates;
  readonly attribution: PackedAttribution;
}): Outcome<string> {
  return attempt(() => JSON.stringify(blameText(stateOf(input.updates), unpackAttribution(input.attribution))));
}

export function restore(input: {
  readonly current: PackedUpdates;
  readonly target: PackedUpdates;
}): Outcome<Uint8Array> {
  return attempt(() => restoringUpdate(stateOf(input.current), stateOf(input.target)));
}
