import {
  DocumentHistory,
  type DocumentStore,
  LevelStore,
  type LogRecord,
  MemoryStore,
  type RetentionPolicy,
} from '@headwater/persistence';
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { attributedRanges } from '../../persistence/src/history/attributed-ranges.ts';
import { type Point, survivors } from '../../persistence/src/history/survivors.ts';
import { visibleContent } from '../content/visible-content.ts';
import { temporaryDirectory } from '../persistence/temporary-directory.ts';
import { COMPACTED_AFTER_MS, compact, recordSession, START_MS } from './session.ts';

const HOUR_MS = 60 * 60 * 1000;
const DAY_MS = 24 * HOUR_MS;
const POLICY: RetentionPolicy = {
  keepAllMs: 7 * DAY_MS,
  tiers: [{ everyMs: HOUR_MS, untilAgeMs: 30 * DAY_MS }, { everyMs: DAY_MS }],
  maxBytes: 1e9,
};

const points = fc
  .array(fc.nat({ max: 60 * DAY_MS }), { maxLength: 80 })
  .map((times) => times.sort((a, b) => a - b).map((timeMs, index) => ({ sequence: index + 1, timeMs })));
const now = fc.integer({ min: 60 * DAY_MS, max: 150 * DAY_MS });

describe('what survives', () => {
  test('is everything that is young, and of every older hour or day the last', () => {
    fc.assert(
      fc.property(points, now, (given, nowMs) => {
        const kept = survivors(given, POLICY, nowMs);

        const wanted = given.filter((point) => {
          const age = nowMs - point.timeMs;
          return age < 7 * DAY_MS || isLastOf(point, given, nowMs, age < 30 * DAY_MS ? HOUR_MS : DAY_MS);
        });
        expect([...kept].sort((a, b) => a - b)).toEqual(wanted.map(({ sequence }) => sequence));
      }),
    );
  });

  test('later is part of what survives now: thinning in steps and at once come to the same', () => {
    fc.assert(
      fc.property(points, fc.array(now, { minLength: 1, maxLength: 6 }), (given, times) => {
        const inOrder = times.sort((a, b) => a - b);
        let left: readonly Point[] = given;
        for (const nowMs of inOrder) {
          const kept = survivors(left, POLICY, nowMs);
          left = left.filter(({ sequence }) => kept.has(sequence));
        }
        expect(left.map(({ sequence }) => sequence)).toEqual(
          [...survivors(given, POLICY, inOrder.at(-1) ?? 0)].sort((a, b) => a - b),
        );
      }),
    );
  });

  test('past the last tier is nothing', () => {
    const policy = { ...POLICY, tiers: [{ everyMs: HOUR_MS, untilAgeMs: 10 * DAY_MS }] };
    expect([
      ...survivors(
        [
          { sequence: 1, timeMs: 0 },
          { sequence: 2, timeMs: 2 * DAY_MS },
        ],
        policy,
        11 * DAY_MS,
      ),
    ]).toEqual([2]);
  });
});

/** Of the points of its stretch of time that are in the same tier. */
function isLastOf(point: Point, all: readonly Point[], nowMs: number, everyMs: number): boolean {
  const bucket = all.filter(
    ({ timeMs }) =>
      Math.floor(timeMs / everyMs) === Math.floor(point.timeMs / everyMs) &&
      nowMs - timeMs >= 7 * DAY_MS &&
      nowMs - timeMs < 30 * DAY_MS === nowMs - point.timeMs < 30 * DAY_MS,
  );
  return bucket.at(-1) === point;
}

describe.each([
  ['LevelStore', async (): Promise<DocumentStore> => LevelStore.open(await temporaryDirectory())],
  ['MemoryStore', async (): Promise<DocumentStore> => new MemoryStore()],
])('in a %s', (_, open) => {
  test.each([51, 52, 53])('what is kept has the states it had, as time goes by (seed %i)', async (seed) => {
    // Four records a day, for forty days; compacted every other day, maintained twice a week, and then for a year.
    const session = recordSession(seed, 150, { bulk: seed === 53, stepMs: 6.4 * HOUR_MS });
    await using store = await open();
    let nowMs = START_MS;
    const history = new DocumentHistory(store, { now: () => nowMs });
    for (const { timeMs, entries, sequence } of session.records) {
      nowMs = timeMs;
      await store.append('doc', { timeMs, entries }).written;
      if (sequence === 1) await history.setRetention('doc', POLICY);
      if (sequence % 7 === 0) await compact(store, 'doc');
      if (sequence % 14 === 0) await history.maintain('doc');
    }
    await compact(store, 'doc');
    const lastMs = nowMs;
    for (const days of [0, 1, 5, 12, 31, 365]) {
      nowMs = lastMs + days * DAY_MS;
      await history.maintain('doc');
      await expectKept(history, session, nowMs);
    }
    const left = await history.moments('doc', { limit: 1_000 });
    expect(left.length).toBeLessThan(50); // a state for each of forty days
    expect(left.every(({ kind }) => kind === 'state')).toBe(true);
  });

  test('who wrote what, and when, is remembered of records that are gone', async () => {
    const session = recordSession(61, 80, { stepMs: 1_000 });
    await using store = await open();
    for (const { timeMs, entries } of session.records) await store.append('doc', { timeMs, entries }).written;
    await compact(store, 'doc', 70);
    const history = new DocumentHistory(store, { now: () => START_MS + 10 * DAY_MS });
    await history.maintain('doc');
    expect((await store.history('doc'))?.spans).toEqual([]);

    const remembered = await store.attribution('doc');

    const wanted = [...attributedRanges(session.records.slice(0, 70))];
    expect(remembered.length).toBeLessThan(wanted.length);
    for (const { client, clock, length, author, timeMs } of wanted) {
      for (let at = clock; at < clock + length; at += 1) {
        const range = remembered.find((by) => by.client === client && by.clock <= at && at < by.clock + by.length);
        expect(range?.author).toBe(author);
        expect(Math.abs((range?.timeMs ?? 0) - timeMs)).toBeLessThan(60_000);
      }
    }
  });

  test('a budget is kept to, the oldest goes first, and the current state is never at risk', async () => {
    const session = recordSession(71, 120, { bulk: true });
    await using store = await open();
    const history = new DocumentHistory(store, { now: () => START_MS });
    const stored = async (): Promise<number> => {
      const { spans = [], keyFrames = [] } = (await store.history('doc')) ?? {};
      return [...spans, ...keyFrames].reduce((sum, { storedBytes }) => sum + storedBytes, 0);
    };
    for (const { timeMs, entries, sequence } of session.records) {
      await store.append('doc', { timeMs, entries }).written;
      if (sequence % 10 === 0) await compact(store, 'doc');
    }
    await history.maintain('doc');
    const all = await stored();
    const firsts: number[] = [];

    for (const maxBytes of [all, all >> 1, all >> 2, all >> 4, 0]) {
      await history.setRetention('doc', { ...POLICY, maxBytes });
      await history.maintain('doc');
      await compact(store, 'doc');

      expect(await stored()).toBeLessThanOrEqual(maxBytes);
      const moments = await history.moments('doc', { limit: 1_000 });
      const first = moments[0]?.sequence ?? 0;
      firsts.push(first);
      expect(moments.map(({ sequence }) => sequence)).toEqual(
        Array.from({ length: 121 - first }, (__, index) => first + index),
      );
      for (const { sequence } of moments) {
        expect(visibleContent((await history.stateAt('doc', sequence)).doc())).toEqual(session.contents[sequence]);
      }
    }
    expect(firsts[0]).toBe(1);
    expect(firsts).toEqual(firsts.toSorted((a, b) => a - b));
    expect(firsts.at(-1)).toBe(120);
  });

  test('a compaction that comes in while records are thinned costs no moment', async () => {
    const session = recordSession(5, 60, { bulk: true });
    await using real = await open();
    const append = async (from: number, to: number): Promise<void> => {
      for (const { timeMs, entries } of session.records.slice(from, to)) {
        await real.append('doc', { timeMs, entries }).written;
      }
    };
    await append(0, 30);
    await compact(real, 'doc');
    await append(30, 50);
    await real.changeHistory('doc', { retention: { keepAllMs: 1_000, tiers: [], maxBytes: 1e9 } });
    let isFirst = true;
    const store = new Proxy(real, {
      get(target, key) {
        const value: unknown = Reflect.get(target, key, target);
        if (typeof value !== 'function') return value;
        if (key !== 'changeHistory') return value.bind(target);
        return async (...args: unknown[]) => {
          if (isFirst) await compact(real, 'doc');
          isFirst = false;
          return value.apply(target, args);
        };
      },
    });

    await new DocumentHistory(store, { now: () => START_MS + 31_000 }).maintain('doc');
    await append(50, 60);

    const history = new DocumentHistory(real);
    for (let moment = 31; moment <= 60; moment += 1) {
      expect(visibleContent((await history.stateAt('doc', moment)).doc())).toEqual(session.contents[moment]);
    }
  });

  test('none removes what there is, and keeps the document', async () => {
    const session = recordSession(72, 40);
    await using store = await open();
    for (const { timeMs, entries } of session.records) await store.append('doc', { timeMs, entries }).written;
    await compact(store, 'doc', 30);
    const history = new DocumentHistory(store);
    await history.setRetention('doc', 'none');
    expect(await history.retention('doc')).toEqual({ retention: 'none', isOwn: true });

    await history.maintain('doc');

    expect(await store.history('doc')).toMatchObject({ spans: [], keyFrames: [] });
    expect((await history.moments('doc')).map(({ sequence }) => sequence)).toEqual([
      30, 31, 32, 33, 34, 35, 36, 37, 38, 39, 40,
    ]);
    expect(visibleContent((await history.stateAt('doc', 40)).doc())).toEqual(session.contents[40]);
    await history.setRetention('doc', undefined);
    expect((await history.retention('doc')).isOwn).toBe(false);
  });
});

test('records stay for as long as the youngest of their chunk, though the clock was set back', async () => {
  const session = recordSession(3, 30);
  await using store = await LevelStore.open(await temporaryDirectory());
  for (const { entries, sequence } of session.records) {
    const timeMs = sequence === 30 ? START_MS - 30 * DAY_MS : START_MS;
    await store.append('doc', { timeMs, entries }).written;
  }
  await compact(store, 'doc');

  await new DocumentHistory(store, { now: () => START_MS }).maintain('doc');

  expect((await store.history('doc'))?.spans).toHaveLength(1);
});

test.each([
  [{ ...POLICY, keepAllMs: -1 }, /keepAllMs/],
  [{ ...POLICY, maxBytes: 1.5 }, /maxBytes/],
  [{ ...POLICY, tiers: [{ everyMs: 0 }] }, /everyMs/],
  [
    {
      ...POLICY,
      tiers: [
        { everyMs: 1, untilAgeMs: 5 },
        { everyMs: 1, untilAgeMs: 5 },
      ],
    },
    /order of their age/,
  ],
  [{ ...POLICY, tiers: [{ everyMs: 1 }, { everyMs: 1 }] }, /only the last/],
])('a policy that cannot be is refused, and nothing is changed (%#)', async (retention, message) => {
  await using store = new MemoryStore();
  await store.append('doc', { timeMs: 1, entries: [{ update: new Uint8Array(2), author: 'a' }] }).written;
  const history = new DocumentHistory(store);

  const setting = history.setRetention('doc', retention);

  await expect(setting).rejects.toMatchObject({ code: 'HW_RETENTION_INVALID' });
  await expect(setting).rejects.toThrow(message);
  expect((await history.retention('doc')).isOwn).toBe(false);
});

/** Every young record is there, what survives of the old ones, and all of them are what they were. */
async function expectKept(
  history: DocumentHistory,
  { records, contents }: { readonly records: readonly LogRecord[]; readonly contents: readonly unknown[] },
  nowMs: number,
): Promise<void> {
  const moments = await history.moments('doc', { limit: 1_000 });
  const kept = new Set(moments.map(({ sequence }) => sequence));
  for (const sequence of survivors(records, POLICY, nowMs)) expect(kept.has(sequence), `moment ${sequence}`).toBe(true);
  for (const { sequence, timeMs } of moments) {
    // Of a snapshot whose records are gone only the time it was made at is known.
    expect(timeMs - (records[sequence - 1]?.timeMs ?? 0)).toBeOneOf([0, COMPACTED_AFTER_MS]);
    expect(visibleContent((await history.stateAt('doc', sequence)).doc())).toEqual(contents[sequence]);
  }
}
