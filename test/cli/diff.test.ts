import type { TextOp } from '@headwater/persistence';
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import * as Y from 'yjs';
import { hunksOf, type Segment, segmentsOf } from '../../server/src/cli/history/text-changes.ts';
import { hasTerminal, headwater, runInTerminal } from '../support/run-command.ts';
import { storeDocuments, updatesOf } from '../support/stored-documents.ts';
import { TempDir } from '../support/temp-dir.ts';
import { DOCUMENT, MODES, sharedPast, TEXT } from './recorded-past.ts';

describe.each(MODES)('with the server %s', (mode) => {
  const shared = sharedPast(mode);

  test('the deltas lead from one moment to the other, both ways', async () => {
    const past = shared.current;

    for (const [from, to] of [
      [2, 7],
      [8, 3],
      [0, 8],
    ] as const) {
      const { stdout } = await headwater(['diff', DOCUMENT, String(from), String(to), '--json', ...past.data]);
      const diff = JSON.parse(stdout.toString()) as { changes: { path: unknown; delta: TextOp[] }[] };
      const text = new Y.Doc().getText();
      text.insert(0, past.texts[from] ?? '');
      text.applyDelta(diff.changes[0]?.delta ?? []);

      expect(diff).toMatchObject({ documentName: DOCUMENT, from, to, changes: [{ path: [TEXT], kind: 'text' }] });
      expect(text.toString()).toBe(past.texts[to]);
    }
  });

  test('people see what went and what came, with the lines around it', async () => {
    const past = shared.current;

    const { stdout } = await headwater(['diff', DOCUMENT, '2', '5', ...past.data]);
    const same = await headwater(['diff', DOCUMENT, '5', '5', ...past.data]);

    expect(stdout.toString()).toBe(
      `${TEXT} (text)\n@@ line 1 @@\nThe [-quick -]brown fox\njumps over the {+lazy +}dog.\n{+日本語 😀\n+}\n`,
    );
    expect(same).toMatchObject({ status: 0, stdout: Buffer.from('') });
  });
});

test('maps, arrays and types in types show their keys and positions', async () => {
  await using directory = await TempDir.create();
  const updates = updatesOf(
    (doc) => {
      doc.getMap('meta').set('title', 'Notes');
      doc.getMap('meta').set('old', 1);
      doc.getArray('list').push(['first', { deep: true }, new Y.Text('a text')]);
    },
    (doc) => {
      doc.getMap('meta').set('title', 'Notes, again');
      doc.getMap('meta').delete('old');
      doc.getMap('meta').set('new', [1, 2]);
      const list = doc.getArray<unknown>('list');
      list.delete(0, 2);
      list.push(['last']);
      (list.get(0) as Y.Text).insert(2, 'longer ');
      (list.get(0) as Y.Text).delete(0, 2);
    },
  );
  await storeDocuments(directory.path, { [DOCUMENT]: { updates } });

  const { stdout } = await headwater(['diff', DOCUMENT, '1', '2', '--data', directory.path]);

  expect(stdout.toString()).toBe(
    [
      'list (array)',
      '- [0] "first"',
      '- [1] {"deep":true}',
      '+ [1] "last"',
      'meta (map)',
      '+ new: [1,2]',
      '- old: 1',
      '~ title: "Notes" -> "Notes, again"',
      'list / 0 (text)',
      '@@ line 1 @@',
      '[-a-]{+longer+} text',
      '',
    ].join('\n'),
  );
});

test('formats show what they are, and XML what became of its nodes and attributes', async () => {
  await using directory = await TempDir.create();
  const updates = updatesOf(
    (doc) => {
      doc.getText('rich').insert(0, 'plain bold');
      const paragraph = new Y.XmlElement('p');
      paragraph.insert(0, [new Y.XmlText('one')]);
      doc.getXmlFragment('page').insert(0, [paragraph, new Y.XmlElement('hr')]);
    },
    (doc) => {
      doc.getText('rich').format(6, 4, { bold: true });
      const page = doc.getXmlFragment('page');
      const paragraph = page.get(0) as Y.XmlElement;
      paragraph.setAttribute('class', 'lead');
      (paragraph.get(0) as Y.XmlText).insert(3, ' and two');
      page.delete(1, 1);
    },
  );
  await storeDocuments(directory.path, { [DOCUMENT]: { updates } });

  const { stdout } = await headwater(['diff', DOCUMENT, '1', '2', '--data', directory.path]);

  expect(stdout.toString()).toBe(
    [
      'page (xml)',
      '- [1] {"$yjs":"xml-element","name":"hr","attributes":{},"children":[]}',
      'rich (text)',
      '@@ line 1 @@',
      'plain {~bold~}{"bold":true}',
      'page / 0 (xml)',
      '+ class: "lead"',
      'page / 0 / 0 (text)',
      '@@ line 1 @@',
      'one{+ and two+}',
      '',
    ].join('\n'),
  );
});

test.skipIf(!hasTerminal)('on a terminal colours say it, and a text cannot say anything to the terminal', async () => {
  await using directory = await TempDir.create();
  const updates = updatesOf(
    (doc) => doc.getText('t').insert(0, 'plain'),
    (doc) => doc.getText('t').insert(5, '\u001b]0;title\u0007'),
  );
  await storeDocuments(directory.path, { [DOCUMENT]: { updates } });

  const { status, text } = await runInTerminal(['diff', DOCUMENT, '1', '2', '--data', directory.path]);

  expect(status).toBe(0);
  expect(text).toContain('plain\u001b[32m␛]0;title␇\u001b[39m');
});

const joined = (segments: readonly Segment[], ...kinds: readonly Segment['kind'][]): string =>
  segments
    .filter(({ kind }) => kinds.includes(kind))
    .map(({ text }) => text)
    .join('');

const isChange = ({ kind }: Segment): boolean => kind !== 'same' && kind !== 'cut';

/** A text and what was done to it, with the delta Yjs itself gives for that. */
const edits = fc.record({
  before: fc.array(fc.constantFrom('a', 'b ', '\n', 'word\n', 'x'.repeat(90)), { maxLength: 60 }),
  changes: fc.array(fc.tuple(fc.nat(1_000), fc.nat(6), fc.constantFrom('', 'new', '\n', 'two\nlines')), {
    maxLength: 6,
  }),
});

test('segments hold both texts, and hunks every change with its line', () =>
  fc.assert(
    fc.property(edits, ({ before, changes }) => {
      const doc = new Y.Doc();
      const text = doc.getText();
      text.insert(0, before.join(''));
      let delta: TextOp[] = [];
      text.observe((event) => {
        delta = event.delta as TextOp[];
      });
      doc.transact(() => {
        for (const [at, deleted, inserted] of changes) {
          const index = at % (text.length + 1);
          text.delete(index, Math.min(deleted, text.length - index));
          text.insert(index, inserted);
        }
      });

      const segments = segmentsOf(delta, before.join(''));
      const hunks = [...hunksOf(segments)];

      expect(joined(segments, 'same', 'delete')).toBe(before.join(''));
      expect(joined(segments, 'same', 'insert')).toBe(text.toString());
      expect(hunks.flatMap((hunk) => hunk.segments).filter(isChange)).toEqual(segments.filter(isChange));
      for (const { line, segments: shown } of hunks) {
        expect(shown.some(isChange)).toBe(true);
        const first = joined(shown, 'same', 'insert').split('\n')[0] ?? '';
        expect(text.toString().split('\n')[line - 1]).toContain(first);
      }
    }),
  ));

test('what is far from any change is left out', () => {
  const lines = Array.from({ length: 200 }, (_, index) => `line ${index + 1}\n`).join('');
  const at = lines.indexOf('line 100');

  const hunks = [...hunksOf(segmentsOf([{ retain: at }, { insert: 'NEW ' }], lines))];

  expect(hunks).toEqual([
    {
      line: 98,
      segments: [
        { kind: 'same', text: 'line 98\nline 99\n' },
        { kind: 'insert', text: 'NEW ' },
        { kind: 'same', text: 'line 100\nline 101\nline 102' },
      ],
    },
  ]);
});

test('of a long line only what is near the change is shown, and a sign where it was cut', () => {
  const before = 'x'.repeat(500);

  const hunks = [...hunksOf(segmentsOf([{ retain: 250 }, { insert: 'NEW' }], before))];

  expect(hunks).toEqual([
    {
      line: 1,
      segments: [
        { kind: 'cut', text: '…' },
        { kind: 'same', text: 'x'.repeat(120) },
        { kind: 'insert', text: 'NEW' },
        { kind: 'same', text: 'x'.repeat(120) },
        { kind: 'cut', text: '…' },
      ],
    },
  ]);
});
