import { isDeepStrictEqual } from 'node:util';
import * as Y from 'yjs';
import { commonEnds } from './common-ends.ts';
import { isVisibleInText, type Json, jsonOf, jsonOfAttributes } from './content-json.ts';
import { type ListOp, listDelta, type TextOp, textDelta } from './delta.ts';
import { type Attributes, passFormat } from './formats.ts';
import type { Slice } from './loaded-state.ts';
import { isKept, type Piece } from './pieces.ts';
import { isSameUnit, type Unit, unitsOf } from './units.ts';

/** Is told what is in both states, and where it is in the second. */
export type Keep = (a: Y.Item, b: Y.Item, indexInB: number) => void;

/** A unit and its attributes, in one of the states. */
interface Placed {
  readonly unit: Unit;
  readonly attributes: Attributes;
}

/** Where the steps go. */
interface Writer {
  insert(units: readonly Placed[]): void;
  retain(length: number, attributes: Attributes): void;
  delete(length: number): void;
}

const NO_ATTRIBUTES: Attributes = new Map();

export function diffText(pieces: Iterable<Piece>, keep: Keep): readonly TextOp[] {
  const delta = textDelta();
  walk(pieces, keep, isVisibleInText, {
    insert: (units) => {
      for (const { unit, attributes } of units) delta.insert(jsonOfUnit(unit), jsonOfAttributes(attributes));
    },
    retain: (length, attributes) => delta.retain(length, jsonOfAttributes(attributes)),
    delete: (length) => delta.delete(length),
  });
  return delta.finish();
}

export function diffList(pieces: Iterable<Piece>, keep: Keep): readonly ListOp[] {
  const delta = listDelta();
  walk(pieces, keep, (content) => content.isCountable(), {
    insert: (units) =>
      delta.insert(
        units.map(({ unit }) => jsonOfUnit(unit)),
        {},
      ),
    retain: (length) => delta.retain(length, {}),
    delete: (length) => delta.delete(length),
  });
  return delta.finish();
}

function walk(
  pieces: Iterable<Piece>,
  keep: Keep,
  isVisible: (content: Y.Item['content']) => boolean,
  writer: Writer,
): void {
  let attributesInA = NO_ATTRIBUTES;
  let attributesInB = NO_ATTRIBUTES;
  let removed: Placed[] = [];
  let inserted: Placed[] = [];
  let indexInB = 0;
  const closeGap = (): void => {
    writeGap(removed, inserted, writer);
    indexInB += inserted.length;
    removed = [];
    inserted = [];
  };
  for (const { inA, inB } of pieces) {
    const content = (inA ?? inB)?.item.content;
    if (content instanceof Y.ContentFormat) {
      if (inA !== undefined) attributesInA = passed(attributesInA, content);
      if (inB !== undefined) attributesInB = passed(attributesInB, content);
    } else if (content !== undefined && isVisible(content)) {
      if (inA !== undefined && inB !== undefined && isKept(inA, inB)) {
        closeGap();
        writer.retain(inA.to - inA.from, changeOf(attributesInA, attributesInB));
        keep(inA.item, inB.item, indexInB);
        indexInB += inB.to - inB.from;
      } else {
        place(inA, attributesInA, removed);
        place(inB, attributesInB, inserted);
      }
    }
  }
  closeGap();
}

function place(slice: Slice | undefined, attributes: Attributes, into: Placed[]): void {
  if (slice !== undefined) for (const unit of unitsOf([slice])) into.push({ unit, attributes });
}

/** What is the same on both sides was deleted and written again, as a restore does: nothing changed. */
function writeGap(removed: readonly Placed[], inserted: readonly Placed[], writer: Writer): void {
  const { prefix, suffix } = commonEnds(removed, inserted, isSame, ({ unit }) => unit);
  if (prefix > 0) writer.retain(prefix, NO_ATTRIBUTES);
  if (inserted.length > prefix + suffix) writer.insert(inserted.slice(prefix, inserted.length - suffix));
  if (removed.length > prefix + suffix) writer.delete(removed.length - prefix - suffix);
  if (suffix > 0) writer.retain(suffix, NO_ATTRIBUTES);
}

function isSame(a: Placed, b: Placed): boolean {
  return isSameUnit(a.unit, b.unit) && isDeepStrictEqual(a.attributes, b.attributes);
}

function passed(attributes: Attributes, format: Y.ContentFormat): Attributes {
  const next = new Map(attributes);
  passFormat(next, format);
  return next;
}

/** What to set on text to turn its attributes into others: `null` for those that end. */
function changeOf(a: Attributes, b: Attributes): Attributes {
  if (a === b) return NO_ATTRIBUTES;
  const changed = [...new Set([...a.keys(), ...b.keys()])].filter((key) => !isDeepStrictEqual(a.get(key), b.get(key)));
  return new Map(changed.map((key) => [key, b.get(key) ?? null]));
}

function jsonOfUnit(unit: Unit): Json {
  if (typeof unit === 'string') return unit;
  return jsonOf('value' in unit ? unit.value : unit.content.getContent()[0]);
}
