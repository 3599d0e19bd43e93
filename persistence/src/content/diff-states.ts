import * as Y from 'yjs';
import { type Json, jsonOfItem } from './content-json.ts';
import type { ListOp, TextOp } from './delta.ts';
import { diffList, diffText } from './list-diff.ts';
import { hasSeen, loadState, lookUp } from './loaded-state.ts';
import { type Piece, piecesOf } from './pieces.ts';
import { kindOf, type SharedType } from './root-kinds.ts';
import { aliveUnder, isSameContent } from './units.ts';

/** What became of the value under a key of a map, or of an XML attribute. */
export type KeyChange =
  | { readonly action: 'add'; readonly newValue: Json }
  | { readonly action: 'update'; readonly oldValue: Json; readonly newValue: Json }
  | { readonly action: 'delete'; readonly oldValue: Json };

interface TypeChange {
  /**
   * Where the type is in the second state: the name of its root type, then keys (of maps) and positions (in arrays, texts and
   * among the children of XML elements).
   */
  readonly path: readonly (string | number)[];
  /** What became of its keys, or XML attributes; only those that changed. */
  readonly keys: Readonly<Record<string, KeyChange>>;
}

/** What became of a text, also one in XML. */
export interface TextChange extends TypeChange {
  readonly kind: 'text';
  readonly delta: readonly TextOp[];
}

/** What became of any other type. A map has no `delta` steps. */
export interface ListChange extends TypeChange {
  readonly kind: 'array' | 'map' | 'xml';
  readonly delta: readonly ListOp[];
}

/** Every type that is in both states and changed, the outer ones first. It can be serialised as JSON. */
export type DocumentDiff = readonly (TextChange | ListChange)[];

/** A type that is in both states; a root type may be empty in one and so not be there. */
interface TypeTriple {
  readonly path: readonly (string | number)[];
  readonly a: SharedType | undefined;
  readonly b: SharedType | undefined;
  /** The type in the document that has seen what both have. */
  readonly both: SharedType;
}

/**
 * What changed from one state of a document to another, earlier or later. What stayed is known by the ids of its items, not
 * by comparing texts; but what was deleted and put back unchanged, as a restore does, did not change.
 *
 * Applying each change in turn to the first state gives the second. Values are as {@link jsonOf} gives them.
 *
 * @param a - An encoded state (update v1).
 * @param b - Another one of the same document.
 * @example
 * ```ts
 * const doc = new Y.Doc();
 * const before = Y.encodeStateAsUpdate(doc);
 * doc.getText('notes').insert(0, 'Hello');
 * diffStates(before, Y.encodeStateAsUpdate(doc));
 * // [{ path: ['notes'], kind: 'text', delta: [{ insert: 'Hello' }], keys: {} }]
 * ```
 */
export function diffStates(a: Uint8Array, b: Uint8Array): DocumentDiff {
  const docA = loadState(a);
  const docB = loadState(b);
  const both = unionOf(docA, docB, b);
  const changes: (TextChange | ListChange)[] = [];
  const triples = [...both.share.keys()].toSorted().map((name): TypeTriple => {
    return { path: [name], a: docA.share.get(name), b: docB.share.get(name), both: both.share.get(name) as SharedType };
  });
  // a list that grows while it is walked: types in types, without recursion
  for (const triple of triples) {
    const keep = (inA: Y.Item, inB: Y.Item, step: string | number): void => {
      const inBoth = lookUp(both, inB.id.client, inB.id.clock).alive?.item.content;
      if (!(inA.content instanceof Y.ContentType && inB.content instanceof Y.ContentType)) return;
      if (!(inBoth instanceof Y.ContentType)) return;
      triples.push({ path: [...triple.path, step], a: inA.content.type, b: inB.content.type, both: inBoth.type });
    };
    const keys = keyChanges(triple, keep);
    const change = listChange(triple, piecesOf(triple.both._start, docA, docB), keep);
    if (change.delta.length > 0 || Object.keys(keys).length > 0) changes.push({ path: triple.path, ...change, keys });
  }
  return changes;
}

/** A document that has every item of both: usually the later one. */
function unionOf(docA: Y.Doc, docB: Y.Doc, b: Uint8Array): Y.Doc {
  if (hasSeen(docB, docA)) return docB;
  if (hasSeen(docA, docB)) return docA;
  const union = loadState(Y.encodeStateAsUpdate(docA));
  Y.applyUpdate(union, b);
  return union;
}

type Keep = (a: Y.Item, b: Y.Item, step: string | number) => void;

function listChange(
  { a, b }: TypeTriple,
  pieces: Iterable<Piece>,
  keep: Keep,
): Pick<TextChange, 'kind' | 'delta'> | Pick<ListChange, 'kind' | 'delta'> {
  const kinds = [a, b].map((type) => (type === undefined ? 'unknown' : kindOf(type)));
  if (kinds.includes('text')) return { kind: 'text', delta: diffText(pieces, keep) };
  const kind = (['xml', 'array', 'map'] as const).find((known) => kinds.includes(known)) ?? 'map';
  return { kind, delta: diffList(pieces, keep) };
}

function keyChanges({ a, b }: TypeTriple, keep: Keep): Record<string, KeyChange> {
  const keys = new Set([...(a?._map.keys() ?? []), ...(b?._map.keys() ?? [])]);
  const changes: [string, KeyChange][] = [];
  for (const key of [...keys].toSorted()) {
    const inA = aliveUnder(a, key);
    const inB = aliveUnder(b, key);
    if (inA !== undefined && inB !== undefined && Y.compareIDs(inA.id, inB.id)) keep(inA, inB, key);
    else {
      const change = keyChange(inA, inB);
      if (change !== undefined) changes.push([key, change]);
    }
  }
  return Object.fromEntries(changes);
}

function keyChange(inA: Y.Item | undefined, inB: Y.Item | undefined): KeyChange | undefined {
  if (inA === undefined) return inB && { action: 'add', newValue: jsonOfItem(inB) };
  if (inB === undefined) return { action: 'delete', oldValue: jsonOfItem(inA) };
  if (isSameContent(inA, inB)) return undefined;
  return { action: 'update', oldValue: jsonOfItem(inA), newValue: jsonOfItem(inB) };
}
