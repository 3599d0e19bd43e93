import { execFile } from 'node:child_process';
import { readdir, rm, stat, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { describe, expect, onTestFinished, test } from 'vitest';
import { LevelStore } from '../../persistence/src/level-store.ts';
import { texts } from './level-fixtures.ts';
import { StoreChild } from './store-child.ts';
import { temporaryDirectory } from './temporary-directory.ts';

const run = promisify(execFile);

describe('a full disk', () => {
  test('a file size limit in the middle of a record: nothing is lost, and order is kept', async () => {
    const directory = await temporaryDirectory();
    const child = await StoreChild.start();
    await child.open(directory);
    child.send({ command: 'append', name: 'before', from: 1, count: 20, bytes: 500 });
    await child.heardTimes('durable', 20);

    // The next record fits in part: LevelDB's log ends in a torn record, and its writer does not notice.
    await child.limitFileSize((await logSize(directory)) + 1_000);
    await outage(child, () => child.limitFileSize(undefined));
    await child.kill();

    expect(await stored(directory)).toEqual(EVERYTHING);
  });

  test('a file system without room', async ({ skip }) => {
    const directory = await temporaryDirectory();
    const mounted = await run('mount', ['-t', 'tmpfs', '-o', 'size=4m', 'tmpfs', directory]).then(
      () => true,
      () => false,
    );
    if (!mounted) skip('mounting a tmpfs is not permitted here');
    onTestFinished(async () => {
      await run('umount', ['-l', directory]);
    });
    const child = await StoreChild.start();
    const store = join(directory, 'store');
    await child.open(store);
    child.send({ command: 'append', name: 'before', from: 1, count: 20, bytes: 500 });
    await child.heardTimes('durable', 20);

    await writeFile(join(directory, 'ballast'), Buffer.alloc(8 * 1024 * 1024)).catch(() => {});
    await outage(child, () => rm(join(directory, 'ballast')));
    await child.kill();

    expect(await stored(store)).toEqual(EVERYTHING);
  });
});

/** Ten records in the open, then the outage, ten more in it, and then there is room again. */
async function outage(child: StoreChild, makeRoom: () => Promise<void>): Promise<void> {
  child.send({ command: 'append', name: 'during', from: 1, count: 10, bytes: 3_000 });
  await child.heard(({ event, status }) => event === 'health' && status === 'degraded');
  const [rejected] = await child.heardTimes('rejected', 1);
  expect(rejected?.code).toBe('HW_STORE_WRITE_FAILED');

  child.send({ command: 'append', name: 'during', from: 11, count: 10, bytes: 3_000 });
  child.send({ command: 'append', name: 'unseen', from: 1, count: 3, bytes: 3_000 });
  await child.heard(({ event, name, n }) => event === 'rejected' && name === 'unseen' && n === 3);
  expect(child.said('durable').filter(({ name }) => name === 'unseen')).toEqual([]);

  // What is on the disk can be read all the while.
  child.send({ command: 'load', name: 'before' });
  expect(await child.heard(({ event, name }) => event === 'loaded' && name === 'before')).toMatchObject({
    records: 20,
  });

  await makeRoom();
  await child.heard(({ event, status }) => event === 'health' && status === 'ok');
  await child.heardTimes('durable', 43);
  expect(child.said('lost')).toEqual([]);

  child.send({ command: 'append', name: 'after', from: 1, count: 5, bytes: 500 });
  await child.heardTimes('durable', 48);
}

/** What every run of {@link outage} leaves behind. */
const EVERYTHING = { before: 20, during: 20, unseen: 3, after: 5 };

/** How many records of each document are there, in order and without a hole. */
async function stored(directory: string): Promise<Record<string, number>> {
  await using store = await LevelStore.open(directory);
  const counts: Record<string, number> = {};
  for (const name of Object.keys(EVERYTHING)) {
    const found = (await texts(store, name)).map((value) => value.slice(0, value.lastIndexOf(':')));
    expect(found).toEqual(found.map((_, index) => `${name}:${index + 1}`));
    counts[name] = found.length;
  }
  return counts;
}

async function logSize(directory: string): Promise<number> {
  const names = (await readdir(directory)).filter((name) => name.endsWith('.log'));
  const sizes = await Promise.all(names.map(async (name) => (await stat(join(directory, name))).size));
  return Math.max(0, ...sizes);
}
