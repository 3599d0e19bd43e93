import { mkdir, readFile, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { META_KEYS } from '../../persistence/src/level-keys.ts';
import { encodeMeta } from '../../persistence/src/level-meta.ts';
import { LEVEL_STORE_DEFAULTS } from '../../persistence/src/level-options.ts';
import { LevelStore } from '../../persistence/src/level-store.ts';
import { text, texts, withLevel } from './level-fixtures.ts';
import { StoreChild } from './store-child.ts';
import { temporaryDirectory } from './temporary-directory.ts';

describe('opening', () => {
  test('makes the directory, and the store keeps its id and its documents', async () => {
    const directory = join(await temporaryDirectory(), 'deep', 'er');
    const first = await LevelStore.open(directory);
    const { storeId } = first;
    await first.append('doc', text('one')).durable;
    await first.close();

    await using second = await LevelStore.open(directory);

    expect(second.storeId).toBe(storeId);
    expect(storeId).toMatch(/^[0-9a-f-]{36}$/);
    expect(await texts(second, 'doc')).toEqual(['one']);
    expect(await second.append('doc', text('two')).written).toBe(2);
  });

  test('a store of another process is locked, and the error names the directory', async () => {
    const directory = await temporaryDirectory();
    const child = await StoreChild.start();
    expect(await child.open(directory)).toMatchObject({ event: 'opened' });

    const opening = LevelStore.open(directory);

    await expect(opening).rejects.toMatchObject({ code: 'HW_STORE_LOCKED' });
    await expect(opening).rejects.toThrow(directory);
    await expect(opening).rejects.toThrow(/stop the server that uses it, .*or choose another directory with --data/);
    await child.kill();
    await (await LevelStore.open(directory)).close();
  });

  test('a second opening in this process is refused, and does not unlock the first for other processes', async () => {
    const directory = await temporaryDirectory();
    await using store = await LevelStore.open(directory);
    await mkdir(join(directory, 'sub'));

    await expect(LevelStore.open(directory)).rejects.toMatchObject({ code: 'HW_STORE_LOCKED' });
    await expect(LevelStore.open(join(directory, 'sub', '..'))).rejects.toMatchObject({ code: 'HW_STORE_LOCKED' });

    const child = await StoreChild.start();
    expect(await child.open(directory)).toMatchObject({ event: 'failed', code: 'HW_STORE_LOCKED' });
    expect(store.health.status).toBe('ok');
  });

  test('a file in the place of the directory is unusable', async () => {
    const file = join(await temporaryDirectory(), 'file');
    await writeFile(file, 'not a directory');

    await expect(LevelStore.open(file)).rejects.toMatchObject({ code: 'HW_STORE_UNUSABLE' });
    await expect(LevelStore.open(file)).rejects.toThrow(`"${file}" as data directory: it is not a directory`);
    await expect(LevelStore.open(join(file, 'below'))).rejects.toMatchObject({ code: 'HW_STORE_UNUSABLE' });
    await expect(LevelStore.open(join(file, 'below'))).rejects.toThrow(/is not a directory$/);
    expect(await readFile(file, 'utf8')).toBe('not a directory');
  });

  test('a LevelDB of something else is unusable, and stays as it is', async () => {
    const directory = await temporaryDirectory();
    await withLevel(directory, (db) => db.put(Buffer.from('theirs'), Buffer.from('data')));

    await expect(LevelStore.open(directory)).rejects.toMatchObject({ code: 'HW_STORE_UNUSABLE' });

    expect(await withLevel(directory, (db) => db.keys().all())).toHaveLength(1);
  });

  test('a newer format is refused, and no record of it is touched', async () => {
    const directory = await temporaryDirectory();
    await makeStore(directory);
    await withLevel(directory, (db) => db.put(META_KEYS.format, encodeMeta(2)));
    const before = await withLevel(directory, (db) => db.iterator().all());

    await expect(LevelStore.open(directory)).rejects.toMatchObject({ code: 'HW_STORE_NEWER_FORMAT' });

    expect(await withLevel(directory, (db) => db.iterator().all())).toEqual(before);
  });

  test('an unreadable format number is corruption', async () => {
    const directory = await temporaryDirectory();
    await makeStore(directory);
    await withLevel(directory, (db) => db.put(META_KEYS.format, Buffer.from('?')));

    await expect(LevelStore.open(directory)).rejects.toMatchObject({ code: 'HW_STORE_CORRUPT' });
  });

  test('a store whose CURRENT file is gone is not taken for a new one', async () => {
    const directory = await temporaryDirectory();
    await makeStore(directory);
    await rm(join(directory, 'CURRENT'));

    const opening = LevelStore.open(directory);

    await expect(opening).rejects.toMatchObject({ code: 'HW_STORE_CORRUPT' });
    await expect(opening).rejects.toThrow(/backup/);
  });

  test('a damaged manifest is corruption, and the directory can be opened again after a repair', async () => {
    const directory = await temporaryDirectory();
    await makeStore(directory);
    const manifest = (await readFile(join(directory, 'CURRENT'), 'utf8')).trim();
    const intact = await readFile(join(directory, manifest));
    await writeFile(join(directory, manifest), Buffer.alloc(intact.length, 0x11));

    await expect(LevelStore.open(directory)).rejects.toMatchObject({ code: 'HW_STORE_CORRUPT' });

    await writeFile(join(directory, manifest), intact);
    await (await LevelStore.open(directory)).close();
  });

  test('an id that a lost name record had given is not given again', async () => {
    const directory = await temporaryDirectory();
    await makeStore(directory);
    // What a power cut may leave: the record of a later batch, without the batch that gave the document its id.
    await withLevel(directory, async (db) => {
      for (const key of await db.keys().all()) if (key[0] === 0x6e) await db.del(key);
      await db.del(META_KEYS.nextId);
    });

    await using again = await LevelStore.open(directory);

    expect(await again.append('other', text('one')).durable).toBe(1);
    expect(await texts(again, 'other')).toEqual(['one']);
  });
});

test('the defaults are those the comments promise', async () => {
  const source = await readFile(new URL('../../persistence/src/level-options.ts', import.meta.url), 'utf8');

  for (const [name, value] of Object.entries(LEVEL_STORE_DEFAULTS)) {
    const documented = new RegExp(`@defaultValue \`([\\d_]+)\`[^\\n]*\\n\\s*readonly ${name}\\?`).exec(source)?.[1];
    expect([name, Number(documented?.replaceAll('_', ''))]).toEqual([name, value]);
  }
});

/** A store with one document in it. */
async function makeStore(directory: string): Promise<void> {
  const made = await LevelStore.open(directory);
  await made.append('doc', text('one')).durable;
  await made.close();
}
