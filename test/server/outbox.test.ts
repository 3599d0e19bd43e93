import { once } from 'node:events';
import { expect, test } from 'vitest';
import { Outbox, unsentBytes } from '../../server/src/connection/outbox.ts';
import { deferred } from './deferred.ts';
import { SocketPair } from './sockets.ts';
import { turn } from './support.ts';

const MIB = 1024 * 1024;
/** More than the kernel takes between two sockets whose other end does not read. */
const FLOOD_BYTES = 32 * MIB;

test('buffers arrive in the order they were given, one write for all of them', async () => {
  await using pair = await SocketPair.open();
  const outbox = new Outbox(pair.near, MIB, () => {});
  const arrived = once(pair.far, 'data') as Promise<[Buffer]>;

  const hasRoom = outbox.send([Buffer.from('one '), Buffer.from('two '), Buffer.from('three')]);
  pair.far.resume();

  expect(hasRoom).toBe(true);
  expect((await arrived)[0].toString()).toBe('one two three');
});

test('it is full above the limit, says so once, and calls back when everything was sent', async () => {
  await using pair = await SocketPair.open();
  const drained = deferred();
  let drains = 0;
  const outbox = new Outbox(pair.near, MIB, () => {
    drains++;
    drained.resolve();
  });

  let sent = 0;
  while (outbox.send([Buffer.alloc(64 * 1024)])) {
    sent += 64 * 1024;
    if (sent > FLOOD_BYTES) throw new Error('it never gets full');
    await turn();
  }
  const whenFull = [outbox.isFull, outbox.isEmpty, pair.near.writableLength > MIB];
  const again = outbox.send([Buffer.alloc(10)]);
  pair.far.resume();
  await drained.promise;

  expect(whenFull).toEqual([true, false, true]);
  expect(again).toBe(false);
  expect([outbox.isFull, outbox.isEmpty, drains]).toEqual([false, true, 1]);
  expect(outbox.send([Buffer.alloc(10)])).toBe(true);
});

test('it can fill up and drain again and again', async () => {
  await using pair = await SocketPair.open();
  let drained = deferred();
  const outbox = new Outbox(pair.near, MIB, () => drained.resolve());
  pair.far.resume();

  for (let round = 0; round < 3; round++) {
    drained = deferred();
    expect(outbox.send([Buffer.alloc(FLOOD_BYTES / 2)])).toBe(false);
    await drained.promise;
    expect(outbox.isFull).toBe(false);
  }
});

test('less than the limit waits without making it full', async () => {
  await using pair = await SocketPair.open();
  const outbox = new Outbox(pair.near, 2 * FLOOD_BYTES, () => {});

  const hasRoom = outbox.send([Buffer.alloc(FLOOD_BYTES), Buffer.alloc(1)]);

  expect([hasRoom, outbox.isFull, outbox.isEmpty]).toEqual([true, false, false]);
});

test('what the kernel took of one large buffer is known from the handle of the socket', async () => {
  await using pair = await SocketPair.open();
  const outbox = new Outbox(pair.near, MIB, () => {});

  outbox.send([Buffer.alloc(FLOOD_BYTES)]);
  await turn();
  const unsentBefore = unsentBytes(pair.near);
  // The socket itself cannot say it: for it the buffer is unsent until its last byte went.
  expect(pair.near.writableLength).toBe(FLOOD_BYTES);
  expect(unsentBefore).toBeLessThan(FLOOD_BYTES);
  expect(unsentBefore).toBeGreaterThan(0);

  await readSome(pair, 8 * MIB);
  expect(pair.near.writableLength).toBe(FLOOD_BYTES);
  expect(unsentBytes(pair.near)).toBeLessThan(unsentBefore);
});

test('a socket has moved when the kernel took any of it, or when there is nothing to take', async () => {
  await using pair = await SocketPair.open();
  const outbox = new Outbox(pair.near, MIB, () => {});
  expect(outbox.hasMoved()).toBe(true);
  expect(outbox.hasMoved()).toBe(true);

  outbox.send([Buffer.alloc(FLOOD_BYTES)]);
  await turn();
  outbox.hasMoved(); // where it stands now
  expect(outbox.hasMoved()).toBe(false);
  await readSome(pair, 8 * MIB);

  expect(outbox.hasMoved()).toBe(true);
  expect(outbox.hasMoved()).toBe(false);
});

test('a socket that is gone swallows what is sent', async () => {
  await using pair = await SocketPair.open();
  const outbox = new Outbox(pair.near, 1, () => {});
  pair.near.destroy();

  expect(outbox.send([Buffer.alloc(MIB)])).toBe(true);
  expect(outbox.isFull).toBe(false);
});

/** Reads at least so many bytes at the far end, then pauses it and lets the near end notice. */
async function readSome({ near, far }: SocketPair, bytes: number): Promise<void> {
  const unsent = unsentBytes(near);
  let read = 0;
  const enough = deferred();
  const onData = (chunk: Buffer): void => {
    read += chunk.length;
    if (read < bytes) return;
    far.pause();
    far.off('data', onData);
    enough.resolve();
  };
  far.on('data', onData).resume();
  await enough.promise;
  while (unsentBytes(near) === unsent) await turn();
  // A kernel that took more goes on taking it for a moment.
  for (let last = -1; last !== unsentBytes(near); ) {
    last = unsentBytes(near);
    for (let i = 0; i < 20; i++) await turn();
  }
}
