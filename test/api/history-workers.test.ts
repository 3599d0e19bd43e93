import { afterEach, describe, expect, test } from 'vitest';
import * as Y from 'yjs';
// The built one: a thread runs what was built, so that is what can start one.
import { HistoryWorkers } from '../../server/dist/workers/history-workers.js';
import { packAttribution, unpackAttribution } from '../../server/src/workers/packed-attribution.ts';
import { packUpdates, unpackUpdates } from '../../server/src/workers/packed-updates.ts';
import { slowUpdate } from '../support/forged-updates.ts';
import { updatesOf } from '../support/stored-documents.ts';

let workers: HistoryWorkers | undefined;
afterEach(async () => {
  await workers?.close();
});

const updates = updatesOf(
  (doc) => doc.getText('text').insert(0, 'hello'),
  (doc) => doc.getText('text').insert(5, ' world'),
);

test('a state is made of the updates in their order, and the ones handed in stay as they were', async () => {
  workers = new HistoryWorkers(1);
  const copies = updates.map((update) => update.slice());

  const state = await workers.makeState(copies);

  const doc = new Y.Doc();
  Y.applyUpdate(doc, state);
  expect(doc.getText('text').toString()).toBe('hello world');
  expect(copies).toEqual(updates);
});

test('what is damaged is an error with its code, as it would be here', async () => {
  workers = new HistoryWorkers(1);
  const damaged = Array.from({ length: 40 }, () => Uint8Array.of(1, 1, 1));

  await expect(workers.makeState(damaged)).rejects.toMatchObject({ name: 'HeadwaterError', code: 'HW_STORE_CORRUPT' });
});

test('work that takes too long is stopped, and what waited behind it is done', async () => {
  workers = new HistoryWorkers(1, { baseMs: 1_500, perMebibyteMs: 0 });

  const hostile = workers.makeState([slowUpdate(40_000)]);
  const queued = workers.makeState(updates);

  await expect(hostile).rejects.toMatchObject({ code: 'HW_API_BUSY' });
  expect((await queued).length).toBeGreaterThan(0);
}, 20_000);

test('work nobody waits for any more is not begun, and the thread of what runs is free again', async () => {
  workers = new HistoryWorkers(1);
  const [first, second] = [new AbortController(), new AbortController()];

  const running = workers.makeState([slowUpdate(40_000)], { signal: first.signal });
  const queued = workers.makeState(updates, { signal: second.signal });
  const third = workers.makeState(updates);
  second.abort(new Error('left'));
  first.abort(new Error('left too'));

  await expect(running).rejects.toThrow('left too');
  await expect(queued).rejects.toThrow('left');
  expect((await third).length).toBeGreaterThan(0);
}, 20_000);

test('only so much may wait, and who gives up waits no more', async () => {
  const pool = new HistoryWorkers(1);
  workers = pool;
  const stopping = new AbortController();
  const impatient = new AbortController();
  const running = pool.makeState([slowUpdate(40_000)], { signal: stopping.signal }).catch(() => 'stopped');
  const left = pool.makeState(updates, { signal: impatient.signal });
  const waiting = Array.from({ length: 63 }, () => pool.makeState(updates));

  await expect(pool.makeState(updates)).rejects.toMatchObject({ code: 'HW_API_BUSY' });
  impatient.abort(new Error('left'));
  await expect(left).rejects.toThrow('left');
  waiting.push(pool.makeState(updates));

  stopping.abort();
  expect(await running).toBe('stopped');
  expect(await Promise.all(waiting)).toHaveLength(64);
}, 20_000);

describe('packed for a thread and unpacked there', () => {
  test('updates are what they were', () => {
    for (const list of [[], [new Uint8Array()], updates, [new Uint8Array(), ...updates, new Uint8Array()]]) {
      expect(unpackUpdates(packUpdates(list)).map((update) => update.slice())).toEqual(list);
    }
  });

  test('attribution is what it was, at the ends of its numbers too', () => {
    const ranges = [
      { client: 0, clock: 0, length: 1, author: '', timeMs: 0 },
      { client: 2 ** 32 - 1, clock: 2 ** 53 - 2, length: 1, author: 'ada 😀', timeMs: Number.MAX_SAFE_INTEGER },
      { client: 2 ** 53 - 1, clock: 5, length: 2 ** 40, author: '', timeMs: 1_790_000_000_123 },
    ];

    expect([...unpackAttribution(packAttribution(ranges))]).toEqual(ranges);
  });
});
