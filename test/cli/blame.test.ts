import { describe, expect, test } from 'vitest';
import { rowsOf } from '../../server/src/cli/history/blame.ts';
import { headwater } from '../support/run-command.ts';
import { storeDocuments, updateOf } from '../support/stored-documents.ts';
import { TempDir } from '../support/temp-dir.ts';
import { DOCUMENT, MODES, sharedPast, TEXT } from './recorded-past.ts';

interface RangeLine {
  readonly path: readonly unknown[];
  readonly index: number;
  readonly length: number;
  readonly text: string;
  readonly author: string;
  readonly time: string;
}

describe.each(MODES)('with the server %s', (mode) => {
  const shared = sharedPast(mode);

  test('every stretch has the author who wrote it, and the time of their record', async () => {
    const past = shared.current;
    const { stdout: listed } = await headwater(['history', DOCUMENT, '--json', ...past.data]);
    const moments = listed
      .toString()
      .trim()
      .split('\n')
      .map((line) => JSON.parse(line) as { authors: string[]; time: string });

    const { stdout } = await headwater(['blame', DOCUMENT, '--at', '6', '--json', ...past.data]);
    const ranges = stdout
      .toString()
      .trim()
      .split('\n')
      .map((line) => JSON.parse(line) as RangeLine);

    const by = (moment: number): object => ({
      path: [TEXT],
      author: moments[moment - 1]?.authors[0],
      time: moments[moment - 1]?.time,
    });
    expect(ranges.map(({ text }) => text).join('')).toBe(past.texts[6]);
    expect(ranges.map(({ index: _index, length: _length, ...range }) => range)).toEqual([
      { text: '# Animals\n\n', ...by(6) },
      { text: 'The brown fox\n', ...by(1) },
      { text: 'jumps over the ', ...by(2) },
      { text: 'lazy ', ...by(3) },
      { text: 'dog.\n', ...by(2) },
      { text: '日本語 😀\n', ...by(5) },
    ]);
    let index = 0;
    for (const range of ranges) {
      expect({ index: range.index, length: range.length }).toEqual({ index, length: range.text.length });
      index += range.length;
    }
  });

  test('people see lines, with their authors and times', async () => {
    const past = shared.current;

    const { stdout } = await headwater(['blame', DOCUMENT, '--at', '3', ...past.data]);
    const lines = stdout.toString().trimEnd().split('\n');
    const rows = lines.slice(1).map((line) => /^(\S+) +(\S+Z) +(\d+) {2}(.*)$/.exec(line)?.slice(1) ?? []);

    expect(lines[0]).toMatch(/^AUTHOR +TIME +LINE {2}TEXT$/);
    const [ada, bob] = [rows[0]?.[0], rows[1]?.[0]];
    expect(ada).not.toBe(bob);
    expect(rows.map(([author, , line, text]) => [author, line, text])).toEqual([
      [ada, '1', 'The quick brown fox'],
      [bob, '2', 'jumps over the '.trimEnd()],
      [ada, '2', 'lazy'],
      [bob, '2', 'dog.'],
    ]);
  });
});

test('only the texts of one root type, or a line that says which there are', async () => {
  await using directory = await TempDir.create();
  const update = updateOf((doc) => {
    doc.getText('one').insert(0, '1');
    doc.getText('two').insert(0, '2');
    doc.getMap('meta').set('title', 'x');
  });
  await storeDocuments(directory.path, { [DOCUMENT]: { updates: [update] } });
  const run = (...args: readonly string[]) => headwater(['blame', DOCUMENT, ...args, '--data', directory.path]);

  const two = await run('--root', 'two', '--json');
  const meta = await run('--root', 'meta');
  const both = await run();

  expect(JSON.parse(two.stdout.toString())).toMatchObject({ path: ['two'], text: '2', author: 'test' });
  expect(meta).toMatchObject({
    status: 2,
    stderr: `headwater: ${DOCUMENT} holds no text in meta; it does in one, two\n`,
  });
  expect(both.stdout.toString()).toMatch(/^one\nAUTHOR[^\n]*\ntest[^\n]*1\n\ntwo\nAUTHOR[^\n]*\ntest[^\n]*2\n$/);
});

const range = (text: string, author: string, timeMs: number) => ({
  index: 0,
  length: text.length,
  text,
  author,
  timeMs,
});

test('rows are lines, cut where the author changes', () => {
  const rows = [
    ...rowsOf([range('a', 'ada', 5), range('b\n', 'ada', 3), range('\nx', 'bob', 4), range('y', 'ada', 9)]),
  ];

  expect(rows).toEqual([
    { line: 1, author: 'ada', timeMs: 5, text: 'ab' },
    { line: 2, author: 'bob', timeMs: 4, text: '' },
    { line: 3, author: 'bob', timeMs: 4, text: 'x' },
    { line: 3, author: 'ada', timeMs: 9, text: 'y' },
  ]);
});
