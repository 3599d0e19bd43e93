import { MemoryStore } from '@headwater/persistence';
import { EMPTY_UPDATE } from '@headwater/protocol';
import { afterEach, beforeEach, expect, test, vi } from 'vitest';
import * as Y from 'yjs';
import { Compactor } from '../../server/src/documents/compactor.ts';
import { FlushScheduler } from '../../server/src/documents/flush-scheduler.ts';
import { DocumentRegistry } from '../../server/src/documents/registry.ts';
import { Sweep } from '../../server/src/documents/sweep.ts';
import { SILENT_LOGGER } from '../../server/src/logging/logger.ts';
import { resolveServerOptions, type ServerOptions } from '../../server/src/options.ts';
import { SimulatedNetwork } from '../support/simulated-relay.ts';
import { ControlledStore } from './controlled-store.ts';
import { awarenessUpdate, enter, FakeSession, InThreadWorkers, Typist } from './support.ts';

beforeEach(() => void vi.useFakeTimers());
afterEach(() => void vi.useRealTimers());

/** Longer than a sweep and what follows it, and than it takes to give an instance up. */
const A_WHILE_MS = 7_000;

/** Time in which nothing but the usual happens. */
const aMoment = (): Promise<unknown> => vi.advanceTimersByTimeAsync(50);

/** Instances in this process around one store. */
class Cluster {
  readonly network = new SimulatedNetwork();
  readonly store = new MemoryStore();
  readonly #options: ServerOptions;

  constructor(options: ServerOptions = {}) {
    this.#options = options;
  }

  instance(store = new ControlledStore(this.store)) {
    const relay = this.network.join();
    const workers = new InThreadWorkers();
    const registry = new DocumentRegistry({
      store,
      workers,
      compactor: new Compactor(store, workers),
      scheduler: new FlushScheduler(),
      cluster: { relay, sweep: new Sweep(store, SILENT_LOGGER) },
      options: resolveServerOptions(this.#options),
      logger: SILENT_LOGGER,
      now: Date.now,
    });
    return { relay, store, workers, registry };
  }

  /** Two instances with "notes" open, and somebody at each. */
  async pair() {
    const [one, two] = [this.instance(), this.instance()];
    const [here, there] = [await one.registry.open('notes'), await two.registry.open('notes')];
    const [ada, grace] = [enter(here, new FakeSession('ada')), enter(there, new FakeSession('grace'))];
    await aMoment();
    return { one, two, here, there, ada, grace };
  }

  async storedText(): Promise<string> {
    const { snapshot, tail } = await this.store.load('notes');
    const doc = new Y.Doc();
    if (snapshot !== undefined) Y.applyUpdate(doc, snapshot.update);
    for (const { entries } of tail) for (const { update } of entries) Y.applyUpdate(doc, update);
    return doc.getText('text').toString();
  }
}

/** Writes into the store as an instance does that nothing is heard of. */
class MemoryWriter {
  readonly #store: MemoryStore;
  #writers = 100;

  constructor(store: MemoryStore) {
    this.#store = store;
  }

  async write(word: string, times: number): Promise<void> {
    const typist = new Typist(++this.#writers);
    for (let count = times; count > 0; count--) {
      const entries = [{ update: typist.type(word), author: 'bob' }];
      await this.#store.append('notes', { timeMs: 1, entries }).durable;
    }
  }
}

test('an edit at one instance is shown at the other, and stored once', async () => {
  const cluster = new Cluster();
  const { here, ada, grace } = await cluster.pair();

  here.receive(ada, new Typist(1).type('hello'));
  await aMoment();

  expect(grace.text()).toBe('hello');
  expect(ada.acknowledged).toBe(1);
  expect(await cluster.store.logEnds(['notes'])).toMatchObject([{ sequence: 1 }]);
});

test('an edit that the store could not write is shown at the other instance, which stores it too', async () => {
  const cluster = new Cluster();
  const { one, two, here, ada, grace } = await cluster.pair();
  one.store.writeError = new Error('the owner is away');
  one.store.drops = true;

  here.receive(ada, new Typist(1).type('hello'));
  await aMoment();

  expect(grace.text()).toBe('hello');
  expect(two.store.changes).toHaveLength(1);
  expect(await cluster.storedText()).toBe('hello');
  expect(ada.acknowledged).toBe(0);
});

test('an instance with too much unsaved takes up nothing that others could not write, and has it once it is stored', async () => {
  const cluster = new Cluster({ maxUnsavedBytes: 1_000 });
  const { one, two, here, ada, grace } = await cluster.pair();
  one.store.writeError = new Error('the owner is away');
  one.store.drops = true;
  two.store.health = { status: 'degraded', unsavedBytes: 1_001 };
  const typist = new Typist(1);
  const hello = typist.type('hello');

  here.receive(ada, hello);
  await aMoment();
  expect(two.store.changes).toEqual([]);
  expect(grace.text()).toBe('');

  two.store.health = { status: 'degraded', unsavedBytes: 1_000 };
  here.receive(ada, typist.type(' again'));
  await aMoment();
  expect(two.store.changes).toHaveLength(1);
  expect(grace.text()).toBe('');

  await cluster.store.append('notes', { timeMs: 1, entries: [{ update: hello, author: 'ada' }] }).durable;
  await vi.advanceTimersByTimeAsync(A_WHILE_MS);
  expect(grace.text()).toBe('hello again');
});

test('what the relay lost is found by the sweep', async () => {
  const cluster = new Cluster();
  const { here, ada, grace } = await cluster.pair();
  cluster.network.deliveries = () => [];
  here.receive(ada, new Typist(1).type('hello'));
  await aMoment();
  expect(grace.text()).toBe('');

  await vi.advanceTimersByTimeAsync(A_WHILE_MS);

  expect(grace.text()).toBe('hello');
});

test('a hole between two batches is read from the store without a sweep', async () => {
  const cluster = new Cluster();
  const { here, ada, grace } = await cluster.pair();
  const typist = new Typist(1);
  cluster.network.deliveries = () => [];
  here.receive(ada, typist.type('hel'));
  await aMoment();
  cluster.network.deliveries = () => [0];
  here.receive(ada, typist.type('lo'));

  await vi.advanceTimersByTimeAsync(500);

  expect(grace.text()).toBe('hello');
});

test('records that were compacted away without a past are found in the snapshot', async () => {
  const cluster = new Cluster({ compactAfterBytes: 1 });
  const { here, ada, grace } = await cluster.pair();
  await cluster.store.append('notes', { timeMs: 1, entries: [] }).durable;
  const typist = new Typist(1);
  cluster.network.deliveries = () => [];
  here.receive(ada, typist.type('hello'));
  await aMoment();
  await cluster.store.changeHistory('notes', { retention: 'none' });
  here.receive(ada, typist.type(' world'));
  await vi.advanceTimersByTimeAsync(1_000);
  expect((await cluster.store.load('notes')).tail).toEqual([]);
  expect(grace.text()).toBe('');

  await vi.advanceTimersByTimeAsync(A_WHILE_MS);

  expect(grace.text()).toBe('hello world');
});

test('a batch that comes before what it builds on is shown after it', async () => {
  const cluster = new Cluster();
  const { here, ada, grace } = await cluster.pair();
  const typist = new Typist(1);
  let delayMs = 30;
  cluster.network.deliveries = () => [delayMs];
  here.receive(ada, typist.type('hel'));
  await vi.advanceTimersByTimeAsync(5);
  delayMs = 0;
  here.receive(ada, typist.type('lo'));

  await vi.advanceTimersByTimeAsync(500);

  expect(grace.text()).toBe('hello');
});

test('a batch that builds on what is still on its way here is shown after that', async () => {
  const cluster = new Cluster();
  const { two, here, there, ada, grace } = await cluster.pair();
  const typist = new Typist(1);
  const [first, second] = [typist.type('hel'), typist.type('lo')];
  cluster.network.deliveries = () => [];
  here.receive(ada, first);
  await aMoment();
  cluster.network.deliveries = () => [0];
  const before = grace.messages().length;

  const release = two.store.holdWrites();
  there.receive(grace, first); // a client that was with the other instance brings it along
  here.receive(ada, second);
  await aMoment();
  release();
  await aMoment();

  const shown = grace.messages().slice(before);
  expect(shown.map(({ body }) => [...body])).toEqual([[...first], [...second]]);
});

test.each([false, true])(
  'what another instance wrote is not acknowledged here before it is durable (read only: %s)',
  async (isReadOnly) => {
    const cluster = new Cluster();
    const { two, here, there, ada, grace } = await cluster.pair();
    grace.isReadOnly = isReadOnly;
    const update = new Typist(1).type('hello');
    here.receive(ada, update);
    await aMoment();
    const release = two.store.holdSyncs();

    there.receive(grace, update);
    await aMoment();
    expect(grace.acknowledged).toBe(0);

    release();
    await aMoment();
    expect(grace.acknowledged).toBe(1);
  },
);

test('what was written before a document was opened here is not acknowledged before it is durable either', async () => {
  const cluster = new Cluster();
  const update = new Typist(1).type('hello');
  await cluster.store.append('notes', { timeMs: 1, entries: [{ update, author: 'ada' }] }).durable;
  const { store, registry } = cluster.instance();
  const document = await registry.open('notes');
  const grace = enter(document, new FakeSession('grace'));
  const release = store.holdSyncs();

  document.receive(grace, update);
  await aMoment();
  expect(grace.acknowledged).toBe(0);

  release();
  await aMoment();
  expect(grace.acknowledged).toBe(1);
});

test('a client that has nothing to add is not told that all is saved before what others wrote is durable', async () => {
  const cluster = new Cluster();
  const update = new Typist(1).type('hello');
  await cluster.store.append('notes', { timeMs: 1, entries: [{ update, author: 'ada' }] }).durable;
  const { store, registry } = cluster.instance();
  const document = await registry.open('notes');
  const ada = enter(document, new FakeSession('ada')); // she is told that her edit is here
  const release = store.holdSyncs();

  document.receiveState(ada, EMPTY_UPDATE);
  await aMoment();
  expect(ada.acknowledged).toBe(0);

  release();
  await aMoment();
  expect(ada.acknowledged).toBe(1);
});

test('each instance compacts for itself, and what is stored holds the log of both', async () => {
  const cluster = new Cluster({ compactAfterBytes: 1 });
  const { one, two, here, there, ada, grace } = await cluster.pair();
  const typists = [new Typist(1), new Typist(2)] as const;

  for (let i = 0; i < 20; i++) {
    here.receive(ada, typists[0].type('a'));
    there.receive(grace, typists[1].type('b'));
    await vi.advanceTimersByTimeAsync(100);
  }
  await vi.advanceTimersByTimeAsync(1_000);

  expect(one.workers.compactions).toBeGreaterThan(0);
  expect(two.workers.compactions).toBeGreaterThan(0);
  const { snapshot } = await cluster.store.load('notes');
  expect(snapshot?.sequence).toBeGreaterThan(0);
  expect(await cluster.storedText()).toHaveLength(40);
  expect(here.tailUpdates).toBeLessThan(40);
  expect(there.tailUpdates).toBeLessThan(40);
  expect(enter(there).text()).toHaveLength(40);
});

test('a document that was deleted is loaded anew by every instance that has it', async () => {
  const cluster = new Cluster();
  const { here, ada, grace } = await cluster.pair();
  here.receive(ada, new Typist(1).type('hello'));
  await aMoment();

  await cluster.store.delete('notes', { allowReuse: true });
  await vi.advanceTimersByTimeAsync(A_WHILE_MS);

  expect([ada, grace].map(({ closedWith }) => closedWith?.code)).toEqual([
    'HW_DOCUMENT_OUTDATED',
    'HW_DOCUMENT_OUTDATED',
  ]);
});

test('a document that is deleted for good ends at every instance as soon as it hears of that', async () => {
  const cluster = new Cluster();
  const { one, here, there, ada, grace } = await cluster.pair();
  here.receive(ada, new Typist(1).type('hello'));
  await aMoment();

  await one.registry.delete('notes');
  await aMoment();

  expect([ada, grace].map(({ closedWith }) => closedWith?.code)).toEqual([
    'HW_DOCUMENT_DELETED',
    'HW_DOCUMENT_DELETED',
  ]);
  expect([here, there].map(({ state }) => state)).toEqual(['closed', 'closed']);
});

test('an instance that hears nothing of a deletion finds it out, also of a document in which nothing was written', async () => {
  const cluster = new Cluster();
  const { one, two, grace } = await cluster.pair();
  cluster.network.deliveries = () => [];

  await one.registry.delete('notes');
  await vi.advanceTimersByTimeAsync(A_WHILE_MS);

  expect(grace.closedWith?.code).toBe('HW_DOCUMENT_DELETED');
  expect(two.registry.size).toBe(0);
});

test('what is told of a deletion that is not so any more ends nothing', async () => {
  const cluster = new Cluster();
  const { one, here, there, ada, grace } = await cluster.pair();
  here.receive(ada, new Typist(1).type('hello'));
  await aMoment();

  one.relay.tell('notes', { kind: 'deleted' });
  await aMoment();

  expect(grace.closedWith).toBeUndefined();
  expect(there.state).toBe('live');
});

test('an edit that comes to a deleted document at an instance that does not know yet is neither stored nor told', async () => {
  const cluster = new Cluster();
  const { one, there, ada, grace } = await cluster.pair();
  cluster.network.deliveries = () => [];
  await one.registry.delete('notes');
  cluster.network.deliveries = () => [0];

  there.receive(grace, new Typist(1).type('late'));
  await aMoment();

  expect(grace.closedWith?.code).toBe('HW_DOCUMENT_DELETED');
  expect(cluster.network.retained('notes')).toEqual([]);
  expect(ada.text()).toBe('');
  await expect(cluster.store.load('notes')).rejects.toMatchObject({ code: 'HW_DOCUMENT_DELETED' });
});

test('the next document of a name that is free again gets nothing of what the relay keeps of the one before', async () => {
  const cluster = new Cluster();
  const { one, two, here, ada } = await cluster.pair();
  here.receive(ada, new Typist(1).type('secret'));
  await aMoment();
  await one.registry.delete('notes');
  await aMoment();

  await vi.advanceTimersByTimeAsync(60_000);
  await one.registry.delete('notes', { allowReuse: true });
  const grace = enter(await two.registry.open('notes'));
  await aMoment();

  expect(grace.text()).toBe('');
});

test('of several instances a name becomes free a minute after the deletion, when all have let go of the document', async () => {
  const cluster = new Cluster();
  const { one, two, here, ada } = await cluster.pair();
  here.receive(ada, new Typist(1).type('hello'));
  await aMoment();

  const isThere = one.registry.delete('notes', { allowReuse: true });
  await expect(isThere).rejects.toMatchObject({ code: 'HW_DOCUMENT_EXISTS' });
  await one.registry.delete('notes');
  const isRecent = two.registry.delete('notes', { allowReuse: true });
  await expect(isRecent).rejects.toMatchObject({ code: 'HW_DOCUMENT_DELETED' });
  await vi.advanceTimersByTimeAsync(60_000);
  await two.registry.delete('notes', { allowReuse: true });

  expect((await cluster.store.load('notes')).tail).toEqual([]);
});

test('an edit that is sent again is not called saved before it is known that no power cut took it', async () => {
  const { one, here, ada } = await new Cluster().pair();
  const hello = new Typist(1).type('hello');
  here.receive(ada, hello);
  await aMoment();
  const before = ada.acknowledged;

  await one.store.reopen(new MemoryStore());
  here.receive(ada, hello);
  await aMoment();

  expect([before, ada.acknowledged]).toEqual([1, 1]);
  await vi.advanceTimersByTimeAsync(A_WHILE_MS);
  expect(ada.closedWith?.code).toBe('HW_DOCUMENT_OUTDATED');
  expect((await one.store.load('notes')).tail).toHaveLength(1);
});

test('what a power cut took from the store is stored again by the instance that has it, which loads the document anew', async () => {
  const { two, here, ada, grace } = await new Cluster().pair();
  grace.isReadOnly = true;
  here.receive(ada, new Typist(1).type('hello'));
  await aMoment();
  const found = new MemoryStore();
  const others = new Typist(2).type('!');
  await two.store.reopen(found);
  await found.append('notes', { timeMs: 1, entries: [{ update: others, author: 'bob' }] }).durable;

  await vi.advanceTimersByTimeAsync(A_WHILE_MS);

  expect(grace.closedWith?.code).toBe('HW_DOCUMENT_OUTDATED');
  const back = enter(await two.registry.open('notes'));
  await aMoment();
  expect(back.text()).toContain('hello');
  expect(back.text()).toContain('!');
});

test('nobody is told that an edit is saved because something was fsynced after a power cut that took it', async () => {
  const { two, here, there, ada, grace } = await new Cluster().pair();
  const update = new Typist(1).type('hello');
  here.receive(ada, update);
  await aMoment();

  await two.store.reopen(new MemoryStore());
  there.receive(grace, update); // it is known there, from the other instance
  await aMoment();
  expect(grace.acknowledged).toBe(0);

  await vi.advanceTimersByTimeAsync(A_WHILE_MS);
  expect(grace.acknowledged).toBe(0);
  expect(grace.closedWith?.code).toBe('HW_DOCUMENT_OUTDATED');
});

test('documents stay as they are when the next owner finds everything', async () => {
  const cluster = new Cluster();
  const { one, two, here, there, ada, grace } = await cluster.pair();
  const [typist, other] = [new Typist(1), new Typist(2)];
  here.receive(ada, typist.type('hello'));
  await aMoment();

  for (const { store } of [one, two]) await store.reopen(cluster.store);
  there.receive(grace, other.type('a'));
  await aMoment();
  expect(grace.acknowledged).toBe(0);
  await vi.advanceTimersByTimeAsync(A_WHILE_MS);
  here.receive(ada, typist.type('b'));
  await aMoment();

  expect(grace.acknowledged).toBe(1);
  expect([ada, grace].map(({ closedWith }) => closedWith)).toEqual([undefined, undefined]);
  expect(grace.text()).toBe(ada.text());
  expect(grace.text()).toHaveLength(7);
});

test('an instance that missed an epoch of the store loads documents anew, though their logs are long enough', async () => {
  const cluster = new Cluster();
  const { two, here, ada, grace } = await cluster.pair();
  here.receive(ada, new Typist(1).type('hello'));
  await aMoment();

  await two.store.reopen(cluster.store);
  await two.store.reopen(cluster.store);
  await vi.advanceTimersByTimeAsync(A_WHILE_MS);

  expect(grace.closedWith?.code).toBe('HW_DOCUMENT_OUTDATED');
  expect(await cluster.storedText()).toBe('hello');
});

test('a document that was deleted and made anew while an instance stalled is not mixed with what it was', async () => {
  const cluster = new Cluster({ compactAfterBytes: 1 });
  const [writer, stalled] = [new MemoryWriter(cluster.store), cluster.instance()];
  await writer.write('old', 3);
  const document = await stalled.registry.open('notes');
  const grace = enter(document, new FakeSession('grace'));

  await cluster.store.delete('notes', { allowReuse: true });
  await writer.write('new', 12); // its log is longer than the one before
  document.receive(grace, new Typist(7).type('!')); // whose compaction would take the log for its own
  await vi.advanceTimersByTimeAsync(A_WHILE_MS);

  expect(grace.closedWith?.code).toBe('HW_DOCUMENT_OUTDATED');
  expect((await cluster.store.load('notes')).snapshot).toBeUndefined();
  const text = enter(await stalled.registry.open('notes')).text();
  expect(text.replaceAll('new', '')).toBe('!');
  expect(text).toHaveLength(12 * 3 + 1);
});

test('who opens a document later sees what others could not store yet', async () => {
  const cluster = new Cluster();
  const { one, here, ada } = await cluster.pair();
  one.store.writeError = new Error('the owner is away');
  one.store.drops = true;
  cluster.network.deliveries = () => [];
  here.receive(ada, new Typist(1).type('hello'));
  await aMoment();
  cluster.network.deliveries = () => [0];

  const late = enter(await cluster.instance().registry.open('notes'));
  await aMoment();

  expect(late.text()).toBe('hello');
});

test('presence of other instances is shown, and goes with its client', async () => {
  const { here, ada, grace } = await new Cluster().pair();

  here.receiveAwareness(ada, awarenessUpdate(7, 1, { name: 'Ada' }));
  await aMoment();
  expect(grace.states()).toEqual(new Map([[7, { clock: 1, state: { name: 'Ada' } }]]));

  here.leave(ada);
  await aMoment();
  expect(grace.states().size).toBe(0);
});

test('who opens a document at another instance sees who is there', async () => {
  const cluster = new Cluster();
  const { here, ada } = await cluster.pair();
  here.receiveAwareness(ada, awarenessUpdate(7, 1, { name: 'Ada' }));
  await aMoment();

  const late = enter(await cluster.instance().registry.open('notes'));
  await aMoment();

  expect(late.states().size).toBe(1);
});

test('an instance that dies takes the presence of its clients with it, within seconds', async () => {
  const { one, here, ada, grace } = await new Cluster().pair();
  here.receiveAwareness(ada, awarenessUpdate(7, 1, { name: 'Ada' }));
  await aMoment();
  expect(grace.states().size).toBe(1);

  one.relay.die();
  await vi.advanceTimersByTimeAsync(A_WHILE_MS);

  expect(grace.states().size).toBe(0);
});

test('a client that moves to another instance takes its state along', async () => {
  const { one, here, there, ada, grace } = await new Cluster().pair();
  here.receiveAwareness(ada, awarenessUpdate(7, 1, { name: 'Ada' }));
  await aMoment();
  one.relay.die(); // nobody will say that it is gone
  const moved = enter(there);

  there.receiveAwareness(moved, awarenessUpdate(7, 2, { name: 'Ada', at: 'two' }));
  await vi.advanceTimersByTimeAsync(A_WHILE_MS);

  expect(grace.states().get(7)).toEqual({ clock: 2, state: { name: 'Ada', at: 'two' } });
});

test('nobody at another instance writes over the state of a client that is there', async () => {
  const { here, there, ada, grace } = await new Cluster().pair();
  here.receiveAwareness(ada, awarenessUpdate(7, 1, { name: 'Ada' }));
  await aMoment();

  there.receiveAwareness(grace, awarenessUpdate(7, 2, { name: 'Mallory' }));
  await vi.advanceTimersByTimeAsync(1_000);

  expect(ada.states().get(7)?.state).toEqual({ name: 'Ada' });
  expect(grace.states().get(7)?.state).toEqual({ name: 'Ada' });
});

test('stateless text reaches the sessions of every instance, also from one that does not have the document', async () => {
  const cluster = new Cluster();
  const { one, ada, grace } = await cluster.pair();
  const heard: string[] = [];
  for (const session of [ada, grace]) {
    Object.assign(session, { stateless: (payload: string) => void heard.push(`${session.author}: ${payload}`) });
  }

  one.registry.broadcastStateless('notes', 'ahoy');
  cluster.instance().registry.broadcastStateless('notes', 'land');
  await aMoment();

  expect(heard.toSorted()).toEqual(['ada: ahoy', 'ada: land', 'grace: ahoy', 'grace: land']);
});

test('two instances with everything tell each other nothing', async () => {
  const cluster = new Cluster();
  const { one, two, here, ada } = await cluster.pair();
  here.receive(ada, new Typist(1).type('hello'));
  await aMoment();
  const reads = vi.spyOn(cluster.store, 'recordBlocks');
  const appended = one.store.changes.length + two.store.changes.length;

  await vi.advanceTimersByTimeAsync(3 * A_WHILE_MS);

  expect(reads).not.toHaveBeenCalled();
  expect(one.store.changes.length + two.store.changes.length).toBe(appended);
});
