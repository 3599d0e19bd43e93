import { useArray, useMap, useText } from '@headwater/client/react';
import fc from 'fast-check';
import { createElement, memo, type ReactNode } from 'react';
import { describe, expect, expectTypeOf, test, vi } from 'vitest';
import * as Y from 'yjs';
import { sourceOf } from '../../../client-sdk/src/react/shared-type-source.ts';
import { runs } from '../../support/soak.ts';
import { listener } from './document-fixture.ts';
import { during, mount, mountForTest } from './mount.ts';

describe('what components show of shared types', () => {
  test('a text, a map and an array are shown, also without a document around', async () => {
    const doc = new Y.Doc();
    const [text, map, array] = [doc.getText(), doc.getMap<number>('map'), doc.getArray<string>('array')];
    const all = listener(() => [useText(text), useMap(map), useArray(array)] as const);
    await mountForTest(all.element);

    await during(() => {
      text.insert(0, 'one');
      map.set('two', 2);
      array.push(['three']);
    });

    expect(all.said).toEqual([
      ['', {}, []],
      ['one', { two: 2 }, ['three']],
    ]);
  });

  test('types follow what is given, and nested types are what they hold', () => {
    const doc = new Y.Doc();
    const use = () => ({
      named: useArray<{ title: string }>('todos'),
      given: useArray(doc.getArray<Y.Map<Y.Text>>('x')),
      selected: useMap(doc.getMap<number>('x'), (map) => map['a'] ?? 0),
      text: useText('text', (text) => text.length),
    });

    expectTypeOf(use).returns.toEqualTypeOf<{
      named: readonly { title: string }[];
      given: readonly Readonly<Record<string, string>>[];
      selected: number;
      text: number;
    }>();
  });

  test('a list renders only the rows whose items were edited', async () => {
    const todos = new Y.Doc().getArray<Y.Map<string>>('todos');
    todos.push(['a', 'b', 'c'].map((title) => new Y.Map([['title', title]])));
    const rendered: unknown[] = [];
    const Row = memo(({ todo }: { readonly todo: Readonly<Record<string, string>> }): ReactNode => {
      rendered.push(todo['title']);
      return todo['title'];
    });
    const List = (): ReactNode => useArray(todos).map((todo, key) => createElement(Row, { key, todo }));
    await using page = await mount(createElement(List));
    rendered.length = 0;

    await during(() => todos.get(1).set('title', 'B'));

    expect(page.text).toBe('aBc');
    expect(rendered).toEqual(['B']);
  });

  test('a selection renders again only when it is another', async () => {
    const todos = new Y.Doc().getArray<{ readonly title: string; readonly done: boolean }>('todos');
    const open = listener(() => useArray(todos, (all) => all.filter(({ done }) => !done).map(({ title }) => title)));
    const length = listener(() => useArray(todos, (all) => all.length, Object.is));
    await mountForTest(createElement('div', null, open.element, length.element));

    await during(() => todos.push([{ title: 'a', done: false }]));
    await during(() => todos.push([{ title: 'b', done: true }]));
    await during(() => todos.push([{ title: 'c', done: true }]));

    expect(open.said).toEqual([[], ['a']]);
    expect(length.said).toEqual([0, 1, 2, 3]);
  });

  test('a selection stays the same object when the component renders for another reason', async () => {
    const array = new Y.Doc().getArray<number>('array');
    array.push([1, 2, 3]);
    const said: (readonly number[])[] = [];
    const Odd = (_props: { readonly render: number }): ReactNode => {
      said.push(useArray(array, (all) => all.filter((item) => item % 2 === 1)));
      return null;
    };

    await using page = await mount(createElement(Odd, { render: 1 }));
    await page.show(createElement(Odd, { render: 2 }));

    expect(said).toEqual([
      [1, 3],
      [1, 3],
    ]);
    expect(said[1]).toBe(said[0]);
  });

  test('another type is shown from when it is given, and the one before is heard no more', async () => {
    const doc = new Y.Doc();
    const [first, second] = [doc.getText('first'), doc.getText('second')];
    second.insert(0, 'second');
    const select = vi.fn<(text: string) => string>((text) => text);
    const Shown = ({ text }: { readonly text: Y.Text }): ReactNode => useText(text, select);
    const page = await mount(createElement(Shown, { text: first }));

    await page.show(createElement(Shown, { text: second }));
    expect(page.text).toBe('second');
    select.mockClear();
    first.insert(0, 'first');
    expect(select).not.toHaveBeenCalled();
    await page.unmount();
    second.insert(0, 'more ');
    expect(select).not.toHaveBeenCalled();
  });
});

/** One edit somewhere in a tree of shared types: where, and what. */
const edits = fc.array(fc.record({ path: fc.array(fc.nat(2), { maxLength: 3 }), kind: fc.nat(4), at: fc.nat(5) }), {
  maxLength: 25,
});

describe('reading', () => {
  test.each([true, false])('gives what Yjs says it is, whatever is edited (with a subscriber: %s)', (isSubscribed) => {
    fc.assert(
      fc.property(edits, (all) => {
        const root = new Y.Doc().getArray<unknown>('root');
        const source = sourceOf(root);
        const unsubscribe = isSubscribed ? source.subscribe(() => {}) : undefined;

        for (const edit of all) {
          change(root, edit);
          expect(source.read()).toEqual(root.toJSON());
          expect(source.read()).toBe(source.read());
        }
        unsubscribe?.();
      }),
      { numRuns: runs(40) },
    );
  });

  test.each([true, false])('gives the same objects where nothing changed (with a subscriber: %s)', (isSubscribed) => {
    const root = new Y.Doc().getMap<Y.Array<Y.Map<string>>>('root');
    const source = sourceOf(root as unknown as Y.Map<unknown>);
    const [left, right] = [new Y.Array<Y.Map<string>>(), new Y.Array<Y.Map<string>>()];
    root.set('left', left);
    root.set('right', right);
    left.push([new Y.Map(), new Y.Map()]);
    if (isSubscribed) source.subscribe(() => {});
    const before = source.read() as Readonly<Record<string, readonly unknown[]>>;

    left.get(1).set('key', 'value');
    const after = source.read() as typeof before;

    expect(after).toEqual({ left: [{}, { key: 'value' }], right: [] });
    expect(after['right']).toBe(before['right']);
    expect(after['left']?.[0]).toBe(before['left']?.[0]);
    expect(before).toEqual({ left: [{}, {}], right: [] });
  });

  test('one listener may subscribe twice, and unsubscribes once for each', () => {
    const text = new Y.Doc().getText();
    const source = sourceOf(text);
    const heard = vi.fn<() => void>();
    const [first, second] = [source.subscribe(heard), source.subscribe(heard)];

    text.insert(0, 'a');
    first();
    first();
    text.insert(0, 'b');
    second();
    text.insert(0, 'c');

    expect(heard).toHaveBeenCalledTimes(3);
    expect(source.read()).toBe('cba');
  });
});

/** Walks down as far as the path leads, and edits what is there. */
function change(
  root: Y.Array<unknown>,
  { path, kind, at }: { path: readonly number[]; kind: number; at: number },
): void {
  let type: unknown = root;
  for (const step of path) {
    const next: unknown = type instanceof Y.Array ? type.get(step) : type instanceof Y.Map ? type.get(`${step}`) : type;
    if (next instanceof Y.AbstractType) type = next;
  }
  const value = [new Y.Map(), new Y.Array(), new Y.Text('text'), { plain: at }, at][kind];
  if (type instanceof Y.Text) type.insert(0, `${at}`);
  else if (type instanceof Y.Map) type.set(`${at % 3}`, value);
  else if (type instanceof Y.Array && kind === 4 && type.length > at) type.delete(at);
  else if (type instanceof Y.Array) type.insert(Math.min(at, type.length), [value]);
}
