import { randomBytes } from 'node:crypto';
import { LevelStore, MemoryStore, type RemoteStore } from '@headwater/persistence';
import { describe, expect, onTestFinished, test, vi } from 'vitest';
import { freePorts } from '../support/free-ports.ts';
import { TcpProxy } from '../support/tcp-proxy.ts';
import { openFaulty, text, texts } from './level-fixtures.ts';
import { type AppendedText, appendRange, connectTo, QUICK, SECRET, serve } from './remote-fixtures.ts';
import { StoreChild } from './store-child.ts';
import { temporaryDirectory } from './temporary-directory.ts';

const NAMES = ['a', 'b/c', 'd'];

describe('a host that is killed and started again', () => {
  test.each([1, 2])('has lost nothing that was acknowledged, and gets all the rest in order (%i)', async (round) => {
    const directory = await temporaryDirectory();
    const port = await freePorts();
    let child = await startHost(directory, port);
    const store = await connectTo(port);
    const appends: AppendedText[] = [];
    const burst = (from: number): void => {
      for (const name of NAMES) appends.push(...appendRange(store, name, from, 10));
    };

    for (let turn = 0; turn < 15 * round; turn += 1) {
      burst(turn * 10);
      await new Promise(setImmediate);
    }
    await vi.waitFor(() => expect(appends.some(({ durable }) => durable !== undefined)).toBe(true));
    const killing = child.kill();
    for (let turn = 0; turn < 10; turn += 1) {
      burst((15 * round + turn) * 10);
      await new Promise(setImmediate);
    }
    await killing;
    await vi.waitFor(() => expect(store.health.status).toBe('degraded'));
    const answered = appends.filter(({ written }) => written !== undefined);
    child = await startHost(directory, port);
    await Promise.all(appends.map(({ whenDurable }) => whenDurable));

    expect(store.health).toEqual({ status: 'ok', unsavedBytes: 0 });
    await store.close();
    await child.kill();
    await using level = await LevelStore.open(directory);
    for (const name of NAMES) {
      const found = await texts(level, name);
      const expected = appends.map((append) => append.text).filter((value) => value.startsWith(`${name}:`));
      expect([...new Set(found)]).toEqual(expected);
    }
    // What the first host had answered is where it said, and there once.
    for (const { text: value, written, durable } of answered) {
      expect(durable).toBe(written);
      const found = await texts(level, value.slice(0, value.lastIndexOf(':')));
      expect(found.filter((other) => other === value)).toHaveLength(1);
      expect(found[(written ?? 0) - 1]).toBe(value);
    }
    expect(answered.length).toBeGreaterThan(0);
  });

  test('keeps a reader waiting, and is iterated on from where it was', async () => {
    const directory = await temporaryDirectory();
    const port = await freePorts();
    let child = await startHost(directory, port);
    const store = await connectTo(port);
    const names = Array.from({ length: 250 }, (_, index) => `doc-${String(index).padStart(3, '0')}`);
    await Promise.all(names.map((name) => store.append(name, text(name)).durable));

    const seen: string[] = [];
    for await (const { documentName } of store.list()) {
      seen.push(documentName);
      if (seen.length === 130) {
        await child.kill();
        child = await startHost(directory, port);
      }
    }

    expect(seen).toEqual(names);
    await child.kill();
    const loading = texts(store, 'doc-007');
    await startHost(directory, port);
    expect(await loading).toEqual(['doc-007']);
  });

  test('answers neither reads nor deletions while it is away, and says so', async () => {
    const directory = await temporaryDirectory();
    const port = await freePorts();
    const child = await startHost(directory, port);
    const store = await connectTo(port, { patienceMs: 200 });
    await store.append('doc', text('one')).durable;

    await child.kill();
    const { written, durable } = store.append('doc', text('two'));

    await expect(written).rejects.toMatchObject({ code: 'HW_STORE_WRITE_FAILED' });
    await expect(store.load('doc')).rejects.toMatchObject({ code: 'HW_STORE_UNAVAILABLE' });
    await expect(store.delete('doc')).rejects.toMatchObject({ code: 'HW_STORE_UNAVAILABLE' });
    expect(store.health).toMatchObject({ status: 'degraded', error: expect.any(Error) });
    expect(store.health.unsavedBytes).toBeGreaterThan(0);
    await startHost(directory, port);
    expect(await durable).toBe(2);
  });

  test('is not waited for by a close any longer than that may take', async () => {
    const port = await freePorts();
    const child = await startHost(await temporaryDirectory(), port);
    const store = await connectTo(port, { closeTimeoutMs: 50 });
    await child.kill();
    const { durable } = store.append('doc', text('lost'));

    await expect(store.close()).rejects.toMatchObject({ code: 'HW_STORE_WRITE_FAILED' });
    await expect(durable).rejects.toMatchObject({ code: 'HW_STORE_CLOSED' });
  });
});

describe('a host that is frozen', () => {
  test('keeps no edit from being seen, and stores each once when it goes on', async () => {
    const directory = await temporaryDirectory();
    const port = await freePorts();
    const child = await startHost(directory, port, { silenceMs: 60_000 });
    const store = await connectTo(port, { attemptMs: 50, silenceMs: 500 });
    await store.append('doc', text('doc:0')).durable;

    child.freeze();
    const appends = appendRange(store, 'doc', 1, 5);
    await vi.waitFor(() => expect(appends.every(({ writeError }) => writeError !== undefined)).toBe(true));
    expect(store.health.status).toBe('degraded');
    const [late] = appendRange(store, 'doc', 6, 1);
    await expect(late?.whenWritten).rejects.toMatchObject({ code: 'HW_STORE_WRITE_FAILED' });
    await vi.waitFor(() => expect(store.health.error?.message).toContain('away'), { timeout: 5_000 });
    child.thaw();

    expect(await Promise.all(appends.map(({ whenDurable }) => whenDurable))).toEqual([2, 3, 4, 5, 6]);
    expect(await late?.whenDurable).toBe(7);
    expect(await texts(store, 'doc')).toEqual([0, 1, 2, 3, 4, 5, 6].map((n) => `doc:${n}`));
    expect(store.health.status).toBe('ok');
  });
});

describe('a bad network', () => {
  test('that cuts connections again and again has everything stored once, in order', async () => {
    await using proxy = await TcpProxy.start((await served()).port);
    const store = await connectTo(proxy.port);
    const appends: AppendedText[] = [];

    for (let turn = 0; turn < 60; turn += 1) {
      appends.push(...appendRange(store, 'doc', turn * 5, 5));
      if (turn % 10 === 9) proxy.cut();
      await new Promise(setImmediate);
      if (turn % 3 === 0) await store.logEnds(['doc']);
    }
    await Promise.all(appends.map(({ whenDurable }) => whenDurable));

    expect(await texts(store, 'doc')).toEqual(appends.map((append) => append.text));
    expect(appends.map(({ durable }) => durable)).toEqual(appends.map((_, index) => index + 1));
  });

  test('that swallows everything is noticed, and another way is found', async () => {
    await using proxy = await TcpProxy.start((await served()).port);
    const store = await connectTo(proxy.port, { silenceMs: 250 });
    await store.append('doc', text('doc:0')).durable;

    proxy.fallSilent();
    const appends = appendRange(store, 'doc', 1, 3);
    const loading = texts(store, 'doc');

    await expect(appends[0]?.whenWritten).rejects.toMatchObject({ code: 'HW_STORE_WRITE_FAILED' });
    expect(await Promise.all(appends.map(({ whenDurable }) => whenDurable))).toEqual([2, 3, 4]);
    expect(await loading).toEqual([0, 1, 2, 3].map((n) => `doc:${n}`));
  });

  test('that is slow costs a batch one trip, whatever there is in it', async () => {
    const { port, inner } = await served();
    await using proxy = await TcpProxy.start(port);
    proxy.delayMs = 40;
    const store = await connectTo(proxy.port);
    const counted = vi.spyOn(inner, 'append');

    const before = performance.now();
    const appends = NAMES.flatMap((name) => appendRange(store, name, 0, 300));
    await Promise.all(appends.map(({ whenDurable }) => whenDurable));

    expect(performance.now() - before).toBeLessThan(60 * 2 * 40); // one after the other they would take 900 trips
    expect(counted).toHaveBeenCalledTimes(900);
  });

  test('that breaks in the middle of a change says that nobody knows whether it was made', async () => {
    await using proxy = await TcpProxy.start((await served()).port);
    const store = await connectTo(proxy.port, { patienceMs: 100 });
    await store.append('doc', text('one')).durable;
    const unknown = { code: 'HW_STORE_UNAVAILABLE' };

    proxy.delayMs = 1_000;
    const calls = [store.delete('doc'), store.changeHistory('doc', {}), store.replaceSnapshot('doc', snapshot(1, 10))];
    proxy.beUnreachable();

    for (const call of calls) await expect(call).rejects.toMatchObject(unknown);
  });
});

describe('a large snapshot', () => {
  test('holds up no append, and arrives', async () => {
    const { port } = await served();
    await using proxy = await TcpProxy.start(port);
    const store = await connectTo(proxy.port);
    await store.append('big', text('one')).durable;
    const big = snapshot(1, 20 * 1024 * 1024);

    let isReplaced = false;
    const replacing = store.replaceSnapshot('big', big).then(() => {
      isReplaced = true;
    });
    for (const append of appendRange(store, 'small', 0, 5)) await append.whenWritten;
    expect(isReplaced).toBe(false);
    await replacing;

    const loaded = await store.load('big');
    expect(loaded.tail).toEqual([]);
    expect(Buffer.compare(loaded.snapshot?.update ?? new Uint8Array(), big.update)).toBe(0);
    expect(loaded.snapshot?.update.byteLength).toBe(loaded.snapshot?.update.buffer.byteLength); // nothing else is kept with it
  });

  test('of a document that is deleted on its way does not reach the next one of its name', async () => {
    const { port } = await served();
    const store = await connectTo(port);
    await store.append('doc', text('one')).durable;

    const replacing = store.replaceSnapshot('doc', snapshot(1, 20 * 1024 * 1024));
    const deleting = store.delete('doc', { allowReuse: true });
    const { durable } = store.append('doc', text('another'));

    await expect(replacing).rejects.toMatchObject({ code: 'HW_DOCUMENT_UNKNOWN' });
    expect(await deleting).toBe(true);
    expect(await durable).toBe(1);
    expect(await store.load('doc')).toMatchObject({ snapshot: undefined, tail: [{ sequence: 1 }] });
  });
});

describe("the host's own troubles", () => {
  test('are those of its clients: a disk that fails rejects the first attempt, and nothing is lost', async () => {
    const { store: level, disk } = await openFaulty(await temporaryDirectory());
    onTestFinished(() => level.close());
    const host = await serve(level, { heartbeatMs: 20 });
    const store = await connectTo(host.address.port);
    await store.append('doc', text('one')).durable;

    const failure = new Error('the disk is full');
    disk.fail('write', () => failure);
    disk.fail('reopen', () => failure);
    const { written, durable } = store.append('doc', text('two'));
    await expect(written).rejects.toMatchObject({ code: 'HW_STORE_WRITE_FAILED' });
    await vi.waitFor(() => expect(store.health).toMatchObject({ status: 'degraded' }));
    await expect(store.load('doc')).rejects.toMatchObject({ code: 'HW_STORE_UNAVAILABLE' });
    disk.repair();

    expect(await durable).toBe(2);
    await vi.waitFor(() => expect(store.health).toEqual({ status: 'ok', unsavedBytes: 0 }));
    expect(await texts(store, 'doc')).toEqual(['one', 'two']);
  });

  test('end with its close: what was sent before is saved and told, and the next host gets the rest', async () => {
    const directory = await temporaryDirectory();
    const port = await freePorts();
    const level = await LevelStore.open(directory);
    const host = await serve(level, { port });
    const store = await connectTo(port);

    const before = appendRange(store, 'doc', 0, 100);
    await before[0]?.whenWritten;
    host.stopAccepting();
    const after = appendRange(store, 'doc', 100, 10);
    await level.close();
    await host.close();
    expect(await Promise.all(before.map(({ whenDurable }) => whenDurable))).toEqual(
      before.map((_, index) => index + 1),
    );
    const next = await LevelStore.open(directory);
    onTestFinished(() => next.close());
    await serve(next, { port });

    await Promise.all(after.map(({ whenDurable }) => whenDurable));
    expect(await texts(store, 'doc')).toEqual([...before, ...after].map((append) => append.text));
  });
});

async function startHost(directory: string, port: number, times = {}): Promise<StoreChild> {
  const child = await StoreChild.start();
  const { event } = await child.open(directory);
  if (event !== 'opened') throw new Error('the child could not open the store');
  await child.serve(port, SECRET, { ...QUICK, ...times });
  return child;
}

async function served(): Promise<{ readonly port: number; readonly inner: MemoryStore }> {
  const inner = new MemoryStore();
  const host = await serve(inner, QUICK);
  return { port: host.address.port, inner };
}

/** Of a length; its bytes cannot be packed. */
function snapshot(sequence: number, bytes: number): Parameters<RemoteStore['replaceSnapshot']>[1] {
  const update = new Uint8Array(randomBytes(bytes));
  return { sequence, update, stateVector: Uint8Array.of(0), deleteSet: Uint8Array.of(0), timeMs: 1 };
}
