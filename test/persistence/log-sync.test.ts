import { execFile } from 'node:child_process';
import { readdir, readFile, readlink, rm, utimes, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { describe, expect, test } from 'vitest';
import { LevelStore } from '../../persistence/src/level-store.ts';
import { LogSync } from '../../persistence/src/log-sync.ts';
import { text, withLevel } from './level-fixtures.ts';
import { StoreChild } from './store-child.ts';
import { temporaryDirectory } from './temporary-directory.ts';

describe('what LogSync takes for granted about LevelDB', () => {
  test('a write is in a file named NNNNNN.log of the directory', async () => {
    const directory = await temporaryDirectory();

    await withLevel(directory, async (db) => {
      await db.put(Buffer.from('key'), Buffer.from('a value to find'));

      const logs = (await readdir(directory)).filter((name) => /^\d{6}\.log$/.test(name));
      expect(logs).toHaveLength(1);
      expect((await readFile(join(directory, logs[0] ?? ''))).includes('a value to find')).toBe(true);
    });
  });

  test('a full log is followed by one with a higher number, and goes once it is a table', async () => {
    const directory = await temporaryDirectory();
    await using store = await LevelStore.open(directory, { writeBufferBytes: 64 * 1024 });
    const seen = new Set<string>();

    for (let n = 0; n < 40; n += 1) {
      await store.append('doc', text('x'.repeat(8_000))).durable;
      for (const name of await readdir(directory)) if (name.endsWith('.log')) seen.add(name);
    }

    const left = (await readdir(directory)).filter((name) => name.endsWith('.log'));
    expect(seen.size).toBeGreaterThan(2);
    expect(left.length).toBeLessThanOrEqual(2);
    expect([...seen].sort().at(-1)).toBe(left.sort().at(-1));
  });
});

describe('LogSync', () => {
  test('says when there is nothing to fsync', async () => {
    const directory = await temporaryDirectory();
    await writeFile(join(directory, 'MANIFEST-000001'), '');
    await writeFile(join(directory, '000002.ldb'), '');
    const logSync = new LogSync(directory);

    expect(await logSync.sync()).toBe(false);
  });

  test('finds a log that appears, and lets go of one that is gone', async () => {
    const directory = await temporaryDirectory();
    const logSync = new LogSync(directory);
    await writeFile(join(directory, '000003.log'), 'a');
    expect(await logSync.sync()).toBe(true);

    await writeFile(join(directory, '000007.log'), 'b');
    expect(await logSync.sync()).toBe(true);
    expect(await openLogs(directory)).toEqual(['000003.log', '000007.log']);

    await rm(join(directory, '000003.log'));
    expect(await logSync.sync()).toBe(true);
    expect(await openLogs(directory)).toEqual(['000007.log']);

    await logSync.close();
    expect(await openLogs(directory)).toEqual([]);
  });

  test('trusts an old listing only as long as the directory is unchanged', async () => {
    const directory = await temporaryDirectory();
    const logSync = new LogSync(directory);
    await writeFile(join(directory, '000003.log'), 'a');
    expect(logSync.isUpToDate).toBe(false);
    const longAgo = new Date(Date.now() - 60_000);
    await utimes(directory, longAgo, longAgo);
    expect(await logSync.sync()).toBe(true);
    expect(await logSync.sync()).toBe(true);
    expect(logSync.isUpToDate).toBe(true);

    await writeFile(join(directory, '000004.log'), 'b');
    expect(logSync.isUpToDate).toBe(false);
    expect(await logSync.sync()).toBe(true);

    expect(await openLogs(directory)).toEqual(['000003.log', '000004.log']);
    await logSync.close();
  });

  test('after a write that LevelDB fsynced itself, only the logs before are left to do', async () => {
    const directory = await temporaryDirectory();
    const logSync = new LogSync(directory);
    expect(await logSync.syncOthers()).toBe(false);
    await writeFile(join(directory, '000003.log'), 'a');
    expect(await logSync.syncOthers()).toBe(true);
    await writeFile(join(directory, '000007.log'), 'b');

    expect(await logSync.syncOthers()).toBe(true);
    expect(await openLogs(directory)).toEqual(['000003.log', '000007.log']);

    await rm(join(directory, '000003.log'));
    expect(await logSync.syncOthers()).toBe(true);
    expect(await openLogs(directory)).toEqual(['000007.log']);
    await logSync.close();
  });

  test('a directory that is gone is an error, not a success', async () => {
    const directory = await temporaryDirectory();
    const logSync = new LogSync(join(directory, 'missing'));

    await expect(logSync.sync()).rejects.toThrow(/ENOENT/);
  });
});

test('durable comes after an fdatasync of the log that was called after the write returned', async ({ skip }) => {
  const run = promisify(execFile);
  const directory = await temporaryDirectory();
  const trace = join(directory, 'trace');
  const strace = ['strace', '-f', '-y', '-s', '200', '-o', trace, '-e', 'trace=write,fdatasync,fsync'];
  const works = await run(strace[0] ?? '', [...strace.slice(1), 'true']).then(
    () => true,
    () => false,
  );
  if (!works) skip('strace is not available here');
  const child = await StoreChild.start(strace);
  await child.open(join(directory, 'store'));

  for (let n = 1; n <= 3; n += 1) {
    child.send({ command: 'append', name: 'doc', from: n, count: 1, bytes: 20 });
    await child.heardTimes('durable', n);
  }
  child.send({ command: 'close' });
  await child.heard(({ event }) => event === 'closed');
  await child.exit();

  const lines = (await readFile(trace, 'utf8')).split('\n');
  for (let n = 1; n <= 3; n += 1) {
    const write = lines.findIndex((line) => /write\(\d+<[^>]*\.log>/.test(line) && line.includes(`doc:${n}:`));
    const sync = lines.findIndex((line, index) => index > write && /fdatasync\(\d+<[^>]*\.log>/.test(line));
    // The IPC message to this test: {"event":"durable","name":"doc","n":1,…}
    const told = lines.findIndex((line) => line.includes('durable') && line.includes(`\\"n\\":${n},`));
    expect([write > -1, sync > write, told > sync]).toEqual([true, true, true]);
  }
});

/** Logs this process has a descriptor for, by Linux's account; elsewhere there is none to ask. */
async function openLogs(directory: string): Promise<string[]> {
  const links = await Promise.all(
    (await readdir('/proc/self/fd')).map((fd) => readlink(`/proc/self/fd/${fd}`).catch(() => '')),
  );
  return links
    .filter((path) => path.startsWith(`${directory}/`) && path.endsWith('.log'))
    .map((path) => path.slice(directory.length + 1))
    .sort();
}
