import type { HistoryClient, NamedVersion, Retention } from '@headwater/client/history';
import { LevelStore } from '@headwater/persistence';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import * as Y from 'yjs';
import { visibleContent } from '../content/visible-content.ts';
import type { Session } from '../history/session.ts';
import { openDoc } from '../support/sessions.ts';
import { type Served, serve, storeSession } from './served.ts';

let served: Served;
let history: HistoryClient;
let session: Session;

beforeAll(async () => {
  served = await serve({}, async (store) => {
    session = await storeSession(store, 'doc', { seed: 41, records: 40 });
  });
  history = served.history;
});
afterAll(() => served[Symbol.asyncDispose]());

describe('named versions', () => {
  test('are created at any moment, listed by moment, renamed and deleted', async () => {
    const late = await history.versions.create('doc', { label: 'late 😀', author: 'ada', moment: 30 });
    const early = await history.versions.create('doc', { label: 'early', author: 'bob', moment: 10 });

    expect(late).toEqual({
      id: expect.any(String),
      label: 'late 😀',
      author: 'ada',
      createdMs: expect.any(Number),
      sequence: 30,
    } satisfies NamedVersion);
    expect(await history.versions.list('doc')).toEqual([early, late]);
    expect((await history.moments('doc', { after: 9, limit: 1 }))[0]?.versions).toEqual([early]);
    expect((await history.timeline('doc')).versions).toEqual([early, late]);

    expect(await history.versions.rename('doc', early.id, 'first')).toEqual({ ...early, label: 'first' });
    await history.versions.delete('doc', late.id);

    expect(await history.versions.list('doc')).toEqual([{ ...early, label: 'first' }]);
    await history.versions.delete('doc', early.id);
  });

  test('without a moment the last one is named, without an author the API', async () => {
    const version = await history.versions.create('doc', { label: 'now' });

    expect(version).toMatchObject({ sequence: 40, author: 'api' });
    await history.versions.delete('doc', version.id);
  });

  test.each([
    ['a label of 10 kB', { label: 'x'.repeat(10_240) }, 'HW_VERSION_INVALID'],
    ['an empty label', { label: '' }, 'HW_VERSION_INVALID'],
    ['a label of blanks', { label: ' \n ' }, 'HW_VERSION_INVALID'],
    ['an author of 10 kB', { label: 'x', author: 'x'.repeat(10_240) }, 'HW_REQUEST_INVALID'],
    ['a moment that never was', { label: 'x', moment: 41 }, 'HW_MOMENT_UNKNOWN'],
    ['half a moment', { label: 'x', moment: 1.5 }, 'HW_REQUEST_INVALID'],
    ['a body of a megabyte', { label: 'x'.repeat(1_000_000) }, 'HW_REQUEST_TOO_LARGE'],
  ])('%s is refused, and nothing is kept', async (_, version, code) => {
    await expect(history.versions.create('doc', version)).rejects.toMatchObject({ code });

    expect(await history.versions.list('doc')).toEqual([]);
  });

  test('one that is not there can be neither renamed nor deleted', async () => {
    const unknown = { code: 'HW_VERSION_UNKNOWN' };

    await expect(history.versions.rename('doc', 'nope/../x', 'y')).rejects.toMatchObject(unknown);
    await expect(history.versions.delete('doc', 'nope')).rejects.toMatchObject(unknown);
  });
});

describe('retention', () => {
  const own: Retention = { keepAllMs: 1_000, tiers: [{ everyMs: 60_000 }], maxBytes: 1_000_000 };

  test("is the server's until a document gets its own, and again after it is taken back", async () => {
    const { retention, isOwn } = await history.retention('doc');
    expect(isOwn).toBe(false);

    await history.setRetention('doc', own);
    expect(await history.retention('doc')).toEqual({ retention: own, isOwn: true });
    await history.setRetention('doc', 'none');
    expect(await history.retention('doc')).toEqual({ retention: 'none', isOwn: true });
    await history.setRetention('doc', undefined);

    expect(await history.retention('doc')).toEqual({ retention, isOwn: false });
  });

  test.each([
    ['a negative age', { ...own, keepAllMs: -1 }, 'HW_RETENTION_INVALID'],
    [
      'tiers in the wrong order',
      {
        ...own,
        tiers: [
          { everyMs: 1, untilAgeMs: 9 },
          { everyMs: 1, untilAgeMs: 5 },
        ],
      },
      'HW_RETENTION_INVALID',
    ],
    ['a name of its own', { ...own, forever: true }, 'HW_REQUEST_INVALID'],
    ['another word than none', 'all', 'HW_REQUEST_INVALID'],
  ])('with %s is refused, and nothing changes', async (_, retention, code) => {
    const before = await history.retention('doc');

    await expect(history.setRetention('doc', retention as Retention)).rejects.toMatchObject({ code });

    expect(await history.retention('doc')).toEqual(before);
  });
});

describe('a fork', () => {
  test('of any moment has its content, also of the empty one, and survives a restart', async () => {
    expect(await history.fork('doc', 'copy/of 25', 25, { author: 'ada' })).toBe(1);
    await history.fork('doc', 'copy of nothing', 0);
    await history.fork('doc', 'copy of now');
    await served.close();

    await using store = await LevelStore.open(served.data);
    for (const [name, moment] of [
      ['copy/of 25', 25],
      ['copy of nothing', 0],
      ['copy of now', 40],
    ] as const) {
      const { tail } = await store.load(name);
      const doc = openDoc();
      for (const { update } of tail.flatMap(({ entries }) => entries)) Y.applyUpdate(doc, update);
      expect(visibleContent(doc)).toEqual(session.contents[moment]);
    }
    served = await serve();
  });
});
