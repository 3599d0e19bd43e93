import { setTimeout } from 'node:timers/promises';
import { HistoryClient, type ReplayStep } from '@headwater/client/history';
import { MemoryStore, type RecordBlock } from '@headwater/persistence';
import { createServer } from '@headwater/server';
import { expect, test } from 'vitest';
import * as Y from 'yjs';
import { visibleContent } from '../content/visible-content.ts';
import { compact, recordSession, START_MS } from '../history/session.ts';
import { serve, storeSession } from './served.ts';

async function collect(steps: AsyncIterable<ReplayStep>): Promise<ReplayStep[]> {
  const collected: ReplayStep[] = [];
  for await (const step of steps) collected.push(step);
  return collected;
}

test('a replay is every update in its order, with when and by whom', async () => {
  const told = { session: recordSession(1, 0) };
  await using served = await serve({}, async (store) => {
    told.session = await storeSession(store, 'doc', { seed: 21, records: 80 });
  });

  const steps = await collect(served.history.replay('doc'));

  expect(steps).toEqual(
    told.session.records.flatMap(({ sequence, timeMs, entries }) =>
      entries.map(({ update, author }) => ({
        sequence,
        timeMs,
        author,
        kind: 'update',
        update: new Uint8Array(update),
      })),
    ),
  );
});

test('a part of it begins with the state there', async () => {
  const told = { session: recordSession(1, 0) };
  await using served = await serve({}, async (store) => {
    told.session = await storeSession(store, 'doc', { seed: 22, records: 80 });
  });

  const steps = await collect(served.history.replay('doc', { from: 30, to: 70 }));

  expect(steps[0]).toMatchObject({ kind: 'state', sequence: 30, author: undefined });
  const doc = new Y.Doc();
  for (const { update } of steps) Y.applyUpdate(doc, update);
  expect(visibleContent(doc)).toEqual(told.session.contents[70]);
});

test('with a speed, steps come at the distance they had, and each when it is due', async () => {
  await using served = await serve({}, async (store) => {
    const doc = new Y.Doc();
    for (const [index, letter] of ['a', 'b', 'c'].entries()) {
      const before = Y.encodeStateVector(doc);
      doc.getText('t').insert(index, letter);
      const entries = [{ update: Y.encodeStateAsUpdate(doc, before), author: letter }];
      await store.append('doc', { timeMs: START_MS + index * 4_000, entries }).written;
    }
  });
  const arrivals: number[] = [];

  for await (const _ of served.history.replay('doc', { speed: 20 })) arrivals.push(performance.now());

  const gaps = arrivals.slice(1).map((at, index) => at - (arrivals[index] ?? 0));
  for (const gap of gaps) {
    expect(gap).toBeGreaterThan(150);
    expect(gap).toBeLessThan(1_000);
  }
  expect(gaps).toHaveLength(2);
});

/** Counts what is read of its log, and knows whether somebody is at it. */
class WatchedStore extends MemoryStore {
  blocks = 0;
  readers = 0;

  override async *recordBlocks(
    ...args: Parameters<MemoryStore['recordBlocks']>
  ): AsyncGenerator<RecordBlock, void, undefined> {
    this.readers += 1;
    try {
      for await (const { after, records } of super.recordBlocks(...args)) {
        // Small ones, so that it shows how far somebody has read.
        for (const [index, record] of records.entries()) {
          this.blocks += 1;
          yield { after: index === 0 ? after : record.sequence - 1, last: record.sequence, records: [record] };
        }
      }
    } finally {
      this.readers -= 1;
    }
  }
}

async function watched(records: number): Promise<{ store: WatchedStore; history: HistoryClient } & AsyncDisposable> {
  const store = new WatchedStore();
  const update = new Uint8Array(4_096);
  for (let sequence = 1; sequence <= records; sequence += 1) {
    await store.append('doc', { timeMs: START_MS + sequence * 1_000, entries: [{ update, author: 'ada' }] }).written;
  }
  const server = await createServer({ port: 0, store });
  const { port } = await server.listen();
  const history = new HistoryClient(`http://127.0.0.1:${port}`);
  return { store, history, [Symbol.asyncDispose]: () => server.close() };
}

async function until(isMet: () => boolean): Promise<void> {
  for (let waitedMs = 0; !isMet(); waitedMs += 10) {
    if (waitedMs > 10_000) throw new Error('timed out');
    await setTimeout(10);
  }
}

test('a client that leaves in the middle of a pause ends the reading', async () => {
  await using house = await watched(100);
  let steps = 0;

  for await (const _ of house.history.replay('doc', { speed: 1, maxPauseMs: 3_600_000 })) {
    steps += 1;
    expect(house.store.readers).toBe(1);
    break;
  }

  await until(() => house.store.readers === 0);
  expect(steps).toBe(1);
  expect(house.store.blocks).toBeLessThan(5);
});

test('a signal ends a replay without an error, on the server too', async () => {
  await using house = await watched(100);
  const stopping = new AbortController();
  let steps = 0;

  for await (const _ of house.history.replay('doc', { speed: 1, maxPauseMs: 60_000, signal: stopping.signal })) {
    steps += 1;
    stopping.abort();
  }

  await until(() => house.store.readers === 0);
  expect(steps).toBe(1);
});

test('a client that does not read on is not read ahead for without bounds', async () => {
  await using house = await watched(20_000); // 80 MB, and a third more in Base64
  const steps = house.history.replay('doc')[Symbol.asyncIterator]();
  await steps.next();

  await setTimeout(1_000);
  const { blocks } = house.store;
  await setTimeout(500);

  expect(house.store.blocks).toBe(blocks);
  expect(blocks).toBeLessThan(5_000);
  await steps.return?.();
  await until(() => house.store.readers === 0);
});

test('a server that stops says so instead of a step, so nobody takes a part for the whole', async () => {
  const house = await watched(100);
  const received: number[] = [];
  const replaying = (async () => {
    for await (const { sequence } of house.history.replay('doc', { speed: 1, maxPauseMs: 60_000 })) {
      received.push(sequence);
      if (sequence === 1) void house[Symbol.asyncDispose]();
    }
  })();

  await expect(replaying).rejects.toMatchObject({ code: 'HW_SHUTTING_DOWN' });
  expect(received).toEqual([1]);
});

test('what is damaged in the middle ends a replay with an error, not with an end', async () => {
  const store = new MemoryStore();
  const session = recordSession(23, 20);
  for (const { timeMs, entries } of session.records) await store.append('doc', { timeMs, entries }).written;
  await compact(store, 'doc', 10);
  const blocks = store.recordBlocks.bind(store);
  store.recordBlocks = async function* (...args: Parameters<MemoryStore['recordBlocks']>) {
    for await (const block of blocks(...args)) {
      yield block;
      throw new TypeError('a bug');
    }
  };
  await using server = await createServer({ port: 0, store });
  const { port } = await server.listen();
  const received: number[] = [];
  const replaying = (async () => {
    for await (const { sequence } of new HistoryClient(`http://127.0.0.1:${port}`).replay('doc'))
      received.push(sequence);
  })();

  await expect(replaying).rejects.toMatchObject({ code: 'HW_INTERNAL', message: expect.not.stringContaining('a bug') });
  expect(received.length).toBeGreaterThan(0);
});
