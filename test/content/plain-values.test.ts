import { contentOf, rootKinds, toJson, toPlainValues } from '@headwater/persistence';
import { expect, test } from 'vitest';
import * as Y from 'yjs';
import { updateOf } from '../support/stored-documents.ts';

/** A document as somebody who only has its update sees it: without types. */
function loaded(edit: (doc: Y.Doc) => void): Y.Doc {
  const doc = new Y.Doc();
  Y.applyUpdate(doc, updateOf(edit));
  return doc;
}

test.each<[string, (doc: Y.Doc) => void, unknown]>([
  ['text', (doc) => doc.getText('root').insert(0, 'häß 😀'), 'häß 😀'],
  [
    'text',
    (doc) => {
      doc.getText('root').insert(0, 'bold', { bold: true });
      doc.getText('root').insertEmbed(0, { image: 'cat.png' });
    },
    'bold',
  ],
  ['text', (doc) => doc.getText('root').insertEmbed(0, { image: 'cat.png' }), ''],
  ['map', (doc) => doc.getMap('root').set('key', new Y.Map([['inner', 1]])), { key: { inner: 1 } }],
  ['array', (doc) => doc.getArray('root').insert(0, [1, 'two', null, new Y.Array()]), [1, 'two', null, []]],
  ['array', (doc) => doc.getArray('root').insert(0, [new Y.Text('inner')]), ['inner']],
  ['array', (doc) => doc.getArray('root').insert(0, [new Y.XmlElement('p'), 1]), ['<p></p>', 1]],
  [
    'text',
    (doc) => {
      doc.getText('root').insert(0, 'characters');
      doc.getText('root').insertEmbed(0, new Y.Map());
    },
    'characters',
  ],
  ['xml', (doc) => doc.getXmlFragment('root').insert(0, [new Y.XmlElement('p')]), '<p></p>'],
  ['xml', (doc) => doc.getXmlFragment('root').insert(0, [new Y.XmlText('characters')]), 'characters'],
  [
    'text',
    (doc) => {
      doc.getText('root').insert(0, 'gone, kept');
      doc.getText('root').delete(0, 6);
    },
    'kept',
  ],
  [
    'unknown',
    (doc) => {
      doc.getText('root').insert(0, 'gone');
      doc.getText('root').delete(0, 4);
    },
    null,
  ],
])('a root type is recognised as %s by its contents', (kind, edit, value) => {
  const doc = loaded(edit);

  expect(rootKinds(doc).get('root')).toBe(kind);
  expect(toPlainValues(doc)).toEqual({ root: value });
});

test('a map of which every key was deleted is still a map', () => {
  const doc = loaded((edited) => {
    edited.getMap('root').set('key', 1);
    edited.getMap('root').delete('key');
  });

  expect(toPlainValues(doc)).toEqual({ root: {} });
});

test('bytes and big integers have a JSON form', () => {
  const doc = loaded((edited) => {
    edited.getMap('root').set('bytes', Uint8Array.of(1, 2, 3));
    edited.getMap('root').set('big', 2n ** 60n);
  });

  expect(JSON.parse(toJson(toPlainValues(doc)))).toEqual({ root: { bytes: 'AQID', big: '1152921504606846976' } });
});

test('the content of a state is told by root type', () => {
  const state = updateOf((doc) => {
    doc.getText('notes').insert(0, 'Hello');
    doc.getMap('meta').set('draft', true);
    doc.getArray('list').insert(0, [1, 2]);
    doc.getXmlFragment('page').insert(0, [new Y.XmlElement('p')]);
    doc.getText('emptied').insert(0, 'gone');
    doc.getText('emptied').delete(0, 4);
  });

  expect(contentOf(state)).toEqual({
    notes: { kind: 'text', text: 'Hello' },
    meta: { kind: 'map', json: { draft: true } },
    list: { kind: 'array', json: [1, 2] },
    page: { kind: 'xml', xml: '<p></p>' },
    emptied: { kind: 'unknown' },
  });
});
