import { DocumentHistory, MemoryStore, type Moment, type ReplayStep } from '@headwater/persistence';
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import * as Y from 'yjs';
import { visibleContent } from '../content/visible-content.ts';
import { compact, recordSession, START_MS } from './session.ts';

const session = recordSession(31, 40);

/** Records 1 to 10 are thinned to the states at 4 and 10; 11 to 30 are compacted; 31 to 40 are the tail. */
async function thinnedStore(): Promise<MemoryStore> {
  const store = new MemoryStore();
  const states = new Map<number, Uint8Array>();
  const history = new DocumentHistory(store);
  for (const { timeMs, entries, sequence } of session.records) {
    await store.append('doc', { timeMs, entries }).written;
    if (sequence === 4 || sequence === 10) states.set(sequence, (await history.stateAt('doc', sequence)).update);
    if ([10, 20, 30].includes(sequence)) await compact(store, 'doc');
  }
  await store.changeHistory('doc', {
    removeRecordsThrough: 10,
    addKeyFrames: [...states].map(([sequence, update]) => ({
      sequence,
      timeMs: START_MS + sequence * 1_000,
      authors: ['ada'],
      update,
    })),
    addVersions: [4, 15].flatMap((sequence) =>
      states.has(sequence) ? [{ id: `v${sequence}`, label: 'four', author: 'bob', createdMs: 7, sequence }] : [],
    ),
  });
  return store;
}

const KEPT = [4, 10, ...Array.from({ length: 30 }, (_, index) => 11 + index)];

describe('listing moments', () => {
  test('says who, when and how much; where only the state is kept, that', async () => {
    const history = new DocumentHistory(await thinnedStore());

    const moments = await history.moments('doc');

    expect(moments.map(({ sequence }) => sequence)).toEqual(KEPT);
    expect(moments[0]).toEqual({
      sequence: 4,
      timeMs: START_MS + 4_000,
      authors: ['ada'],
      updates: 0,
      bytes: 0,
      kind: 'state',
      versions: [{ id: 'v4', label: 'four', author: 'bob', createdMs: 7, sequence: 4 }],
    });
    const record = session.records[19];
    expect(moments.find(({ sequence }) => sequence === 20)).toEqual({
      sequence: 20,
      timeMs: record?.timeMs,
      authors: [...new Set(record?.entries.map(({ author }) => author))],
      updates: record?.entries.length,
      bytes: record?.entries.reduce((sum, { update }) => sum + update.length, 0),
      kind: 'record',
      versions: [],
    });
  });

  test('pages of any size, from either end, add up to all of them', async () => {
    const history = new DocumentHistory(await thinnedStore());
    await fc.assert(
      fc.asyncProperty(fc.integer({ min: 1, max: 45 }), async (limit) => {
        const forwards: Moment[] = [];
        for (let page = await history.moments('doc', { limit }); page.length > 0; ) {
          forwards.push(...page);
          page = await history.moments('doc', { limit, after: page.at(-1)?.sequence });
        }
        const backwards: Moment[] = [];
        for (let page = await history.moments('doc', { limit, before: Infinity }); page.length > 0; ) {
          backwards.unshift(...page);
          page = await history.moments('doc', { limit, before: page[0]?.sequence });
        }

        expect(forwards.map(({ sequence }) => sequence)).toEqual(KEPT);
        expect(backwards).toEqual(forwards);
      }),
    );
  });

  test('a page lies between two numbers', async () => {
    const history = new DocumentHistory(await thinnedStore());
    await fc.assert(
      fc.asyncProperty(fc.nat({ max: 45 }), fc.nat({ max: 45 }), async (after, before) => {
        const moments = await history.moments('doc', { after, before, limit: 5 });

        const wanted = KEPT.filter((sequence) => sequence > after && sequence < before).slice(0, 5);
        expect(moments.map(({ sequence }) => sequence)).toEqual(wanted);
      }),
    );
  });

  test('an unknown document has none, and says so', async () => {
    const history = new DocumentHistory(new MemoryStore());

    await expect(history.moments('never')).rejects.toMatchObject({ code: 'HW_DOCUMENT_UNKNOWN' });
  });
});

describe('asking for a moment', () => {
  test('that was thinned names the ones next to it', async () => {
    const history = new DocumentHistory(await thinnedStore());

    for (const [moment, before, after] of [
      [3, 0, 4],
      [5, 4, 10],
      [9, 4, 10],
    ]) {
      const going = history.stateAt('doc', moment ?? 0);
      await expect(going).rejects.toMatchObject({ code: 'HW_MOMENT_UNKNOWN' });
      await expect(going).rejects.toThrow(`next to it are ${before} and ${after}`);
    }
    for (const kept of [0, ...KEPT]) {
      const state = await history.stateAt('doc', kept);
      expect(visibleContent(state.doc())).toEqual(session.contents[kept]);
    }
  });

  test.each([-1, 41, 1.5, Number.NaN, Number.POSITIVE_INFINITY])(
    'that never was (%d) says which there are',
    async (moment) => {
      const history = new DocumentHistory(await thinnedStore());

      const going = history.stateAt('doc', moment);

      await expect(going).rejects.toMatchObject({ code: 'HW_MOMENT_UNKNOWN' });
      await expect(going).rejects.toThrow('"doc" has the moments 0 to 40');
    },
  );
});

describe('a replay', () => {
  test('of what was thinned goes from state to state, then record by record', async () => {
    const history = new DocumentHistory(await thinnedStore());
    const doc = new Y.Doc();
    const seen = new Map<number, ReplayStep>();
    const played = new Map<number, unknown>();

    for await (const step of history.replay('doc')) {
      Y.applyUpdate(doc, step.update);
      seen.set(step.sequence, step);
      played.set(step.sequence, visibleContent(doc)); // that of its last update stays
    }

    expect([...seen.keys()]).toEqual(KEPT);
    expect([...played.values()]).toEqual(KEPT.map((sequence) => session.contents[sequence]));
    const states = [...seen.values()].filter(({ kind }) => kind === 'state');
    expect(states.map(({ sequence, author }) => [sequence, author])).toEqual([
      [4, undefined],
      [10, undefined],
    ]);
  });

  test('of a part begins with the state there, and ends where it is told to', async () => {
    const history = new DocumentHistory(await thinnedStore());
    await fc.assert(
      fc.asyncProperty(fc.constantFrom(0, ...KEPT), fc.constantFrom(...KEPT), async (from, to) => {
        fc.pre(from <= to);
        const doc = new Y.Doc();
        let last = from;
        for await (const step of history.replay('doc', { from, to })) {
          Y.applyUpdate(doc, step.update);
          last = step.sequence;
        }
        expect(last).toBe(to);
        expect(visibleContent(doc)).toEqual(session.contents[to]);
      }),
    );
  });

  test('keeps the pace it is given, and makes no pause longer than told', async () => {
    const pauses: number[] = [];
    const sleep = async (ms: number): Promise<void> => void pauses.push(ms);
    const history = new DocumentHistory(await thinnedStore(), { sleep });

    await play(history.replay('doc', { from: 20, speed: 4 }));
    expect(pauses).toEqual(Array.from({ length: 20 }, () => 250));

    pauses.length = 0;
    await play(history.replay('doc', { from: 38, speed: 0.001 }));
    expect(pauses).toEqual([2_000, 2_000]);

    pauses.length = 0;
    await play(history.replay('doc'));
    expect(pauses).toEqual([]);
  });

  test('ends when its signal aborts, in the middle of a pause too', async () => {
    const history = new DocumentHistory(await thinnedStore());
    const stop = new AbortController();
    const steps: ReplayStep[] = [];

    for await (const step of history.replay('doc', {
      from: 20,
      speed: 0.000_001,
      maxPauseMs: 1e9,
      signal: stop.signal,
    })) {
      steps.push(step);
      setTimeout(() => stop.abort(), 5);
    }

    expect(steps.map(({ sequence }) => sequence)).toEqual([20]);
    expect(await play(history.replay('doc', { signal: AbortSignal.abort() }))).toEqual([]);
  });

  test('of what never was is refused', async () => {
    const history = new DocumentHistory(await thinnedStore());

    for (const range of [{ from: 5 }, { to: 41 }, { from: 20, to: 19 }, { from: -1 }, { from: 41 }]) {
      await expect(play(history.replay('doc', range))).rejects.toMatchObject({ code: 'HW_MOMENT_UNKNOWN' });
    }
    await expect(play(history.replay('doc', { speed: 0 }))).rejects.toThrow(RangeError);
    await expect(play(history.replay('never'))).rejects.toMatchObject({ code: 'HW_DOCUMENT_UNKNOWN' });
  });
});

async function play(steps: AsyncIterable<ReplayStep>): Promise<ReplayStep[]> {
  const all: ReplayStep[] = [];
  for await (const step of steps) all.push(step);
  return all;
}
