import { describe, expect, test } from 'vitest';
import { enter, openHouse, Typist, turn } from './support.ts';

describe('acknowledging an update', () => {
  test('happens once for each, and only when it is durable', async () => {
    const { store, registry } = openHouse();
    const document = await registry.open('doc');
    const [ada, bob] = [enter(document), enter(document)];
    const typist = new Typist(1);
    const release = store.holdSyncs();

    document.receive(ada, typist.type('a'));
    document.receive(ada, typist.type('b'));
    await turn();
    document.receive(ada, typist.type('c'));
    document.receive(bob, new Typist(2).type('d'));
    await turn();
    const before = [ada.acknowledged, bob.acknowledged];
    release();
    await document.save();

    expect(before).toEqual([0, 0]);
    expect([ada.acknowledged, bob.acknowledged]).toEqual([3, 1]);
  });

  test('a duplicate of something that is not durable yet waits for it', async () => {
    const { store, registry } = openHouse();
    const document = await registry.open('doc');
    const [ada, bob] = [enter(document), enter(document)];
    const update = new Typist(1).type('a');
    const release = store.holdSyncs();

    document.receive(ada, update);
    document.receive(bob, update); // in the same batch
    await turn();
    document.receive(bob, update); // with nothing pending, but unsynced
    await turn();
    const before = [ada.acknowledged, bob.acknowledged];
    release();
    await document.save();
    await turn();

    expect(before).toEqual([0, 0]);
    expect([ada.acknowledged, bob.acknowledged]).toEqual([1, 2]);
  });

  test('nothing new among nothing new waits for what is not durable yet', async () => {
    const { store, registry } = openHouse();
    const document = await registry.open('doc');
    const ada = enter(document);
    const missing = new Typist(1);
    missing.type('first');
    const ahead = missing.type('second');
    const release = store.holdSyncs();
    document.receive(ada, ahead); // waits: stored, not shown
    document.receive(ada, ahead); // in the same batch, nothing new
    await turn();
    expect(store.changes).toHaveLength(1);

    document.receive(ada, ahead);
    await turn();
    const before = ada.acknowledged;
    release();
    await document.save();
    await turn();

    expect(before).toBe(0);
    expect(ada.acknowledged).toBe(3);
    expect(store.changes).toHaveLength(1);
  });

  test('a duplicate of something durable is acknowledged at once and adds nothing to the log', async () => {
    const { store, registry } = openHouse();
    const document = await registry.open('doc');
    const ada = enter(document);
    const update = new Typist(1).type('a');
    document.receive(ada, update);
    await document.save();
    const reader = enter(document);
    reader.take();

    document.receive(ada, update);

    expect(ada.acknowledged).toBe(2);
    await document.save();
    await turn();
    expect(store.changes).toHaveLength(1);
    expect(reader.take()).toEqual([]);
  });

  test('a duplicate beside an update that was refused waits for what is not durable yet', async () => {
    const { store, registry } = openHouse({ maxWaitingBytes: 10 });
    const document = await registry.open('doc');
    const [ada, mallory] = [enter(document), enter(document)];
    const update = new Typist(1).type('a');
    const release = store.holdSyncs();
    document.receive(ada, update);
    await turn();
    const gap = new Typist(2);
    gap.type('never sent');
    const ahead = gap.type('more than may wait');

    expect(() => document.receive(mallory, ahead)).toThrow(expect.objectContaining({ code: 'HW_TOO_MUCH_WAITING' }));
    document.receive(ada, update);
    await turn();
    const before = ada.acknowledged;
    release();
    await document.save();
    await turn();

    expect(before).toBe(0);
    expect([ada.acknowledged, mallory.acknowledged]).toEqual([2, 0]);
    expect(store.changes).toHaveLength(1);
  });

  test('a store that is closed first acknowledges nothing', async () => {
    const { store, registry } = openHouse();
    const document = await registry.open('doc');
    const ada = enter(document);
    await store.inner.close();

    document.receive(ada, new Typist(1).type('a'));
    await turn();

    expect(ada.acknowledged).toBe(0);
    expect(document.isSaved).toBe(false);
  });
});
