import { isDeepStrictEqual } from 'node:util';
import * as Y from 'yjs';
import type { Slice } from './loaded-state.ts';
import type { SharedType } from './root-kinds.ts';

/** The attributes in force at a place of a text. */
export type Attributes = ReadonlyMap<string, unknown>;

/** What a format in a text makes of the attributes before it: `null` ends one. */
export function passFormat(attributes: Map<string, unknown>, { key, value }: Y.ContentFormat): void {
  if (value === null) attributes.delete(key);
  else attributes.set(key, value);
}

/** What is in a list: not what was deleted, nor formats without effect. */
export function* neededSlices(type: SharedType): Generator<Slice> {
  const unneeded = unneededFormats(type._start, () => false);
  for (let item = type._start; item !== null; item = item.right) {
    if (!item.deleted && !unneeded.has(item)) yield { item, from: 0, to: item.length };
  }
}

/**
 * The formats of a text that may be left out because they change nothing: another of their key follows before any
 * character does, or what they set is in force anyway. Yjs deletes such formats now and then, so a text that lost some
 * has not changed.
 *
 * @param isKept - Which formats stay whatever is found here.
 */
export function unneededFormats(start: Y.Item | null, isKept: (item: Y.Item) => boolean): ReadonlySet<Y.Item> {
  const unneeded = new Set<Y.Item>();
  const attributes = new Map<string, unknown>();
  let gap = new Map<string, Y.Item[]>();
  for (let item = start; item !== null; item = item.right) {
    if (item.deleted) continue;
    if (item.content instanceof Y.ContentFormat) {
      const { key } = item.content;
      const formats = gap.get(key);
      if (formats === undefined) gap.set(key, [item]);
      else formats.push(item);
    } else if (gap.size > 0) {
      for (const formats of gap.values()) passGap(formats, attributes, isKept, unneeded);
      gap = new Map();
    }
  }
  for (const formats of gap.values()) passGap(formats, attributes, isKept, unneeded);
  return unneeded;
}

/** @param formats - Of one key, with no character between them. */
function passGap(
  formats: readonly Y.Item[],
  attributes: Map<string, unknown>,
  isKept: (item: Y.Item) => boolean,
  unneeded: Set<Y.Item>,
): void {
  const last = formats.at(-1) as Y.Item;
  const { key, value } = last.content as Y.ContentFormat;
  let inForce = attributes.get(key) ?? null;
  for (const item of formats) {
    if (isKept(item)) inForce = (item.content as Y.ContentFormat).value;
    else if (item !== last || isDeepStrictEqual(inForce, value)) unneeded.add(item);
  }
  passFormat(attributes, last.content as Y.ContentFormat);
}
