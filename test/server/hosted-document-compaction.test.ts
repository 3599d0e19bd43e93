import { afterEach, beforeEach, describe, expect, test, vi } from 'vitest';
import * as Y from 'yjs';
import { compact } from '../../server/src/workers/document-tasks.ts';
import { CompactionTimeoutError } from '../../server/src/workers/worker-pool.ts';
import { deferred } from './deferred.ts';
import { enter, FakeSession, openHouse, Typist } from './support.ts';

const UNLOAD_AFTER_MS = 30_000;

beforeEach(() => {
  vi.useFakeTimers({ toFake: ['setTimeout', 'clearTimeout', 'Date'] });
});
afterEach(() => {
  vi.useRealTimers();
});

/** Promises settle; fake timers stay where they are. */
const settle = (): Promise<unknown> => vi.advanceTimersByTimeAsync(0);

async function openWith(options: Parameters<typeof openHouse>[0] = {}) {
  const house = openHouse(options);
  const document = await house.registry.open('doc');
  const session = enter(document);
  const typist = new Typist(1);
  const type = async (text: string): Promise<void> => {
    document.receive(session, typist.type(text));
    await document.save();
  };
  return { ...house, document, session, typist, type };
}

describe('a live document', () => {
  test('is compacted once its tail has outgrown it, and not before', async () => {
    const { store, workers, document, type } = await openWith({ compactAfterBytes: 1_000 });

    await type('x'.repeat(500));
    await settle();
    const before = workers.compactions;
    await type('y'.repeat(500));
    await settle();

    expect(before).toBe(0);
    expect(workers.compactions).toBe(1);
    expect(document.tailUpdates).toBe(0);
    const stored = await store.load('doc');
    expect(stored.tail).toEqual([]);
    expect(stored.snapshot?.sequence).toBe(2);
    expect(enter(document).text()).toBe('x'.repeat(500) + 'y'.repeat(500));
  });

  test('a snapshot larger than the minimum moves the threshold up with it', async () => {
    const { workers, type } = await openWith({ compactAfterBytes: 1_000 });
    await type('x'.repeat(5_000));
    await settle();
    expect(workers.compactions).toBe(1);

    await type('y'.repeat(2_000));
    await settle();
    expect(workers.compactions).toBe(1);
    await type('z'.repeat(4_000));
    await settle();
    expect(workers.compactions).toBe(2);
  });

  test('what is written during a compaction survives it, for those who are there, for joiners and for the next load', async () => {
    const { store, workers, document, session, type } = await openWith({ compactAfterBytes: 100 });
    const gate = deferred();
    workers.gate = gate.promise;
    await type('a'.repeat(200));
    await settle();
    expect(workers.compactions).toBe(1);

    await type('during');
    gate.resolve();
    await settle();

    const expected = `${'a'.repeat(200)}during`;
    expect(document.tailUpdates).toBe(1);
    expect(session.text()).toBe(expected);
    expect(enter(document).text()).toBe(expected);
    expect(enter(await openHouse({}, store).registry.open('doc')).text()).toBe(expected);
  });

  test('a compaction waits for records whose place in the log is not known', async () => {
    const { store, workers, document, type, session, typist } = await openWith({ compactAfterBytes: 300 });
    await type('a'.repeat(200));
    store.writeError = new Error('disk full');
    const release = store.holdSyncs();
    document.receive(session, typist.type('b'.repeat(200)));
    document.flush();
    await settle();

    expect(workers.compactions).toBe(1);
    expect((await store.load('doc')).snapshot?.sequence).toBe(1);
    expect(document.tailUpdates).toBe(1);
    release();
    await document.save();
    expect(enter(document).text()).toBe('a'.repeat(200) + 'b'.repeat(200));
  });

  test('a result that would lose structs is refused and the log stays as it is', async () => {
    const { store, workers, document, type, logged } = await openWith({ compactAfterBytes: 100 });
    workers.compactWith = (input) => {
      return { ...compact({ ...input, updates: input.updates.slice(0, -1) }), taken: input.updates.length };
    };

    await type('kept');
    await type('x'.repeat(100));
    await settle();

    expect(logged.filter(({ level }) => level === 'error')).toHaveLength(1);
    const stored = await store.load('doc');
    expect(stored.snapshot).toBeUndefined();
    expect(stored.tail).toHaveLength(2);
    expect(enter(document).text()).toBe(`kept${'x'.repeat(100)}`);
  });

  test('a compaction that failed is tried again when the tail has doubled, not at every edit', async () => {
    const { store, workers, type } = await openWith({ compactAfterBytes: 500 });
    store.snapshotError = new Error('disk full');
    await type('x'.repeat(500));
    await settle();
    expect(workers.compactions).toBe(1);

    for (let i = 0; i < 3; i++) {
      await type('y');
      await settle();
    }
    const retriedEarly = workers.compactions > 1;
    store.snapshotError = undefined;
    await type('z'.repeat(600));
    await settle();

    expect(retriedEarly).toBe(false);
    expect(workers.compactions).toBe(2);
    expect((await store.load('doc')).tail).toEqual([]);
  });
});

describe('a document that goes idle', () => {
  test('is compacted, so that the next load is short', async () => {
    const { store, document, session, type } = await openWith();
    await type('hello');
    document.leave(session);

    await vi.advanceTimersByTimeAsync(UNLOAD_AFTER_MS);

    const stored = await store.load('doc');
    expect(document.state).toBe('closed');
    expect(stored.tail).toEqual([]);
    expect(stored.snapshot?.sequence).toBe(1);
  });

  test('is left alone when its tail is small beside its snapshot', async () => {
    const { store, workers, document, session, type } = await openWith({ compactAfterBytes: 1_000 });
    await type('x'.repeat(5_000));
    await settle();
    await type('y');
    document.leave(session);

    await vi.advanceTimersByTimeAsync(UNLOAD_AFTER_MS);

    expect(document.state).toBe('closed');
    expect(workers.compactions).toBe(1);
    expect((await store.load('doc')).tail).toHaveLength(1);
  });

  test('is let go although its compaction fails', async () => {
    const { store, document, session, type } = await openWith();
    store.snapshotError = new Error('disk full');
    await type('hello');
    document.leave(session);

    await vi.advanceTimersByTimeAsync(UNLOAD_AFTER_MS);

    expect(document.state).toBe('closed');
    expect((await store.load('doc')).tail).toHaveLength(1);
  });
});

async function openSlow() {
  const house = await openWith({ compactAfterBytes: 100 });
  house.workers.compactWith = () => {
    throw new CompactionTimeoutError(30_000);
  };
  await house.type('x'.repeat(200));
  await settle();
  return house;
}

describe('a compaction that takes too long', () => {
  test('is warned of once each time, and tried again after a minute, then after two', async () => {
    const { workers, type, logged } = await openSlow();
    const attempts: number[] = [];
    for (const waitMs of [0, 59_000, 1_000, 119_000, 1_000]) {
      await vi.advanceTimersByTimeAsync(waitMs);
      await type('more');
      await settle();
      attempts.push(workers.compactions);
    }

    expect(attempts).toEqual([1, 1, 2, 2, 3]);
    expect(logged.filter(({ level }) => level === 'warn')).toHaveLength(3);
    expect(logged.filter(({ level }) => level === 'error')).toEqual([]);
  });

  test('leaves the document readable, and keeps it neither from being unloaded nor, when it is back, from waiting on', async () => {
    const { store, registry, workers, document, session } = await openSlow();
    document.leave(session);
    await vi.advanceTimersByTimeAsync(UNLOAD_AFTER_MS);
    const stateThen = document.state;

    const again = await registry.open('doc');
    const reader = enter(again);
    again.receive(reader, new Typist(2).type('back'));
    await again.save();
    await settle();

    expect(stateThen).toBe('closed');
    expect(again).not.toBe(document);
    expect(workers.compactions).toBe(1);
    expect(enter(again).text()).toContain('x'.repeat(200));
    expect((await store.load('doc')).tail).toHaveLength(2);

    workers.compactWith = compact;
    await vi.advanceTimersByTimeAsync(60_000);
    again.receive(reader, new Typist(3).type('later'));
    await again.save();
    await settle();
    expect((await store.load('doc')).tail).toEqual([]);
  });
});

describe('a compaction that does not get to the end of the log', () => {
  test('switches to what it got to, in whole records, and leaves the rest in the tail', async () => {
    const { store, workers, document, session, type } = await openWith({ compactAfterBytes: 400 });
    workers.compactWith = (input) => {
      if (input.allOrNothing === true) return { ...compact({ ...input, updates: [] }), taken: 0 };
      const taken = 3; // the first record and half of the second
      const output = compact({ ...input, updates: input.updates.slice(0, taken) });
      const lateRefusal = { index: 2, update: Uint8Array.of(0, 0), reason: 'of a record that is not covered' };
      return { ...output, taken, refused: [lateRefusal] };
    };
    const [cleo, dora] = [new Typist(4), new Typist(5)];
    for (const typist of [cleo, dora]) document.receive(session, typist.type('a'));
    await document.save();
    const others = [enter(document, new FakeSession('ed')), enter(document, new FakeSession('fay'))];
    for (const [i, other] of others.entries()) document.receive(other, new Typist(6 + i).type('b'));
    await document.save();
    await type('x'.repeat(400));
    await settle();

    const stored = await store.load('doc');
    expect(stored.snapshot?.sequence).toBe(1);
    expect(stored.tail.map(({ sequence }) => sequence)).toEqual([2, 3]);
    expect(await store.quarantined('doc')).toEqual([]);
    expect(enter(document).text()).toHaveLength(404);
    expect(enter(await openHouse({}, store).registry.open('doc')).text()).toHaveLength(404);
  });
});

/** Workers that refuse every update with structs of a client id. */
function refusing(clientId: number): typeof compact {
  const isBad = (update: Uint8Array): boolean => Y.parseUpdateMeta(update).to.has(clientId);
  return ({ snapshot, updates, allOrNothing }) => {
    if (allOrNothing === true && updates.some(isBad)) return { ...compact({ snapshot, updates: [] }), taken: 0 };
    const output = compact({ snapshot, updates: updates.filter((update) => !isBad(update)) });
    const refused = updates.flatMap((update, index) =>
      isBad(update) ? [{ index, update, reason: 'did not integrate: made up' }] : [],
    );
    return { ...output, refused, taken: updates.length };
  };
}

describe('an update that does not integrate', () => {
  test('is set aside with its author and the reason; the rest stays readable, here and after a restart', async () => {
    const { store, workers, document, type, logged } = await openWith({ compactAfterBytes: 300 });
    workers.compactWith = refusing(666);
    const mallory = enter(document, new FakeSession('mallory'));
    await type('before ');
    const bad = new Typist(666).type('bad');
    document.receive(mallory, bad);
    await document.save();
    await type('x'.repeat(300));
    await settle();

    const [quarantined, ...others] = await store.quarantined('doc');
    expect(others).toEqual([]);
    expect(quarantined).toMatchObject({ author: 'mallory', reason: 'did not integrate: made up' });
    expect([...(quarantined?.update ?? [])]).toEqual([...bad]);
    expect(logged.filter(({ level }) => level === 'warn')).toHaveLength(1);
    await type(' after');
    const expected = `before ${'x'.repeat(300)} after`;
    expect(enter(document).text()).toBe(expected);
    expect(enter(await openHouse({}, store).registry.open('doc')).text()).toBe(expected);
  });

  test('what was on its way to the store while it was set aside stays known', async () => {
    const { store, workers, document, session, typist, type } = await openWith({ compactAfterBytes: 300 });
    const gate = deferred();
    workers.gate = gate.promise;
    workers.compactWith = refusing(666);
    document.receive(session, new Typist(666).type('bad'));
    await type('x'.repeat(300));
    await settle();
    expect(workers.compactions).toBe(1);

    const release = store.holdWrites();
    document.receive(session, typist.type(' written'));
    document.flush();
    document.receive(session, typist.type(' pending'));
    gate.resolve();
    await settle();
    release();
    await document.save();
    await type(' next');

    const stored = await store.load('doc');
    expect(stored.waiting).toEqual([]);
    expect(enter(document).text()).toBe(`${'x'.repeat(300)} written pending next`);
  });
});
