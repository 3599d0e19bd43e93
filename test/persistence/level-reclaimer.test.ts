import { readdir, stat } from 'node:fs/promises';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { LevelReclaimer } from '../../persistence/src/level-reclaimer.ts';
import { LevelStore } from '../../persistence/src/level-store.ts';
import { TIME_MS } from './level-fixtures.ts';
import { temporaryDirectory } from './temporary-directory.ts';

const EMPTY = { update: new Uint8Array(2), stateVector: new Uint8Array(1), deleteSet: new Uint8Array(1), timeMs: 1 };

test('removed records give their room back, while the store is open and when it closes', async () => {
  const directory = await temporaryDirectory();
  const store = await LevelStore.open(directory, { retention: 'none' });
  const update = Uint8Array.from({ length: 1_000 }, (_, index) => (index * index * 7) >> 3);
  const sizes: number[] = [];
  for (let sequence = 1; sequence <= 24_000; sequence += 1) {
    update[sequence % 1_000] = (update[sequence % 1_000] ?? 0) + 1;
    const { written } = store.append('doc', { timeMs: TIME_MS, entries: [{ update, author: 'ada' }] });
    if (sequence % 1_000 !== 0) continue;
    await written;
    await store.replaceSnapshot('doc', { ...EMPTY, sequence });
    sizes.push(await sizeOf(directory));
  }
  await store.close();

  expect(Math.max(...sizes)).toBeLessThan(16e6); // of 24 MB that were written
  expect(await sizeOf(directory)).toBeLessThan(300e3);
});

test('an error of LevelDB costs nothing but room', async () => {
  const reclaimer = new LevelReclaimer(() => Promise.reject(new Error('EIO')));
  reclaimer.note(1, 10, 100e6);

  await expect(reclaimer.run()).resolves.toBeUndefined();

  await reclaimer.close();
});

test('nothing is asked of LevelDB for a few bytes, or after the close', async () => {
  let asked = 0;
  const reclaimer = new LevelReclaimer((work) => {
    asked += 1;
    return Promise.reject(new Error(`no ${work.length}`));
  });

  reclaimer.note(1, 10, 20_000);
  await reclaimer.close();
  reclaimer.note(1, 20, 100e6);
  await reclaimer.close();

  expect(asked).toBe(0);
});

async function sizeOf(directory: string): Promise<number> {
  const names = await readdir(directory);
  // A table may go between the two calls.
  const sizes = await Promise.all(
    names.map((name) =>
      stat(join(directory, name)).then(
        ({ size }) => size,
        () => 0,
      ),
    ),
  );
  return sizes.reduce((sum, size) => sum + size, 0);
}
