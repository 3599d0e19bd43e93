import { diffStates, restoringUpdate } from '@headwater/persistence';
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import * as Y from 'yjs';
import { docOf, openDoc, playSession, sessionPlans } from '../support/sessions.ts';
import { runs } from '../support/soak.ts';
import { applyDiff } from './apply-diff.ts';
import { visibleContent } from './visible-content.ts';

const stateOf = (doc: Y.Doc): Uint8Array => Y.encodeStateAsUpdate(doc);

/** Subdocuments are known by their guid alone: a diff does not say with which options they were put there. */
function comparable(doc: Y.Doc): unknown {
  return JSON.parse(
    JSON.stringify(visibleContent(doc), (key, value: unknown) => {
      if (typeof value === 'bigint') return { bigint: value.toString() };
      return key === 'meta' || key === 'autoLoad' ? undefined : value;
    }),
  );
}

/** Two moments of a random session, in any order. */
function pairsOfStates(): fc.Arbitrary<{ a: Uint8Array; b: Uint8Array }> {
  const thousandths = fc.integer({ min: 0, max: 1000 });
  return fc.tuple(sessionPlans(), thousandths, thousandths).map(([plan, ...moments]) => {
    const { updates } = playSession(plan);
    const [a, b] = moments.map((moment) =>
      stateOf(docOf(updates.slice(0, Math.floor((updates.length * moment) / 1000)), plan.gc)),
    ) as [Uint8Array, Uint8Array];
    return { a, b };
  });
}

describe('for any two moments of random sessions', () => {
  test('doing to the first state what the diff says gives the second', () => {
    fc.assert(
      fc.property(pairsOfStates(), ({ a, b }) => {
        const doc = docOf([a]);

        applyDiff(doc, JSON.parse(JSON.stringify(diffStates(a, b))));

        expect(comparable(doc)).toEqual(comparable(docOf([b])));
      }),
      { numRuns: runs(100) },
    );
  });

  test('there is no difference between a state and its restoration', () => {
    fc.assert(
      fc.property(pairsOfStates(), ({ a, b }) => {
        const [earlier, later] = isEarlier(a, b) ? [a, b] : [b, a];
        const restored = Y.mergeUpdates([later, restoringUpdate(later, earlier)]);

        expect(diffStates(earlier, restored)).toEqual([]);
      }),
      { numRuns: runs(80) },
    );
  });
});

function isEarlier(a: Uint8Array, b: Uint8Array): boolean {
  const later = Y.decodeStateVector(Y.encodeStateVectorFromUpdate(b));
  const clocks = [...Y.decodeStateVector(Y.encodeStateVectorFromUpdate(a))];
  return clocks.every(([client, clock]) => (later.get(client) ?? 0) >= clock);
}

/** The diff an edit makes. */
function diffOf(before: (doc: Y.Doc) => void, edit: (doc: Y.Doc) => void): unknown {
  const doc = openDoc();
  before(doc);
  const a = stateOf(doc);
  edit(doc);
  return diffStates(a, stateOf(doc));
}

test('a text has a delta with attributes', () => {
  const diff = diffOf(
    (doc) => doc.getText('text').insert(0, 'one two three'),
    (doc) => {
      doc.getText('text').format(0, 3, { bold: true });
      doc.getText('text').delete(4, 4);
      doc.getText('text').insertEmbed(4, { image: 'x.png' });
    },
  );

  expect(diff).toEqual([
    {
      path: ['text'],
      kind: 'text',
      delta: [{ retain: 3, attributes: { bold: true } }, { retain: 1 }, { insert: { image: 'x.png' } }, { delete: 4 }],
      keys: {},
    },
  ]);
});

test('a character of which one half is deleted is told as two halves that Yjs shows', () => {
  const diff = diffOf(
    (doc) => doc.getText('text').insert(0, 'a\u{1f300}b'),
    (doc) => doc.getText('text').delete(2, 1),
  );

  expect(diff).toEqual([
    { path: ['text'], kind: 'text', delta: [{ retain: 1 }, { insert: '\ufffd' }, { delete: 2 }], keys: {} },
  ]);
});

test('maps and XML attributes have changes by key, with the old and the new value', () => {
  const diff = diffOf(
    (doc) => {
      doc.getMap('map').set('gone', [1]);
      doc.getMap('map').set('changed', 1);
      doc.getMap('map').set('same', 1);
      doc.getXmlFragment('xml').insert(0, [new Y.XmlText('-'), new Y.XmlElement('p')]);
    },
    (doc) => {
      doc.getMap('map').delete('gone');
      doc.getMap('map').set('changed', Uint8Array.of(1));
      doc.getMap('map').set('same', 1);
      doc.getMap('map').set('new', new Y.Map([['inner', 2]]));
      (doc.getXmlFragment('xml').get(1) as Y.XmlElement).setAttribute('class', 'first');
    },
  );

  expect(diff).toEqual([
    {
      path: ['map'],
      kind: 'map',
      delta: [],
      keys: {
        changed: { action: 'update', oldValue: 1, newValue: { $yjs: 'binary', base64: 'AQ==' } },
        gone: { action: 'delete', oldValue: [1] },
        new: { action: 'add', newValue: { $yjs: 'map', entries: { inner: 2 } } },
      },
    },
    { path: ['xml', 1], kind: 'xml', delta: [], keys: { class: { action: 'add', newValue: 'first' } } },
  ]);
});

test('a change in a nested type is told at its place in the second state', () => {
  const diff = diffOf(
    (doc) => doc.getArray('array').insert(0, [1, new Y.Text('inner')]),
    (doc) => {
      (doc.getArray('array').get(1) as Y.Text).insert(5, ' text');
      doc.getArray('array').insert(0, ['a', 'b']);
    },
  );

  expect(diff).toEqual([
    { path: ['array'], kind: 'array', delta: [{ insert: ['a', 'b'] }], keys: {} },
    { path: ['array', 3], kind: 'text', delta: [{ retain: 5 }, { insert: ' text' }], keys: {} },
  ]);
});

test('of two states that each have what the other lacks, all is compared', () => {
  const base = openDoc();
  base.getText('text').insert(0, 'base');
  const a = docOf([stateOf(base)]);
  const b = docOf([stateOf(base)]);
  a.getText('text').insert(4, ' of a');
  b.getText('text').insert(0, 'b on ');

  expect(diffStates(stateOf(a), stateOf(b))).toEqual([
    { path: ['text'], kind: 'text', delta: [{ insert: 'b on ' }, { retain: 4 }, { delete: 5 }], keys: {} },
  ]);
});
