import { HeadwaterError } from '@headwater/protocol';
import { afterEach, beforeEach, describe, expect, test, vi } from 'vitest';
import { deferred } from './deferred.ts';
import { enter, FakeSession, openHouse, Typist } from './support.ts';

const UNLOAD_AFTER_MS = 30_000;

/** What is to become of a document after it went idle; only its timers are faked, promises run as they do. */
beforeEach(() => {
  vi.useFakeTimers({ toFake: ['setTimeout', 'clearTimeout', 'Date'] });
});
afterEach(() => {
  vi.useRealTimers();
});

const idle = (): Promise<unknown> => vi.advanceTimersByTimeAsync(UNLOAD_AFTER_MS);

describe('opening a document', () => {
  test('everybody who comes while it loads waits for one load', async () => {
    const { store, registry } = openHouse();
    const release = store.holdLoads();

    const opening = [registry.open('doc'), registry.open('doc'), registry.open('doc')];
    release();
    const documents = await Promise.all(opening);

    expect(new Set(documents).size).toBe(1);
    expect(store.loads).toBe(1);
    expect(documents[0]?.state).toBe('live');
  });

  test('a load that fails is told to everybody who waits, and the next one tries again', async () => {
    const { store, registry } = openHouse();
    await store.append('doc', { timeMs: 0, entries: [{ update: new Typist(1).type('there'), author: 'ada' }] }).durable;
    store.loadError = new HeadwaterError('HW_STORE_CORRUPT', 'record 3 does not decode');

    const results = await Promise.allSettled([registry.open('doc'), registry.open('doc')]);
    store.loadError = undefined;
    const document = await registry.open('doc');

    const failures = results.map((result) => (result.status === 'rejected' ? (result.reason as unknown) : undefined));
    expect(failures).toEqual([
      expect.objectContaining({ code: 'HW_STORE_CORRUPT' }),
      expect.objectContaining({ code: 'HW_STORE_CORRUPT' }),
    ]);
    expect(enter(document).text()).toBe('there');
    expect(registry.size).toBe(1);
  });

  test('a document that nobody joined after all is let go', async () => {
    const { registry } = openHouse();
    await registry.open('doc');

    await idle();

    expect(registry.size).toBe(0);
  });
});

test('a document that is read while the server closes keeps no timer when it was read', async () => {
  const { store, registry } = openHouse();
  const release = store.holdLoads();
  const opening = registry.open('doc');

  registry.close();
  release();
  await opening;

  expect(vi.getTimerCount()).toBe(0);
});

test('a document that is over keeps no timer, when the last of its people leaves after that', async () => {
  const { registry } = openHouse();
  const document = await registry.open('doc');
  const ada = enter(document);

  document.outdate();
  document.leave(ada);

  expect(vi.getTimerCount()).toBe(0);
});

describe('a document nobody is in', () => {
  test('stays for a while, then is let go, and is the same when it is opened again', async () => {
    const { registry } = openHouse({ unloadAfterMs: UNLOAD_AFTER_MS });
    const document = await registry.open('doc');
    const ada = enter(document);
    document.receive(ada, new Typist(1).type('kept'));
    document.leave(ada);

    await vi.advanceTimersByTimeAsync(UNLOAD_AFTER_MS - 1);
    const stateBefore = document.state;
    await vi.advanceTimersByTimeAsync(1);

    expect(stateBefore).toBe('live');
    expect(document.state).toBe('closed');
    const again = await registry.open('doc');
    expect(again).not.toBe(document);
    expect(enter(again).text()).toBe('kept');
  });

  test('is not let go while somebody is there', async () => {
    const { registry } = openHouse();
    const document = await registry.open('doc');
    const [ada, bob] = [enter(document), enter(document)];
    document.leave(ada);
    document.leave(ada); // twice

    await idle();

    expect(document.state).toBe('live');
    document.leave(bob);
    await idle();
    expect(document.state).toBe('closed');
  });

  test('is never let go with updates that are not durable', async () => {
    const { store, registry } = openHouse();
    const document = await registry.open('doc');
    const ada = enter(document);
    const release = store.holdSyncs();
    document.receive(ada, new Typist(1).type('unsaved'));
    document.leave(ada);

    await idle();
    await idle();
    const stateBefore = document.state;
    release();
    await vi.advanceTimersByTimeAsync(0);

    expect(stateBefore).toBe('draining');
    expect(document.state).toBe('closed');
  });

  test('joining it while it drains cancels the drain', async () => {
    const { store, registry } = openHouse();
    const document = await registry.open('doc');
    const ada = enter(document);
    const release = store.holdSyncs();
    document.receive(ada, new Typist(1).type('unsaved'));
    document.leave(ada);
    await idle();
    const stateBefore = document.state;

    const same = await registry.open('doc');
    const bob = enter(same);
    release();
    await vi.advanceTimersByTimeAsync(0);

    expect(stateBefore).toBe('draining');
    expect(same).toBe(document);
    expect(document.state).toBe('live');
    expect(bob.text()).toBe('unsaved');
  });

  test('somebody who joins and leaves again during the drain gives it the whole grace time again', async () => {
    const { store, registry } = openHouse();
    const document = await registry.open('doc');
    const ada = enter(document);
    const release = store.holdSyncs();
    document.receive(ada, new Typist(1).type('unsaved'));
    document.leave(ada);
    await idle();

    document.leave(enter(document));
    release();
    await vi.advanceTimersByTimeAsync(UNLOAD_AFTER_MS - 1);
    const stateBefore = document.state;
    await vi.advanceTimersByTimeAsync(1);

    expect(stateBefore).toBe('live');
    expect(document.state).toBe('closed');
  });

  test('joining it while it compacts on the way out keeps it, compacted', async () => {
    const { workers, registry } = openHouse();
    const document = await registry.open('doc');
    const ada = enter(document);
    document.receive(ada, new Typist(1).type('hello'));
    document.leave(ada);
    const gate = deferred();
    workers.gate = gate.promise;
    await idle();
    expect(workers.compactions).toBe(1);

    const bob = enter(document);
    document.receive(bob, new Typist(2).type('!'));
    gate.resolve();
    await vi.advanceTimersByTimeAsync(0);
    await document.save();

    expect(document.state).toBe('live');
    expect(document.snapshotBytes).toBeGreaterThan(0);
    const text = enter(document).text();
    expect(text.split('').sort().join('')).toBe('!ehllo');
  });

  test('what still arrives while it compacts on the way out is durable before it goes', async () => {
    const { store, workers, registry } = openHouse();
    const document = await registry.open('doc');
    const ada = enter(document);
    const typist = new Typist(1);
    document.receive(ada, typist.type('hello'));
    document.leave(ada);
    const gate = deferred();
    workers.gate = gate.promise;
    await idle();
    const release = store.holdSyncs();

    document.receive(ada, typist.type(' late'));
    gate.resolve();
    await vi.advanceTimersByTimeAsync(0);
    const stateBefore = document.state;
    release();
    await vi.advanceTimersByTimeAsync(0);

    expect(stateBefore).toBe('draining');
    expect(document.state).toBe('closed');
    expect(enter(await registry.open('doc')).text()).toBe('hello late');
  });

  test('when the store was in other hands every client comes back to what is there now', async () => {
    const { registry, store } = openHouse();
    const document = await registry.open('doc');
    const sessions = [enter(document), enter(document, new FakeSession('bob'))];
    const [ada, carol] = [new Typist(1), new Typist(2)];
    document.receive(sessions[0] as FakeSession, ada.type('received '));
    await store.append('doc', { timeMs: 0, entries: [{ update: carol.type('theirs'), author: 'carol' }] }).durable;

    registry.outdateAll();
    const again = await registry.open('doc');

    expect(sessions.map(({ closedWith }) => closedWith?.code)).toEqual([
      'HW_DOCUMENT_OUTDATED',
      'HW_DOCUMENT_OUTDATED',
    ]);
    expect(again).not.toBe(document);
    expect(enter(again).text()).toHaveLength('received theirs'.length);
    expect(sessions.map(({ acknowledged }) => acknowledged)).toEqual([1, 0]);
  });
});
