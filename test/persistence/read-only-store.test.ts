import { mkdtemp, readdir } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import * as Y from 'yjs';
import { DocumentHistory } from '../../persistence/src/history/document-history.ts';
import { LevelStore } from '../../persistence/src/level-store.ts';
import { ReadOnlyStore } from '../../persistence/src/read-only-store.ts';
import { TIME_MS } from './level-fixtures.ts';
import { temporaryDirectory } from './temporary-directory.ts';

const REFUSED = expect.objectContaining({ code: 'HW_STORE_READ_ONLY' });

test('everything can be read, and nothing changed', async () => {
  const directory = await temporaryDirectory();
  const doc = new Y.Doc();
  doc.getText('text').insert(0, 'hello');
  const entries = [{ update: Y.encodeStateAsUpdate(doc), author: 'ada' }];
  const filling = await LevelStore.open(directory);
  await filling.append('doc', { timeMs: TIME_MS, entries }).durable;
  await filling.close();

  await using store = await ReadOnlyStore.open(directory);
  const history = new DocumentHistory(store);

  expect((await history.stateAt('doc', 1)).doc().getText('text').toString()).toBe('hello');
  expect((await history.moments('doc')).map(({ authors }) => authors)).toEqual([['ada']]);
  expect((await store.load('doc')).tail).toHaveLength(1);
  expect((await store.info('doc'))?.sequence).toBe(1);
  expect((await store.logEnds(['doc', 'other'])).map(({ sequence }) => sequence)).toEqual([1, 0]);
  const { written, durable } = store.append();
  await expect(written).rejects.toThrow(REFUSED);
  await expect(durable).rejects.toThrow(REFUSED);
  await expect(store.delete()).rejects.toThrow(REFUSED);
  await expect(store.replaceSnapshot()).rejects.toThrow(REFUSED);
  await expect(history.restore('doc', 0, { author: 'eve' })).rejects.toThrow(REFUSED);
  await expect(history.versions.create('doc', { label: 'x', author: 'eve' })).rejects.toThrow(REFUSED);
  expect((await store.info('doc'))?.sequence).toBe(1);
});

test('where there is no store none is made', async () => {
  const directory = await mkdtemp(join(tmpdir(), 'headwater-'));

  await expect(ReadOnlyStore.open(directory)).rejects.toMatchObject({
    code: 'HW_STORE_UNUSABLE',
    message: expect.stringContaining('no store'),
  });

  expect(await readdir(directory)).toEqual([]);
});
