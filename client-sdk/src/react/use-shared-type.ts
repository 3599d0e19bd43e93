import type * as Y from 'yjs';
import { misplaced, useSessionAround } from './headwater-document.ts';
import { type PlainValue, type Readable, sourceOf } from './shared-type-source.ts';
import { type IsEqual, type Source, useSelection } from './source.ts';

/**
 * What a text says. The component renders again when it says something else.
 *
 * @param text - a text, or the name of one of the document
 *
 * @example
 * ```tsx
 * const title = useText('title');
 * const isLong = useText('body', (body) => body.length > 10_000);
 * ```
 */
export function useText(text: string | Y.Text): string;
/**
 * What a selector makes of the text: the component renders again only when that is another.
 *
 * @param select - may be written in place
 * @param isEqual - when two selections are the same. Unless told, when they or all they hold one level down are.
 */
export function useText<Selection>(
  text: string | Y.Text,
  select: (text: string) => Selection,
  isEqual?: IsEqual<Selection>,
): Selection;
export function useText(
  text: string | Y.Text,
  select: (text: string) => unknown = itself,
  isEqual?: IsEqual<unknown>,
): unknown {
  const source = useSharedType('useText', text, (document, name) => document.getText(name));
  return useSelection(source as Source<string>, select, isEqual);
}

/**
 * What a map holds, as a plain object: texts in it are strings, maps objects, arrays arrays. What did not change stays the
 * same object. It is for reading; edit the `Y.Map`.
 *
 * What is in it is what somebody put there: its type is your claim, and is not checked.
 *
 * @param map - a map, or the name of one of the document
 *
 * @example
 * ```tsx
 * const settings = useMap<boolean>('settings');
 * const open = useMap(todos, (all) => Object.keys(all).filter((id) => !all[id]?.done));
 * ```
 */
export function useMap<Value = unknown>(map: string | Y.Map<Value>): Readonly<Record<string, PlainValue<Value>>>;
/**
 * What a selector makes of the map: the component renders again only when that is another.
 *
 * @param select - may be written in place
 * @param isEqual - when two selections are the same. Unless told, when they or all they hold one level down are.
 */
export function useMap<Value, Selection>(
  map: string | Y.Map<Value>,
  select: (map: Readonly<Record<string, PlainValue<Value>>>) => Selection,
  isEqual?: IsEqual<Selection>,
): Selection;
export function useMap(
  map: string | Y.Map<unknown>,
  select: (map: Readonly<Record<string, unknown>>) => unknown = itself,
  isEqual?: IsEqual<unknown>,
): unknown {
  const source = useSharedType('useMap', map, (document, name) => document.getMap(name));
  return useSelection(source as Source<Readonly<Record<string, unknown>>>, select, isEqual);
}

/**
 * What an array holds, as a plain array; as with {@link useMap}, what did not change stays the same object, so a memoised
 * component per item renders for its own item alone.
 *
 * @param array - an array, or the name of one of the document
 *
 * @example
 * ```tsx
 * const todos = useArray<Todo>('todos');
 * const count = useArray('todos', (all) => all.length);
 * ```
 */
export function useArray<Item = unknown>(array: string | Y.Array<Item>): readonly PlainValue<Item>[];
/**
 * What a selector makes of the array: the component renders again only when that is another.
 *
 * @param select - may be written in place
 * @param isEqual - when two selections are the same. Unless told, when they or all they hold one level down are.
 */
export function useArray<Item, Selection>(
  array: string | Y.Array<Item>,
  select: (array: readonly PlainValue<Item>[]) => Selection,
  isEqual?: IsEqual<Selection>,
): Selection;
export function useArray(
  array: string | Y.Array<unknown>,
  select: (array: readonly unknown[]) => unknown = itself,
  isEqual?: IsEqual<unknown>,
): unknown {
  const source = useSharedType('useArray', array, (document, name) => document.getArray(name));
  return useSelection(source as Source<readonly unknown[]>, select, isEqual);
}

/** A shared type needs no document around the component; a name does. */
function useSharedType(
  hook: string,
  given: string | Readable,
  named: (document: Y.Doc, name: string) => Readable,
): Source<unknown> {
  const session = useSessionAround();
  if (typeof given !== 'string') return sourceOf(given);
  return sourceOf(named((session ?? misplaced(hook)).document, given));
}

function itself<Value>(value: Value): Value {
  return value;
}
