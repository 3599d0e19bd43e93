import { appendFile, readdir, stat, truncate } from 'node:fs/promises';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { LevelStore } from '../../persistence/src/level-store.ts';
import { openFaulty, text, texts, withLevel } from './level-fixtures.ts';
import { StoreChild } from './store-child.ts';
import { temporaryDirectory } from './temporary-directory.ts';

const META = ['meta/epoch', 'meta/format', 'meta/next-id', 'meta/owner', 'meta/store-id'];

describe('kill -9', () => {
  test.each([1, 2, 3])('everything that was written is there (%i)', async (round) => {
    const directory = await temporaryDirectory();
    const child = await StoreChild.start();
    await child.open(directory);
    const names = ['a', 'b/c', 'd'];

    child.send({ command: 'pour', name: names, bytes: 200 });
    await child.heardTimes('written', round * 700);
    await child.kill();

    await using store = await LevelStore.open(directory);
    for (const name of names) {
      const reported = child.said('written').filter((message) => message.name === name);
      const found = (await texts(store, name)).map((value) => value.slice(0, value.lastIndexOf(':')));
      expect(reported.length).toBeGreaterThan(100);
      expect(found.length).toBeGreaterThanOrEqual(reported.length);
      expect(found).toEqual(found.map((_, index) => `${name}:${index + 1}`));
      expect(reported.map(({ n, sequence }) => sequence === n)).not.toContain(false);
    }
  });

  test('a deletion that was interrupted is finished when the store is opened', async () => {
    const directory = await temporaryDirectory();
    const { store, disk } = await openFaulty(directory);
    for (let n = 1; n <= 5; n += 1) await store.append('doc', text(`${n}`)).written;
    disk.read = () => Promise.reject(new Error('the process died before it came to clearing'));
    expect(await store.delete('doc', { allowReuse: true })).toBe(true);
    await store.close();
    expect(await keys(directory)).toHaveLength(META.length + 6);

    const again = await openFaulty(directory);
    await again.disk.called('sync');
    await again.store.close();

    expect(await keys(directory)).toEqual(META);
  });
});

describe('a torn last write', () => {
  test('costs only itself', async () => {
    for (const torn of [1, 3, 7, 20, 60]) {
      const directory = await temporaryDirectory();
      await written(directory, 10);
      const log = await lastLog(directory);
      await truncate(log, (await stat(log)).size - torn);

      await using store = await LevelStore.open(directory);

      const found = await texts(store, 'doc');
      expect(found.length).toBeGreaterThanOrEqual(8);
      expect(found.length).toBeLessThan(10);
      expect(found).toEqual(found.map((_, index) => `value ${index + 1}`));
      expect(await store.append('doc', text('next')).durable).toBe(found.length + 1);
    }
  });

  test('garbage behind it costs nothing', async () => {
    for (const garbage of [Buffer.alloc(5, 0xff), Buffer.alloc(4_000, 0x5a), Buffer.alloc(40_000)]) {
      const directory = await temporaryDirectory();
      await written(directory, 10);
      await appendFile(await lastLog(directory), garbage);

      await using store = await LevelStore.open(directory);

      expect(await texts(store, 'doc')).toHaveLength(10);
      expect(await store.append('doc', text('next')).durable).toBe(11);
    }
  });

  test('what is appended after one survives the next start too', async () => {
    const directory = await temporaryDirectory();
    await written(directory, 5);
    const log = await lastLog(directory);
    await truncate(log, (await stat(log)).size - 4);

    const store = await LevelStore.open(directory);
    await store.append('doc', text('next')).durable;
    await store.close();

    await using again = await LevelStore.open(directory);
    expect((await texts(again, 'doc')).at(-1)).toBe('next');
  });
});

/** A process that was killed after its last write leaves a log behind: so does a store that was closed. */
async function written(directory: string, count: number): Promise<void> {
  const store = await LevelStore.open(directory);
  for (let n = 1; n <= count; n += 1) await store.append('doc', text(`value ${n}`)).durable;
  await store.close();
}

async function lastLog(directory: string): Promise<string> {
  const logs = (await readdir(directory)).filter((name) => name.endsWith('.log')).sort();
  const last = logs.at(-1);
  if (last === undefined) throw new Error('LevelDB keeps no .log file');
  return join(directory, last);
}

function keys(directory: string): Promise<string[]> {
  return withLevel(directory, async (db) => (await db.keys().all()).map((key) => Buffer.from(key).toString()));
}
