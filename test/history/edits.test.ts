import { DocumentHistory, type DocumentStore, LevelStore, MemoryStore } from '@headwater/persistence';
import { describe, expect, test } from 'vitest';
import * as Y from 'yjs';
import { visibleContent } from '../content/visible-content.ts';
import { temporaryDirectory } from '../persistence/temporary-directory.ts';
import { compact, recordSession, START_MS } from './session.ts';

const BOB = { author: 'bob' };

async function typed(
  store: DocumentStore,
  words: readonly (readonly [author: string, text: string])[],
): Promise<Y.Doc> {
  const doc = new Y.Doc();
  const text = doc.getText('notes');
  for (const [index, [author, word]] of words.entries()) {
    const before = Y.encodeStateVector(doc);
    text.insert(text.length, word);
    const entries = [{ update: Y.encodeStateAsUpdate(doc, before), author }];
    await store.append('doc', { timeMs: START_MS + index * 120_000, entries }).written;
  }
  return doc;
}

const textOf = async (history: DocumentHistory, name: string, moment: number): Promise<string> =>
  (await history.stateAt(name, moment)).doc().getText('notes').toString();

describe.each([
  ['LevelStore', async (): Promise<DocumentStore> => LevelStore.open(await temporaryDirectory())],
  ['MemoryStore', async (): Promise<DocumentStore> => new MemoryStore()],
])('in a %s', (_, open) => {
  test.each([81, 82])(
    'restoring any moment gives its content, and undoing that the content before (seed %i)',
    async (seed) => {
      const session = recordSession(seed, 40);
      await using store = await open();
      for (const { timeMs, entries } of session.records) await store.append('doc', { timeMs, entries }).written;
      await compact(store, 'doc', 25);
      const history = new DocumentHistory(store);

      let last = 40;
      for (const moment of [3, 17, 38]) {
        const before = visibleContent((await history.stateAt('doc', last)).doc());
        const restored = await history.restore('doc', moment, BOB);
        expect(restored).toBe(last + 1);
        expect(visibleContent((await history.stateAt('doc', restored)).doc())).toEqual(session.contents[moment]);
        const undone = await history.restore('doc', last, BOB);
        expect(visibleContent((await history.stateAt('doc', undone)).doc())).toEqual(before);
        last = undone;
      }
      expect((await history.moments('doc', { before: 1_000, limit: 1 }))[0]).toMatchObject({ authors: ['bob'] });
    },
  );

  test('restoring what is there already writes nothing', async () => {
    await using store = await open();
    await typed(store, [['ada', 'Hello']]);
    const history = new DocumentHistory(store);

    expect(await history.restore('doc', 1, BOB)).toBe(1);

    expect((await store.history('doc'))?.sequence).toBe(1);
  });

  test('a restore is written the way the history was told to', async () => {
    await using store = await open();
    const doc = await typed(store, [
      ['ada', 'Hello'],
      ['ada', ' world'],
    ]);
    const applied: string[] = [];
    const history = new DocumentHistory(store, {
      apply: async (name, update, author) => {
        Y.applyUpdate(doc, update);
        applied.push(`${name} ${author}`);
        return 99;
      },
    });

    expect(await history.restore('doc', 1, BOB)).toBe(99);

    expect(applied).toEqual(['doc bob']);
    expect(doc.getText('notes').toString()).toBe('Hello');
    expect((await store.history('doc'))?.sequence).toBe(2);
  });

  test('a diff tells what changed between two moments, in either direction', async () => {
    await using store = await open();
    await typed(store, [
      ['ada', 'Hello'],
      ['bob', ' world'],
    ]);
    const history = new DocumentHistory(store);

    expect(await history.diff('doc', 1, 2)).toMatchObject([
      { path: ['notes'], delta: [{ retain: 5 }, { insert: ' world' }] },
    ]);
    expect(await history.diff('doc', 2, 1)).toMatchObject([{ path: ['notes'], delta: [{ retain: 5 }, { delete: 6 }] }]);
    expect(await history.diff('doc', 0, 0)).toEqual([]);
  });

  test('blame names who wrote what and when, from the log, the history and what was thinned', async () => {
    await using store = await open();
    await typed(store, [
      ['ada', 'one '],
      ['bob', 'two '],
      ['ada', 'three '],
      ['cyd', 'four'],
    ]);
    const history = new DocumentHistory(store, { now: () => START_MS + 100 * 24 * 3_600_000 });
    const ranges = [
      { index: 0, length: 4, text: 'one ', author: 'ada', timeMs: START_MS },
      { index: 4, length: 4, text: 'two ', author: 'bob', timeMs: START_MS + 120_000 },
      { index: 8, length: 6, text: 'three ', author: 'ada', timeMs: START_MS + 240_000 },
      { index: 14, length: 4, text: 'four', author: 'cyd', timeMs: START_MS + 360_000 },
    ];

    expect(await history.blame('doc')).toEqual([{ path: ['notes'], ranges }]);
    await compact(store, 'doc', 2);
    expect(await history.blame('doc')).toEqual([{ path: ['notes'], ranges }]);
    await history.maintain('doc');
    expect((await store.history('doc'))?.spans).toEqual([]);
    await compact(store, 'doc', 3);
    expect(await history.blame('doc')).toEqual([{ path: ['notes'], ranges }]);
    expect(await history.blame('doc', 3)).toEqual([{ path: ['notes'], ranges: ranges.slice(0, 3) }]);
  });

  test('a fork begins with a moment, keeps who wrote it, and goes its own way', async () => {
    await using store = await open();
    await typed(store, [
      ['ada', 'one '],
      ['bob', 'two '],
      ['ada', 'three'],
    ]);
    const history = new DocumentHistory(store);

    expect(await history.fork('doc', 'copy', 2, { author: 'cyd' })).toBe(1);

    expect(await textOf(history, 'copy', 1)).toBe('one two ');
    expect((await history.moments('copy'))[0]?.authors).toEqual(['cyd']);
    const [blamed] = await history.blame('copy');
    expect(blamed?.ranges.map(({ text, author }) => [text, author])).toEqual([
      ['one ', 'ada'],
      ['two ', 'bob'],
    ]);
    const forked = (await history.stateAt('copy', 1)).doc();
    forked.getText('notes').insert(0, '!');
    const entries = [{ update: Y.encodeStateAsUpdate(forked), author: 'cyd' }];
    await store.append('copy', { timeMs: 1, entries }).written;
    expect(await textOf(history, 'copy', 2)).toBe('!one two ');
    expect(await textOf(history, 'doc', 3)).toBe('one two three');
  });

  test('a fork is written the way the history was told to, and one of the empty document is there all the same', async () => {
    await using store = await open();
    await typed(store, [['ada', 'one']]);
    const applied: string[] = [];
    const history = new DocumentHistory(store, {
      apply: async (name, update, author) => {
        applied.push(`${name} ${author}`);
        return store.append(name, { timeMs: START_MS, entries: [{ update, author }] }).durable;
      },
    });

    expect(await history.fork('doc', 'copy', 1, BOB)).toBe(1);
    expect(await history.fork('doc', 'empty', 0, BOB)).toBe(1);

    expect(applied).toEqual(['copy bob']);
    expect(await textOf(history, 'copy', 1)).toBe('one');
    expect(await textOf(history, 'empty', 1)).toBe('');
  });

  test('a fork takes no name that is taken, and needs a moment that is there', async () => {
    await using store = await open();
    await typed(store, [['ada', 'one ']]);
    const history = new DocumentHistory(store);
    await store.append('taken', { timeMs: 1, entries: [{ update: insertion('x'), author: 'a' }] }).written;

    await expect(history.fork('doc', 'taken', 1, BOB)).rejects.toMatchObject({ code: 'HW_DOCUMENT_EXISTS' });
    await expect(history.fork('doc', 'copy', 2, BOB)).rejects.toMatchObject({ code: 'HW_MOMENT_UNKNOWN' });
    await expect(history.fork('never', 'copy', 1, BOB)).rejects.toMatchObject({ code: 'HW_DOCUMENT_UNKNOWN' });
    await expect(history.fork('doc', '', 1, BOB)).rejects.toMatchObject({ code: 'HW_NAME_INVALID' });
    expect(await store.info('copy')).toBeUndefined();
    expect(await textOf(history, 'taken', 1)).toBe('x');
  });
});

function insertion(text: string): Uint8Array {
  const doc = new Y.Doc();
  doc.getText('notes').insert(0, text);
  return Y.encodeStateAsUpdate(doc);
}
