import * as Y from 'yjs';
import { ForwardEdit } from './forward-edit.ts';
import { Gap } from './gap.ts';
import { hasSeen, loadState } from './loaded-state.ts';
import { isKept, piecesOf } from './pieces.ts';
import { restoredFormats } from './restored-formats.ts';
import type { SharedType } from './root-kinds.ts';
import { aliveUnder, isSameContent, wholeOf } from './units.ts';

/** A type that is in both states. A root type of which the target has nothing yet is in the current state only. */
interface TypePair {
  readonly current: SharedType;
  readonly target: SharedType | undefined;
}

/**
 * Makes the edit that brings a document back to an earlier state, as a user would: what was added since is deleted, what was
 * deleted since is inserted again where it was, and what is in both stays untouched. It is an update like any other, so
 * edits made meanwhile stay, except in types that this deletes. Formats that change nothing are not brought back.
 *
 * What is to stay is known by the ids of its items, not by comparing texts. Only where something was deleted *and* something
 * inserted, what is the same on both sides stays too; so restoring a second time is an empty update.
 *
 * The same two states give the same bytes, under the same new client id: when two restore at once, it happens once.
 *
 * @param current - The encoded state (update v1) the document has.
 * @param target - An encoded state it had before.
 * @throws RangeError when `target` has edits that `current` lacks
 * @example
 * ```ts
 * Y.applyUpdate(doc, restoringUpdate(Y.encodeStateAsUpdate(doc), earlier));
 * ```
 */
export function restoringUpdate(current: Uint8Array, target: Uint8Array): Uint8Array {
  const from = loadState(current);
  const to = loadState(target);
  if (!hasSeen(from, to)) throw new RangeError('the state to restore has edits that the current state lacks');
  const edit = new ForwardEdit();
  const names = [...from.share.keys()].toSorted();
  const pairs = names.map((name) => ({ current: from.share.get(name) as SharedType, target: to.share.get(name) }));
  // a list that grows while it is walked: types in types, without recursion
  for (const pair of pairs) {
    const keep = (now: Y.Item, then: Y.Item): void => {
      if (now.content instanceof Y.ContentType && then.content instanceof Y.ContentType) {
        pairs.push({ current: now.content.type, target: then.content.type });
      }
    };
    restoreList(pair, from, to, edit, keep);
    restoreKeys(pair, edit, keep);
  }
  return edit.encode(from.store.clients);
}

/** Is told what is in both states. */
type Keep = (now: Y.Item, then: Y.Item) => void;

function restoreList({ current, target }: TypePair, from: Y.Doc, to: Y.Doc, edit: ForwardEdit, keep: Keep): void {
  const { unneeded, doomed } = restoredFormats(current, target, from);
  const gap = new Gap(edit);
  for (const piece of piecesOf(current._start, from, to)) {
    let now = piece.inA;
    let then = piece.inB;
    if (then !== undefined && unneeded.has(then.item)) then = undefined;
    if (now !== undefined && doomed.has(now.item)) {
      edit.delete(now);
      now = undefined;
    }
    if (now !== undefined && then !== undefined && isKept(now, then)) {
      gap.close();
      keep(now.item, then.item);
    } else if (now !== undefined || then !== undefined) {
      gap.add(piece, now, then);
    }
  }
  gap.close();
}

function restoreKeys({ current, target }: TypePair, edit: ForwardEdit, keep: Keep): void {
  for (const [key, newest] of [...current._map].toSorted(([a], [b]) => (a < b ? -1 : 1))) {
    const now = aliveUnder(current, key);
    const then = aliveUnder(target, key);
    if (now !== undefined && then !== undefined && Y.compareIDs(now.id, then.id)) {
      keep(now, then);
    } else if (now === undefined || then === undefined || !isSameContent(now, then)) {
      if (now !== undefined) edit.delete(wholeOf(now));
      if (then !== undefined) edit.insert({ left: newest.lastId, right: null, key }, [wholeOf(then)]);
    }
  }
}
