import { expect, test, vi } from 'vitest';
import type { FaultyDisk } from './faulty-disk.ts';
import { openFaulty, text, texts } from './level-fixtures.ts';
import { temporaryDirectory } from './temporary-directory.ts';

const pause = (ms: number): Promise<void> => new Promise((resolve) => setTimeout(resolve, ms));

/** A store whose fsync takes this long, as the store sees it, and counts of its trips. */
async function openWithSync(syncMs: number) {
  const opened = await openFaulty(await temporaryDirectory());
  const { disk, store } = opened;
  const speed = { syncMs };
  letSyncTake(disk, speed);
  const alone = vi.spyOn(disk, 'write');
  const inOne = vi.spyOn(disk, 'writeDurably');
  const append = (content: string): Promise<number> => store.append('doc', text(content)).durable;
  return { ...opened, speed, alone, inOne, append };
}

/** Without the disk's own fsync, which may be slow where the tests run. */
function letSyncTake(disk: FaultyDisk, speed: { readonly syncMs: number }): void {
  vi.spyOn(disk, 'sync').mockImplementation(async () => {
    if (speed.syncMs > 0) await pause(speed.syncMs);
  });
}

test('on a disk with a fast fsync, a change that finds nothing under way is written and fsynced in one', async () => {
  const { store, alone, inOne, append } = await openWithSync(0);
  await append('measures the first fsync');
  alone.mockClear();

  expect(await append('two')).toBe(2);
  expect(await append('three')).toBe(3);

  expect(inOne).toHaveBeenCalledTimes(2);
  expect(await texts(store, 'doc')).toEqual(['measures the first fsync', 'two', 'three']);
  await store.close();
});

test('on a disk with a slow fsync, a change is written at once and its fsync follows', async () => {
  const { store, inOne, append } = await openWithSync(20);

  for (const content of ['one', 'two', 'three']) await append(content);

  expect(inOne).not.toHaveBeenCalled();
  await store.close();
});

test('a disk that becomes slow is noticed', async () => {
  const { store, speed, inOne, append } = await openWithSync(0);
  await append('one');
  await append('two');
  expect(inOne).toHaveBeenCalledTimes(1);

  speed.syncMs = 50;
  await append('three, which is late');
  inOne.mockClear();
  await append('four');
  await append('five');

  expect(inOne).not.toHaveBeenCalled();
  await store.close();
});

test('what comes while a change is written and fsynced in one is the next one, and nothing is lost when that fails', async () => {
  const { store, disk, inOne, append } = await openWithSync(0);
  await append('one');
  disk.failTimes('write', 1);

  const [second, third] = [store.append('doc', text('two')), store.append('other', text('three'))];
  await expect(second.written).rejects.toMatchObject({ code: 'HW_STORE_WRITE_FAILED' });

  expect(await Promise.all([second.durable, third.durable])).toEqual([2, 1]);
  expect(inOne).toHaveBeenCalled();
  expect(disk.calls.map(({ step, isFailed }) => (isFailed ? `${step} failed` : step))).toContain('reopen');
  expect(await texts(store, 'doc')).toEqual(['one', 'two']);
  await store.close();
});
