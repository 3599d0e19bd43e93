import * as Y from 'yjs';
import type { Random } from './random.ts';

const KEYS = ['a', 'b', 'ключ', ''];
const TEXTS = [
  'x',
  'hello ',
  'ä',
  '\u{1f300}',
  '字',
  'a\u{1f9d1}\u200d\u{1f680}b',
  '\ufeff',
  'line\n',
  'a longer run of plain text',
];
const ATTRIBUTES = [
  { bold: true },
  { bold: null },
  { link: { href: 'https://example.org/ü' } },
  { size: 1.5, em: true },
];
const VALUES: readonly unknown[] = [
  0,
  -1,
  63,
  -64,
  1e9,
  2 ** 40,
  0.1,
  1.5,
  true,
  false,
  null,
  undefined,
  'text',
  '\u{1f300}',
  9_007_199_254_740_993n,
  new Uint8Array([1, 2, 3]),
  [1, 'two', [3, null]],
  { deep: { deeper: [true, { x: 1 }] }, '': undefined },
];

/** One random edit, somewhere in the document. */
export function editSomething(doc: Y.Doc, random: Random, formats: boolean): void {
  const type = random.pick(typesIn(doc));
  if (type instanceof Y.XmlElement && random.chance(30)) editAttribute(type, random);
  else if (type instanceof Y.XmlFragment) editChildren(type, random);
  else if (type instanceof Y.Text) editText(type, random, formats);
  else if (type instanceof Y.Map) editMap(type, random);
  else if (type instanceof Y.Array) editArray(type, random);
}

/** The root types and what lies in them, to a bounded depth. */
function typesIn(doc: Y.Doc): unknown[] {
  const found: unknown[] = [];
  const visit = (type: unknown, depth: number): void => {
    found.push(type);
    if (depth > 4) return;
    for (const child of childrenOf(type)) if (child instanceof Y.AbstractType) visit(child, depth + 1);
  };
  for (const root of [doc.getText('text'), doc.getArray('array'), doc.getMap('map'), doc.getXmlFragment('xml')]) {
    visit(root, 0);
  }
  return found;
}

function childrenOf(type: unknown): unknown[] {
  if (type instanceof Y.Array || type instanceof Y.XmlFragment) return type.toArray();
  if (type instanceof Y.Map) return [...type.values()];
  if (type instanceof Y.Text) return type.toDelta().map((part: { insert: unknown }) => part.insert);
  return [];
}

function editText(text: Y.Text, random: Random, formats: boolean): void {
  const { length } = text;
  const at = random.below(length + 1);
  const kind = random.below(10);
  if (kind < 4 || length === 0) text.insert(at, random.pick(TEXTS));
  else if (kind < 6) remove(text, length, random);
  else if (kind === 6) text.insertEmbed(at, random.pick([{ image: 'ü.png' }, newType(random)]));
  else if (formats && kind < 9) text.format(random.below(length), 1 + random.below(5), random.pick(ATTRIBUTES));
  else if (formats) text.insert(at, random.pick(TEXTS), random.pick(ATTRIBUTES));
  else text.insert(at, random.pick(TEXTS));
}

function editArray(array: Y.Array<unknown>, random: Random): void {
  if (array.length > 0 && random.chance(35)) {
    remove(array, array.length, random);
    return;
  }
  const count = 1 + random.below(4);
  array.insert(
    random.below(array.length + 1),
    Array.from({ length: count }, () => {
      const value = newValue(random);
      // lists take neither, maps do
      return value === undefined || typeof value === 'bigint' ? null : value;
    }),
  );
}

function editMap(map: Y.Map<unknown>, random: Random): void {
  const key = random.pick(KEYS);
  if (random.chance(25)) map.delete(key);
  else map.set(key, newValue(random));
}

function editChildren(parent: Y.XmlFragment, random: Random): void {
  if (parent.length > 0 && random.chance(35)) {
    remove(parent, parent.length, random);
    return;
  }
  const child = random.chance(50) ? new Y.XmlElement(random.pick(['p', 'größe'])) : new Y.XmlText(random.pick(TEXTS));
  parent.insert(random.below(parent.length + 1), [child]);
}

function editAttribute(element: Y.XmlElement, random: Random): void {
  if (random.chance(30)) element.removeAttribute('class');
  else element.setAttribute('class', random.pick(TEXTS));
}

function remove(from: { delete(index: number, length: number): void }, length: number, random: Random): void {
  const at = random.below(length);
  from.delete(at, 1 + random.below(Math.min(6, length - at)));
}

function newValue(random: Random): unknown {
  if (random.chance(25)) return newType(random);
  if (random.chance(5))
    return new Y.Doc({ guid: `sub-${random.below(100)}`, autoLoad: random.chance(50), meta: { n: 1 } });
  return random.pick(VALUES);
}

function newType(random: Random): Y.AbstractType<unknown> {
  switch (random.below(4)) {
    case 0:
      return new Y.Text('nested') as unknown as Y.AbstractType<unknown>;
    case 1:
      return new Y.Map([['a', 1]]) as unknown as Y.AbstractType<unknown>;
    case 2:
      return new Y.XmlElement('div') as unknown as Y.AbstractType<unknown>;
    default:
      return Y.Array.from([1, 'two']) as unknown as Y.AbstractType<unknown>;
  }
}
