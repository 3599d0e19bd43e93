import { expect, test } from 'vitest';
import * as Y from 'yjs';
import { bestView, contentOf } from '../../../pages/src/inspect/content/document-content.ts';
import type { TreeNode } from '../../../pages/src/inspect/content/tree.ts';

/** A document as it comes from a server: nobody says what its root types are. */
function received(write: (doc: Y.Doc) => void): Y.Doc {
  const written = new Y.Doc();
  write(written);
  const doc = new Y.Doc();
  Y.applyUpdate(doc, Y.encodeStateAsUpdate(written));
  return doc;
}

/** The values a tree shows. */
function valuesIn(node: TreeNode): unknown {
  if (node.kind === 'leaf') return node.type === 'string' ? node.text : `(${node.text})`;
  if (node.isList) return node.entries.map((entry) => valuesIn(entry.node));
  return Object.fromEntries(node.entries.map((entry) => [entry.key, valuesIn(entry.node)]));
}

test('as text a document is its texts, by name', () => {
  const doc = received((written) => {
    written.getText('title').insert(0, 'Tea');
    written.getText('body').insert(0, 'One\n😀 two', { bold: true });
    written.getMap('meta').set('a', 1);
  });

  expect(contentOf(doc, 'text')).toEqual({
    view: 'text',
    roots: [
      { name: 'body', text: 'One\n😀 two' },
      { name: 'title', text: 'Tea' },
    ],
  });
});

test('as JSON it is everything, also what JSON does not know', () => {
  const doc = received((written) => {
    const map = written.getMap('map');
    map.set('plain', { list: [1, 'two', null, true], big: 12n });
    map.set('bytes', Uint8Array.of(1, 2, 3));
    map.set('text', new Y.Text('nested'));
    const formatted = new Y.Text();
    map.set('formatted', formatted);
    formatted.insert(0, 'b', { bold: true });
    written.getArray('array').push([new Y.Map([['done', false]]), 7]);
    written.getText('notes').insert(0, 'hi');
  });

  const content = contentOf(doc, 'json');

  expect(content.view === 'json' && valuesIn(content.root)).toEqual({
    array: [{ done: '(false)' }, '(7)'],
    map: {
      plain: { list: ['(1)', 'two', '(null)', '(true)'], big: '(12)' },
      bytes: '(3 bytes)',
      text: 'nested',
      formatted: [{ insert: 'b', attributes: { bold: '(true)' } }],
    },
    notes: 'hi',
  });
});

test('as XML it is its markup, a line an element', () => {
  const doc = received((written) => {
    const list = new Y.XmlElement('list');
    written.getXmlFragment('page').push([list, new Y.XmlElement('rule')]);
    const item = new Y.XmlElement('item');
    list.push([item, new Y.XmlText('loose')]);
    item.setAttribute('kind', 'to "do"');
    const text = new Y.XmlText();
    item.push([text]);
    text.insert(0, 'buy ');
    text.insert(4, 'milk', { strong: {} });
  });

  const content = contentOf(doc, 'xml');

  const lines = content.view === 'xml' ? (content.roots[0]?.lines ?? []) : [];
  expect(lines.map(({ depth, tokens }) => '  '.repeat(depth) + tokens.map(({ text }) => text).join(''))).toEqual([
    '<list>',
    '  <item kind="to &quot;do&quot;">buy <strong>milk</strong></item>',
    '  loose',
    '</list>',
    '<rule />',
  ]);
});

test.each([
  ['text', (doc: Y.Doc): void => doc.getText('a').insert(0, 'x')],
  ['xml', (doc: Y.Doc): void => doc.getXmlFragment('a').push([new Y.XmlElement('p')])],
  ['json', (doc: Y.Doc): void => void doc.getMap('a').set('k', 'v')],
  ['json', (doc: Y.Doc): void => doc.getArray('a').push([1])],
] as const)('a document is shown as %s when that shows most of it', (view, write) => {
  expect(bestView(received(write))).toBe(view);
});
