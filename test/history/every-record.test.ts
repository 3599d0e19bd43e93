import { DocumentHistory, type DocumentStore, LevelStore, MemoryStore } from '@headwater/persistence';
import { describe, expect, test } from 'vitest';
import * as Y from 'yjs';
import { visibleContent } from '../content/visible-content.ts';
import { temporaryDirectory } from '../persistence/temporary-directory.ts';
import { Random } from '../support/random.ts';
import { compact, recordSession, type Session } from './session.ts';

const STORES: readonly (readonly [string, () => Promise<() => Promise<DocumentStore>>])[] = [
  [
    'LevelStore',
    async () => {
      const directory = await temporaryDirectory();
      return () => LevelStore.open(directory);
    },
  ],
  [
    'MemoryStore',
    async () => {
      const store = new MemoryStore();
      store.close = async () => {}; // what is called a restart below is none
      return async () => store;
    },
  ],
];

describe.each(STORES)('with a %s', (_, prepare) => {
  test.each([
    [1, 60, false],
    [2, 60, false],
    [3, 60, false],
    [4, 90, true],
    [5, 90, true],
    [6, 150, true],
  ])(
    'the state at every record is that of a Y.Doc that applied the updates so far (seed %i)',
    async (seed, count, bulk) => {
      const session = recordSession(seed, count, { bulk });
      const open = await prepare();

      const store = await writtenWithPauses(session, open, new Random(seed));

      const outline = await store.history('doc');
      expect(outline?.sequence).toBe(count);
      expect(outline?.spans.length).toBeGreaterThan(0);
      expect((outline?.keyFrames.length ?? 0) > 0).toBe(bulk);
      await expectEveryRecord(store, session);
      await store.close();
    },
  );
});

test('sessions hold what they should: key frames in between, and more than one chunk', async () => {
  const session = recordSession(6, 150, { bulk: true });
  const directory = await temporaryDirectory();
  await using store = await writtenWithPauses(session, () => LevelStore.open(directory), new Random(1));

  const outline = await store.history('doc');

  expect(outline?.keyFrames.length).toBeGreaterThanOrEqual(2);
  expect(outline?.spans.length).toBeGreaterThanOrEqual(2);
  expect(outline?.spans.map(({ after }) => after)).toEqual(
    [0, ...(outline?.spans.map(({ last }) => last) ?? [])].slice(0, -1),
  );
});

/** Writes a session, and now and then compacts, all of it or a part, or opens the store anew. */
async function writtenWithPauses(
  { records }: Session,
  open: () => Promise<DocumentStore>,
  random: Random,
): Promise<DocumentStore> {
  let store = await open();
  for (const { timeMs, entries, sequence } of records) {
    const { written } = store.append('doc', { timeMs, entries });
    if (random.chance(50)) await written;
    if (random.chance(12)) await compact(store, 'doc', random.chance(50) ? sequence - random.below(4) : undefined);
    if (random.chance(6)) {
      await store.close();
      store = await open();
    }
  }
  return store;
}

async function expectEveryRecord(store: DocumentStore, { records, contents }: Session): Promise<void> {
  const history = new DocumentHistory(store);
  for (let moment = 0; moment <= records.length; moment += 1) {
    const state = await history.stateAt('doc', moment);
    const doc = state.doc();
    expect(visibleContent(doc), `moment ${moment}`).toEqual(contents[moment]);
    expect(state).toMatchObject({ sequence: moment, timeMs: records[moment - 1]?.timeMs });
    if (moment % 10 !== 0) continue;
    const fresh = new Y.Doc();
    Y.applyUpdate(fresh, state.update);
    expect(visibleContent(fresh), `encoded, moment ${moment}`).toEqual(contents[moment]);
  }

  const played = new Y.Doc();
  const playedContents = new Map([[0, visibleContent(played)]]);
  const steps: { sequence: number; timeMs: number; entry: object }[] = [];
  for await (const { sequence, timeMs, author = '', update } of history.replay('doc')) {
    Y.applyUpdate(played, update);
    playedContents.set(sequence, visibleContent(played)); // that of its last update stays
    steps.push({ sequence, timeMs, entry: { update, author } });
  }
  expect([...playedContents.values()]).toEqual(contents);
  expect(steps).toEqual(
    records.flatMap(({ sequence, timeMs, entries }) => entries.map((entry) => ({ sequence, timeMs, entry }))),
  );
}
