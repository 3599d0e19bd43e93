import { DocumentHistory, MemoryStore } from '@headwater/persistence';
import { afterEach, expect, test, vi } from 'vitest';
import * as Y from 'yjs';
import { HistoryKeeper, retentionOf } from '../../server/src/documents/history-keeper.ts';
import { SILENT_LOGGER } from '../../server/src/logging/logger.ts';
import { resolveServerOptions, type ServerOptions } from '../../server/src/options.ts';
import { visibleContent } from '../content/visible-content.ts';
import { compact, recordSession, START_MS } from '../history/session.ts';
import { InThreadWorkers } from './support.ts';

const HOUR_MS = 3_600_000;
const DAY_MS = 24 * HOUR_MS;

afterEach(() => {
  vi.useRealTimers();
});

function keeperOf(store: MemoryStore, nowMs: number) {
  const warnings: object[] = [];
  const logger = { ...SILENT_LOGGER, warn: (fields: object) => void warnings.push(fields) };
  const workers = new InThreadWorkers();
  return { warnings, workers, keeper: new HistoryKeeper(store, workers, logger, () => nowMs) };
}

test('after a compaction old records become states, made by the workers', async () => {
  const session = recordSession(91, 40, { stepMs: HOUR_MS });
  const store = new MemoryStore();
  for (const { timeMs, entries } of session.records) await store.append('doc', { timeMs, entries }).written;
  await compact(store, 'doc', 30);
  const { keeper, warnings } = keeperOf(store, START_MS + 20 * DAY_MS);

  keeper.lookAfter('doc');
  keeper.lookAfter('nobody');
  await keeper.whenDone();

  expect(warnings).toEqual([]);
  expect((await store.history('doc'))?.spans).toEqual([]);
  const history = new DocumentHistory(store);
  const moments = await history.moments('doc');
  expect(moments.map(({ sequence }) => sequence)).toEqual(session.records.map(({ sequence }) => sequence));
  expect(moments.filter(({ kind }) => kind === 'state')).toHaveLength(30); // one each hour
  for (const { sequence } of moments) {
    expect(visibleContent((await history.stateAt('doc', sequence)).doc())).toEqual(session.contents[sequence]);
  }
});

test('what does not integrate when joined is left out alone', async () => {
  const session = recordSession(93, 20);
  const store = new MemoryStore();
  const bad = [{ update: Uint8Array.of(1, 1, 20, 0, 0x84, 9, 0, 1, 120, 0), author: 'eve' }];
  for (const { timeMs, entries, sequence } of session.records) {
    await store.append('doc', { timeMs, entries: sequence === 5 ? [...entries, ...bad] : entries }).written;
  }
  await compact(store, 'doc');
  const { keeper, workers, warnings } = keeperOf(store, START_MS + 20 * DAY_MS);
  const { compactWith } = workers;
  workers.compactWith = (input) =>
    input.updates.length === 1 && input.allOrNothing === true && input.snapshot !== undefined
      ? { ...compactWith({ snapshot: undefined, updates: [] }), taken: 0 } // as when it is joined with what is bad
      : compactWith(input);

  keeper.lookAfter('doc');
  await keeper.whenDone();

  expect(warnings).toEqual([]);
  const history = new DocumentHistory(store);
  for (const { sequence } of await history.moments('doc')) {
    expect(visibleContent((await history.stateAt('doc', sequence)).doc())).toEqual(session.contents[sequence]);
  }
});

test('no record goes for a state that does not load', async () => {
  const session = recordSession(94, 20);
  const store = new MemoryStore();
  for (const { timeMs, entries } of session.records) await store.append('doc', { timeMs, entries }).written;
  await store.changeHistory('doc', { retention: { keepAllMs: 0, tiers: [{ everyMs: 1 }], maxBytes: 1e9 } });
  await compact(store, 'doc');
  const { keeper, workers, warnings } = keeperOf(store, START_MS + 20 * DAY_MS);
  const { compactWith } = workers;
  workers.compactWith = (input) => ({ ...compactWith(input), update: Uint8Array.of(1, 1, 20) });

  keeper.lookAfter('doc');
  await keeper.whenDone();

  expect(warnings).toMatchObject([{ documentName: 'doc', err: { code: 'HW_STORE_CORRUPT' } }]);
  expect((await store.history('doc'))?.spans).toHaveLength(1);
});

test('documents nobody writes to are looked after now and then', async () => {
  vi.useFakeTimers({ toFake: ['setTimeout', 'clearTimeout'] });
  const session = recordSession(92, 40, { stepMs: HOUR_MS });
  const store = new MemoryStore();
  for (const name of ['one', 'two']) {
    for (const { timeMs, entries } of session.records) await store.append(name, { timeMs, entries }).written;
    await compact(store, name, 30);
  }
  const { keeper, warnings } = keeperOf(store, START_MS + 20 * DAY_MS);

  await vi.advanceTimersByTimeAsync(10 * 60_000);
  vi.useRealTimers();

  for (const name of ['one', 'two']) await expect.poll(async () => (await store.history(name))?.spans).toEqual([]);
  keeper.stop();
  expect(warnings).toEqual([]);
});

test('a document whose history cannot be looked after is logged, keeps it, and holds up no other', async () => {
  const store = new MemoryStore();
  const doc = new Y.Doc();
  doc.getText('t').insert(0, 'text');
  const entries = [{ update: Y.encodeStateAsUpdate(doc), author: 'ada' }];
  for (const name of ['bad', 'good']) {
    for (const timeMs of [START_MS, START_MS + 2 * HOUR_MS]) await store.append(name, { timeMs, entries }).written;
    await compact(store, name);
  }
  const { keeper, workers, warnings } = keeperOf(store, START_MS + 20 * DAY_MS);
  const { compactWith } = workers;
  let calls = 0;
  workers.compactWith = (input) => {
    calls += 1;
    if (calls === 1) throw new Error('the thread died');
    return compactWith(input);
  };

  keeper.lookAfter('bad');
  keeper.lookAfter('good');
  await keeper.whenDone();

  expect(warnings).toMatchObject([{ documentName: 'bad', err: { message: 'the thread died' } }]);
  expect((await store.history('bad'))?.spans).toHaveLength(1);
  expect((await store.history('good'))?.spans).toEqual([]);
});

test('what is compacted after the stop is not looked after', async () => {
  const { keeper } = keeperOf(new MemoryStore(), 0);
  keeper.stop();

  keeper.lookAfter('doc');

  await expect(keeper.whenDone()).resolves.toBeUndefined();
});

test.each<[ServerOptions, unknown]>([
  [
    {},
    {
      keepAllMs: 7 * DAY_MS,
      tiers: [{ everyMs: HOUR_MS, untilAgeMs: 30 * DAY_MS }, { everyMs: DAY_MS }],
      maxBytes: 2 ** 30,
    },
  ],
  [{ history: 'none', historyKeepAllMs: '1d' }, 'none'],
  [
    { historyKeepAllMs: 0, historyHourlyMs: 0, historyDailyMs: '90d', historyMaxBytes: 5 },
    { keepAllMs: 0, tiers: [{ everyMs: DAY_MS, untilAgeMs: 90 * DAY_MS }], maxBytes: 5 },
  ],
  [
    { historyHourlyMs: '90d', historyDailyMs: '30d' },
    { keepAllMs: 7 * DAY_MS, tiers: [{ everyMs: HOUR_MS, untilAgeMs: 90 * DAY_MS }], maxBytes: 2 ** 30 },
  ],
])('options become a retention (%#)', (options, retention) => {
  expect(retentionOf(resolveServerOptions(options))).toEqual(retention);
});
