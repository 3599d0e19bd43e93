import { execFileSync } from 'node:child_process';
import { rmSync } from 'node:fs';
import { afterEach, describe, expect, test } from 'vitest';
import { ServerProcess } from '../support/server-process.ts';
import { StockClient } from '../support/stock-client.ts';
import { TempDir } from '../support/temp-dir.ts';
import { canLimitFileSize, limitFileSize } from './file-size-limit.ts';
import { eventually, freshDocument, healthOf } from './support.ts';

const open: (ServerProcess | StockClient)[] = [];

afterEach(async () => {
  for (const resource of open.splice(0).reverse()) await resource[Symbol.asyncDispose]();
});

/** A server that has stored something, and two clients in the document. */
async function twoClients(flags: readonly string[] = []) {
  const server = await ServerProcess.start({ flags });
  open.push(server);
  const ada = await new StockClient(server.url, 'doc').synced();
  const bob = await new StockClient(server.url, 'doc').synced();
  open.push(ada, bob);
  ada.doc.getText('text').insert(0, 'before;');
  await bob.until(() => textOf(bob) === 'before;', 'the first edit');
  await eventually(async () => (await healthOf(server)).unsavedBytes === 0, 'the first edit to be saved');
  return { server, ada, bob };
}

const textOf = ({ doc }: { readonly doc: StockClient['doc'] }): string => doc.getText('text').toString();

/** Both edit, and each waits until it sees the edit of the other. */
async function editBothWays(ada: StockClient, bob: StockClient, edits: number): Promise<void> {
  for (let i = 0; i < edits; i++) {
    for (const [from, to] of [
      [ada, bob],
      [bob, ada],
    ] as const) {
      from.doc.getText('text').insert(textOf(from).length, `${i};`);
      await to.until(() => textOf(to) === textOf(from), 'an edit to be relayed');
    }
  }
}

describe.runIf(canLimitFileSize)('a disk that takes nothing', () => {
  test('stops no edit between clients, is told to whoever asks, and costs nothing once it works again', async () => {
    const { server, ada, bob } = await twoClients();
    const { pid } = server;

    limitFileSize(pid, 0);
    await editBothWays(ada, bob, 20);
    const health = await healthOf(server);
    expect(health.status).toBe('degraded');
    expect(health.reason).toMatch(/File too large|EFBIG/);
    expect(health.unsavedBytes).toBeGreaterThan(0);
    expect(server.logs.filter(({ level }) => level === 'error').map(({ msg }) => msg)).toContain(
      'the store cannot save; it keeps trying',
    );
    // Somebody who comes now gets what nobody could store.
    expect(textOf({ doc: await freshDocument(server.url, 'doc') })).toBe(textOf(ada));
    expect(textOf({ doc: await freshDocument(server.url, 'another') })).toBe('');

    limitFileSize(pid, 'unlimited');
    await eventually(async () => (await healthOf(server)).status === 'ok', 'the store to recover');
    await eventually(async () => (await healthOf(server)).unsavedBytes === 0, 'everything to be saved');
    expect(server.pid).toBe(pid);
    expect([...ada.closeCodes, ...bob.closeCodes]).toEqual([]);

    const text = textOf(ada);
    ada.close();
    bob.close();
    await server.kill9();
    await server.restart();
    expect(textOf({ doc: await freshDocument(server.url, 'doc') })).toBe(text);
  });

  test('again and again loses nothing, and neither does a compaction that fell into it', async () => {
    const { server, ada, bob } = await twoClients(['--compact-after-bytes', '100', '--unload-after-ms', '50']);
    for (let round = 0; round < 5; round++) {
      await editBothWays(ada, bob, 10);
      limitFileSize(server.pid, round % 2 === 0 ? 0 : 4096);
      await editBothWays(ada, bob, 10);
      limitFileSize(server.pid, 'unlimited');
    }
    await eventually(async () => (await healthOf(server)).unsavedBytes === 0, 'everything to be saved');

    const text = textOf(ada);
    ada.close();
    bob.close();
    await server.restart();
    expect(textOf({ doc: await freshDocument(server.url, 'doc') })).toBe(text);
  });

  test('with more unsaved than the server may hold slows writers down, and disconnects none who listen', async () => {
    const flags = ['--max-unsaved-bytes', '64KiB', '--heartbeat-interval-ms', '200'];
    const { server, ada, bob } = await twoClients(flags);
    limitFileSize(server.pid, 0);
    for (let i = 0; i < 20; i++) ada.doc.getText('text').insert(textOf(ada).length, 'x'.repeat(10_000));
    await eventually(async () => (await healthOf(server)).unsavedBytes > 64 * 1024, 'the limit to be reached');
    // Several heartbeats of nothing being read from anybody who writes.
    const start = performance.now();
    await eventually(() => performance.now() - start > 1_500, 'some heartbeats');

    expect([...ada.closeCodes, ...bob.closeCodes]).toEqual([]);
    limitFileSize(server.pid, 'unlimited');
    await bob.until(() => textOf(bob) === textOf(ada), 'every edit to arrive');
    await eventually(async () => (await healthOf(server)).unsavedBytes === 0, 'everything to be saved');
  });

  test('lets SIGTERM end the server in time, and the log says what that costs', async () => {
    const { server, ada, bob } = await twoClients(['--shutdown-timeout-ms', '1000']);
    limitFileSize(server.pid, 0);
    await editBothWays(ada, bob, 3);
    for (const client of [ada, bob]) client.provider.shouldConnect = false;

    const start = performance.now();
    const exit = await server.stop();

    expect(performance.now() - start).toBeLessThan(5_000);
    expect(exit).toEqual({ status: 1, signal: null });
    const errors = server.logs.filter(({ level }) => level === 'error').map(({ msg }) => msg);
    expect(errors).toContain('stopping with unsaved edits: the store does not write');
    expect(errors).toContain('stopped, but not everything could be saved');
    expect([...ada.closeCodes, ...bob.closeCodes]).toEqual([1012, 1012]);

    // The clients still have it, and bring it back.
    await server.restart();
    for (const client of [ada, bob]) client.provider.connect();
    await ada.synced();
    await eventually(async () => textOf({ doc: await freshDocument(server.url, 'doc') }) === textOf(ada), 'the edits');
  });

  test('and a second SIGTERM end at once', async () => {
    const { server, ada, bob } = await twoClients(['--shutdown-timeout-ms', '60s']);
    limitFileSize(server.pid, 0);
    await editBothWays(ada, bob, 1);
    server.signal('SIGTERM');
    await server.logLine(({ msg }) => msg === 'stopping');
    const ended = server.ended();
    // Two signals within half a second are one: a terminal sends them twice.
    const insisting = setInterval(() => server.signal('SIGTERM'), 100);
    const exit = await ended.finally(() => clearInterval(insisting));
    expect(exit).toEqual({ status: 1, signal: null });
    expect(server.logs.map(({ msg }) => msg)).toContain('stopping at once');
  });
});

function succeeds(command: string, args: readonly string[]): boolean {
  try {
    execFileSync(command, args, { stdio: 'ignore' });
    return true;
  } catch {
    return false;
  }
}

/** A real file system of 16 MB, where this user may mount one. */
async function mountSmallDisk(): Promise<(TempDir & { unmount(): void }) | undefined> {
  const directory = await TempDir.create();
  if (!succeeds('mount', ['-t', 'tmpfs', '-o', 'size=16m', 'tmpfs', directory.path])) {
    await directory[Symbol.asyncDispose]();
    return undefined;
  }
  return Object.assign(directory, { unmount: () => execFileSync('umount', ['-l', directory.path]) });
}

/** Leaves not a byte free. */
function fillUp(disk: TempDir): { remove(): void } {
  const filler = disk.join('filler');
  // Ends with "no space left on device", which is what it is for.
  succeeds('dd', ['if=/dev/zero', `of=${filler}`, 'bs=4096']);
  return { remove: () => rmSync(filler) };
}

test('a disk that is really full is survived the same way', async ({ skip }) => {
  const disk = await mountSmallDisk();
  if (disk === undefined) return skip('mounting is not permitted here');
  try {
    const server = await ServerProcess.start({ data: disk.join('data') });
    open.push(server);
    const ada = await new StockClient(server.url, 'doc').synced();
    const bob = await new StockClient(server.url, 'doc').synced();
    open.push(ada, bob);
    const fillers = fillUp(disk);
    await editBothWays(ada, bob, 10);
    await eventually(async () => {
      await editBothWays(ada, bob, 1);
      return (await healthOf(server)).status === 'degraded';
    }, 'the disk to be full');

    fillers.remove();
    await eventually(async () => (await healthOf(server)).unsavedBytes === 0, 'everything to be saved');
    const text = textOf(ada);
    ada.close();
    bob.close();
    await server.kill9();
    await server.restart();
    expect(textOf({ doc: await freshDocument(server.url, 'doc') })).toBe(text);
    await server.kill9();
  } finally {
    disk.unmount();
    await disk[Symbol.asyncDispose]();
  }
});
