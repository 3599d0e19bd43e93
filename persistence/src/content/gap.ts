import * as Y from 'yjs';
import { commonEnds, isHighSurrogate } from './common-ends.ts';
import { canJoin, type ForwardEdit } from './forward-edit.ts';
import type { Slice } from './loaded-state.ts';
import type { Piece } from './pieces.ts';
import { isSameUnit, unitsOf } from './units.ts';

/** A piece that is to go, or to come back. */
interface Part {
  readonly piece: Piece;
  slice: Slice;
  /** Its number in the list, counted from the beginning of the gap. */
  readonly order: number;
  /** How many pieces that are in the document now lie before it in the gap. */
  readonly stretch: number;
}

/** Where to insert, between whom. Parts of one stretch may become one item. */
interface Spot {
  readonly left: Y.ID | null;
  readonly right: Y.ID | null;
  readonly stretch: number;
}

/** A unit of a removed part that stays because it is what would come back in its place. */
interface Anchor {
  readonly spot: Spot;
  readonly order: number;
}

const AFTER_PREFIX = -1;
const BEFORE_SUFFIX = -2;

/**
 * What lies between two items of a list that stay. Some of it is to go, some to come back; what is the same at both ends is
 * left as it is, so that a document that has been restored is not restored again.
 */
export class Gap {
  readonly #edit: ForwardEdit;
  #removed: Part[] = [];
  #revived: Part[] = [];
  #order = 0;

  constructor(edit: ForwardEdit) {
    this.#edit = edit;
  }

  /** The piece of the list that comes next. At least one of both is given. */
  add(piece: Piece, removed: Slice | undefined, revived: Slice | undefined): void {
    const order = this.#order++;
    if (removed !== undefined) this.#removed.push({ piece, slice: removed, order, stretch: this.#removed.length });
    if (revived !== undefined) this.#revive({ piece, slice: revived, order, stretch: this.#removed.length });
  }

  #revive(part: Part): void {
    const previous = this.#revived.at(-1);
    if (previous !== undefined && cutsSurrogatePair(previous.slice, part.slice)) {
      previous.slice = { ...previous.slice, to: previous.slice.to + 1 };
      part.slice = { ...part.slice, from: part.slice.from + 1 };
    }
    if (part.slice.from < part.slice.to) this.#revived.push(part);
  }

  /** An item that stays, or the end of the list. */
  close(): void {
    if (this.#order === 0) return;
    const removed = this.#removed;
    const revived = this.#revived;
    const { prefix, suffix } = sharedEnds(removed, revived);
    const low = prefix > 0 ? afterUnit(removed, prefix - 1) : undefined;
    const high = suffix > 0 ? beforeUnit(removed, lengthOf(removed) - suffix) : undefined;
    for (const part of middleOf(removed, prefix, suffix)) this.#edit.delete(part.slice);
    this.#insertAll(middleOf(revived, prefix, suffix), low, high);
    this.#removed = [];
    this.#revived = [];
    this.#order = 0;
  }

  #insertAll(parts: Iterable<Part>, low: Anchor | undefined, high: Anchor | undefined): void {
    let run: { spot: Spot; slices: Slice[] } | undefined;
    let last: { spot: Spot; id: Y.ID } | undefined;
    const flush = (): void => {
      if (run === undefined) return;
      const { spot, slices } = run;
      // several at one place: each after the one before
      const left = last !== undefined && Y.compareIDs(last.spot.left, spot.left) ? last.id : spot.left;
      last = { spot, id: this.#edit.insert({ left, right: spot.right }, slices) };
    };
    for (const part of parts) {
      const spot = spotOf(part, low, high);
      const previous = run?.slices.at(-1);
      if (run?.spot.stretch === spot.stretch && previous !== undefined && canJoin(previous, part.slice)) {
        run.slices.push(part.slice);
        continue;
      }
      flush();
      run = { spot, slices: [part.slice] };
    }
    flush();
  }
}

function sharedEnds(removed: readonly Part[], revived: readonly Part[]): { prefix: number; suffix: number } {
  if (removed.length === 0 || revived.length === 0) return { prefix: 0, suffix: 0 };
  const slicesOf = (parts: readonly Part[]): Slice[] => parts.map(({ slice }) => slice);
  return commonEnds(unitsOf(slicesOf(removed)), unitsOf(slicesOf(revived)), isSameUnit, (unit) => unit);
}

/** Next to where it was, but not beyond what stays. */
function spotOf({ piece, order, stretch }: Part, low: Anchor | undefined, high: Anchor | undefined): Spot {
  if (high !== undefined && order >= high.order) return high.spot;
  if (low !== undefined && order < low.order) return low.spot;
  return { left: piece.last, right: piece.after, stretch };
}

function afterUnit(parts: readonly Part[], index: number): Anchor {
  const { part, id, isLast } = unitAt(parts, index);
  const right = isLast ? part.piece.after : { client: id.client, clock: id.clock + 1 };
  return { order: part.order, spot: { left: id, right, stretch: AFTER_PREFIX } };
}

function beforeUnit(parts: readonly Part[], index: number): Anchor {
  const { part, id, isFirst } = unitAt(parts, index);
  const left = isFirst ? part.piece.before : { client: id.client, clock: id.clock - 1 };
  return { order: part.order, spot: { left, right: id, stretch: BEFORE_SUFFIX } };
}

function unitAt(parts: readonly Part[], index: number): { part: Part; id: Y.ID; isFirst: boolean; isLast: boolean } {
  let before = 0;
  for (const part of parts) {
    const { first, last } = part.piece;
    const offset = index - before;
    const length = last.clock - first.clock + 1;
    if (offset < length) {
      const id = { client: first.client, clock: first.clock + offset };
      return { part, id, isFirst: offset === 0, isLast: offset === length - 1 };
    }
    before += length;
  }
  throw new RangeError(`unit ${index} of ${before}`);
}

/** The parts without their first `prefix` and last `suffix` units. */
function* middleOf(parts: readonly Part[], prefix: number, suffix: number): Generator<Part> {
  const end = lengthOf(parts) - suffix;
  let before = 0;
  for (const part of parts) {
    const { item, from, to } = part.slice;
    const cutFrom = Math.max(from, from + prefix - before);
    const cutTo = Math.min(to, from + end - before);
    if (cutFrom < cutTo) yield { ...part, slice: { item, from: cutFrom, to: cutTo } };
    before += to - from;
  }
}

function lengthOf(parts: readonly Part[]): number {
  return parts.reduce((sum, { slice }) => sum + slice.to - slice.from, 0);
}

/** Whether two neighbours are one character in the item both are from: it can only come back whole. */
function cutsSurrogatePair(left: Slice, right: Slice): boolean {
  if (left.item !== right.item || left.to !== right.from) return false;
  const { content } = left.item;
  return content instanceof Y.ContentString && isHighSurrogate(content.str[left.to - 1]);
}
