import * as Y from 'yjs';
import { lookUp, type Slice } from './loaded-state.ts';

/**
 * A stretch of a list that two states of a document answer for as a whole: it is there, or it is not (deleted, or not yet
 * written).
 */
export interface Piece {
  readonly inA: Slice | undefined;
  readonly inB: Slice | undefined;
  /** The item it is part of, in the document whose list was walked. */
  readonly item: Y.Item;
  /** The first and the last clock of it. */
  readonly first: Y.ID;
  readonly last: Y.ID;
  /** Its neighbours in the list, deleted ones too. */
  readonly before: Y.ID | null;
  readonly after: Y.ID | null;
}

/**
 * Walks a list that has everything in it that `a` and `b` ever had: deleted items keep their place. The states have cut
 * their items differently, so what is matched is clocks.
 */
export function* piecesOf(start: Y.Item | null, a: Y.Doc, b: Y.Doc): Generator<Piece> {
  let before: Y.ID | null = null;
  for (let item = start; item !== null; item = item.right) {
    const { client, clock } = item.id;
    for (let from = 0; from < item.length; ) {
      const atA = lookUp(a, client, clock + from);
      const atB = lookUp(b, client, clock + from);
      const length = Math.min(item.length - from, atA.length, atB.length);
      const to = from + length;
      const last: Y.ID = Y.createID(client, clock + to - 1);
      yield {
        inA: cut(atA.alive, length),
        inB: cut(atB.alive, length),
        item,
        first: Y.createID(client, clock + from),
        last,
        before,
        after: to < item.length ? Y.createID(client, clock + to) : (item.right?.id ?? null),
      };
      before = last;
      from = to;
    }
  }
}

function cut(slice: Slice | undefined, length: number): Slice | undefined {
  return slice && { item: slice.item, from: slice.from, to: slice.from + length };
}

/**
 * Whether both states show the same here. They have the same clocks, but where one has cut a surrogate pair in two, Yjs has
 * put replacement characters in the place of the halves.
 */
export function isKept(a: Slice, b: Slice): boolean {
  if (!(a.item.content instanceof Y.ContentString && b.item.content instanceof Y.ContentString)) return true;
  return a.item.content.str.slice(a.from, a.to) === b.item.content.str.slice(b.from, b.to);
}
