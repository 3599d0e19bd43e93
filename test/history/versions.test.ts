import { DocumentHistory, LevelStore, MAX_VERSION_TEXT_BYTES } from '@headwater/persistence';
import { expect, test } from 'vitest';
import { visibleContent } from '../content/visible-content.ts';
import { temporaryDirectory } from '../persistence/temporary-directory.ts';
import { compact, recordSession, START_MS } from './session.ts';

const DAY_MS = 24 * 60 * 60 * 1000;
const session = recordSession(41, 30);

async function written(store: LevelStore): Promise<DocumentHistory> {
  for (const { timeMs, entries, sequence } of session.records) {
    await store.append('doc', { timeMs, entries }).written;
    if (sequence % 10 === 0) await compact(store, 'doc');
  }
  return new DocumentHistory(store, { now: () => START_MS + 500 * DAY_MS });
}

test('a version is created, listed, renamed and deleted, and outlives the store', async () => {
  const directory = await temporaryDirectory();
  const store = await LevelStore.open(directory);
  const history = await written(store);

  const late = await history.versions.create('doc', { label: 'the end', author: 'ada' });
  const early = await history.versions.create('doc', { label: 'a draft 😀', author: 'bob', moment: 7 });
  expect(late).toEqual({ ...late, label: 'the end', author: 'ada', sequence: 30, createdMs: START_MS + 500 * DAY_MS });
  await store.close();

  await using again = await LevelStore.open(directory);
  const { versions, ...rest } = new DocumentHistory(again);
  expect(rest).toEqual({});
  expect(await versions.list('doc')).toEqual([early, late]);
  expect(await versions.rename('doc', early.id, 'draft')).toEqual({ ...early, label: 'draft' });
  await versions.delete('doc', late.id);
  expect(await versions.list('doc')).toEqual([{ ...early, label: 'draft' }]);
});

test('no retention takes a named version away: not time, not the budget, not none', async () => {
  await using store = await LevelStore.open(await temporaryDirectory());
  const history = await written(store);
  const version = await history.versions.create('doc', { label: 'keep me', author: 'ada', moment: 13 });

  for (const retention of [
    { keepAllMs: 1, tiers: [], maxBytes: 1e9 },
    { keepAllMs: 1e15, tiers: [], maxBytes: 0 },
    'none',
  ] as const) {
    await history.setRetention('doc', retention);
    await history.maintain('doc');

    expect(await history.versions.list('doc')).toEqual([version]);
    const kept = await history.moments('doc');
    expect(kept.map(({ sequence }) => sequence)).toEqual([13, 30]);
    expect(kept[0]?.versions).toEqual([version]);
    const state = await history.stateAt('doc', 13);
    expect(visibleContent(state.doc())).toEqual(session.contents[13]);
    expect(visibleContent((await history.stateAt('doc', 30)).doc())).toEqual(session.contents[30]);
  }

  await history.versions.delete('doc', version.id);
  await history.maintain('doc');
  expect((await history.moments('doc')).map(({ sequence }) => sequence)).toEqual([30]);
});

test.each([
  ['a label of 10 kB', { label: 'x'.repeat(10_000), author: 'ada' }, /label of a version has 10000 bytes/],
  ['a label that is too long as UTF-8', { label: '€'.repeat(342), author: 'ada' }, /1026 bytes/],
  ['an empty label', { label: ' ', author: 'ada' }, /label of a version must not be empty/],
  ['an author of 10 kB', { label: 'x', author: 'a'.repeat(10_000) }, /author of a version has 10000 bytes/],
])('%s is refused, and nothing is changed', async (_, version, message) => {
  await using store = await LevelStore.open(await temporaryDirectory());
  const history = await written(store);
  const before = await store.history('doc');

  const creating = history.versions.create('doc', version);

  await expect(creating).rejects.toMatchObject({ code: 'HW_VERSION_INVALID' });
  await expect(creating).rejects.toThrow(message);
  expect(await store.history('doc')).toEqual(before);
});

test('a label may be as long as the limit', async () => {
  await using store = await LevelStore.open(await temporaryDirectory());
  const history = await written(store);
  const label = 'x'.repeat(MAX_VERSION_TEXT_BYTES);

  const { id } = await history.versions.create('doc', { label: 'short', author: 'ada' });

  expect((await history.versions.rename('doc', id, label)).label).toBe(label);
  await expect(history.versions.rename('doc', id, `${label}x`)).rejects.toMatchObject({ code: 'HW_VERSION_INVALID' });
  expect((await history.versions.list('doc'))[0]?.label).toBe(label);
});

test('what is not there is named', async () => {
  await using store = await LevelStore.open(await temporaryDirectory());
  const { versions } = await written(store);
  const draft = { label: 'x', author: 'ada' };

  await expect(versions.create('never', draft)).rejects.toMatchObject({ code: 'HW_DOCUMENT_UNKNOWN' });
  await expect(versions.create('doc', { ...draft, moment: 31 })).rejects.toMatchObject({ code: 'HW_MOMENT_UNKNOWN' });
  await expect(versions.list('never')).rejects.toMatchObject({ code: 'HW_DOCUMENT_UNKNOWN' });
  await expect(versions.rename('doc', 'nope', 'x')).rejects.toMatchObject({ code: 'HW_VERSION_UNKNOWN' });
  await expect(versions.delete('doc', 'nope')).rejects.toThrow('"doc" has no version with the id "nope"');
});
