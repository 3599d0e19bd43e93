import { isDeepStrictEqual } from 'node:util';
import * as Y from 'yjs';
import { neededSlices } from './formats.ts';
import type { Slice } from './loaded-state.ts';
import type { SharedType } from './root-kinds.ts';

/** What one clock of an item stands for: a UTF-16 code unit of a text, a value in a row of values, or all of its content. */
export type Unit = string | { readonly value: unknown } | { readonly content: Y.Item['content'] };

export function unitsOf(slices: Iterable<Slice>): Unit[] {
  const units: Unit[] = [];
  for (const { item, from, to } of slices) {
    const { content } = item;
    if (content instanceof Y.ContentString) {
      for (let i = from; i < to; i++) units.push(content.str[i] as string);
    } else if (content instanceof Y.ContentAny || content instanceof Y.ContentJSON) {
      for (let i = from; i < to; i++) units.push({ value: content.arr[i] });
    } else units.push({ content });
  }
  return units;
}

/** Whether users see the same in both, whoever wrote it and when. */
export function isSameUnit(a: Unit, b: Unit): boolean {
  if (typeof a === 'string' || typeof b === 'string') return a === b;
  if ('value' in a || 'value' in b) return 'value' in a && 'value' in b && isDeepStrictEqual(a.value, b.value);
  return isSameSingle(a.content, b.content);
}

/** Of contents whose items have one clock, as all do that lie under a key. */
export function isSameContent(a: Y.Item, b: Y.Item): boolean {
  return haveSame(unitsOf([wholeOf(a)]), unitsOf([wholeOf(b)]));
}

function isSameSingle(a: Y.Item['content'], b: Y.Item['content']): boolean {
  if (a instanceof Y.ContentType) return b instanceof Y.ContentType && isSameType(a.type, b.type);
  if (a instanceof Y.ContentFormat) {
    return b instanceof Y.ContentFormat && a.key === b.key && isDeepStrictEqual(a.value, b.value);
  }
  if (a instanceof Y.ContentEmbed) return b instanceof Y.ContentEmbed && isDeepStrictEqual(a.embed, b.embed);
  if (a instanceof Y.ContentBinary) return b instanceof Y.ContentBinary && isDeepStrictEqual(a.content, b.content);
  if (a instanceof Y.ContentDoc) {
    return b instanceof Y.ContentDoc && a.doc.guid === b.doc.guid && isDeepStrictEqual(a.opts, b.opts);
  }
  return false;
}

function isSameType(a: SharedType, b: SharedType): boolean {
  if (a.constructor !== b.constructor || nameOf(a) !== nameOf(b)) return false;
  if (!haveSame(unitsOf(neededSlices(a)), unitsOf(neededSlices(b)))) return false;
  const keys = aliveKeys(a);
  return keys.size === aliveKeys(b).size && [...keys].every(([key, item]) => isSameUnder(key, item, b));
}

function isSameUnder(key: string, item: Y.Item, type: SharedType): boolean {
  const other = aliveUnder(type, key);
  return other !== undefined && isSameContent(item, other);
}

function haveSame(a: readonly Unit[], b: readonly Unit[]): boolean {
  return a.length === b.length && a.every((unit, index) => isSameUnit(unit, b[index] as Unit));
}

/** The tag of an XML element, the name of a hook. */
function nameOf(type: SharedType): string | undefined {
  if (type instanceof Y.XmlElement) return type.nodeName;
  return type instanceof Y.XmlHook ? type.hookName : undefined;
}

export function wholeOf(item: Y.Item): Slice {
  return { item, from: 0, to: item.length };
}

/** What lies under a key of a map, or an attribute of an XML element. */
export function aliveUnder(type: SharedType | undefined, key: string): Y.Item | undefined {
  const item = type?._map.get(key);
  return item?.deleted === false ? item : undefined;
}

/** In an order that does not depend on how the state was encoded. */
export function aliveKeys(type: SharedType): ReadonlyMap<string, Y.Item> {
  const entries = [...type._map].filter(([, item]) => !item.deleted);
  return new Map(entries.toSorted(([a], [b]) => (a < b ? -1 : 1)));
}
