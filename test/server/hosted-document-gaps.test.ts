import { describe, expect, test } from 'vitest';
import * as Y from 'yjs';
import { enter, FakeSession, openHouse, Typist, turn } from './support.ts';

/** An update that puts a struct at the next clock of a client, below a parent that does not exist. */
function withoutParent(victim: Typist): Uint8Array {
  const ghost = new Y.Doc();
  ghost.clientID = 666;
  const parent = ghost.getMap('m').set('child', new Y.Array<string>());
  const before = Y.encodeStateVector(ghost);
  ghost.clientID = victim.doc.clientID;
  // The struct must begin where the victim stands: so many earlier ones are made and cut off.
  const known = Y.decodeStateVector(Y.encodeStateVector(victim.doc)).get(victim.doc.clientID) ?? 0;
  if (known > 0) ghost.getText('filler').insert(0, 'x'.repeat(known));
  const cut = known > 0 ? Y.encodeStateVector(ghost) : before;
  parent.insert(0, ['hostile']);
  return Y.encodeStateAsUpdate(ghost, cut);
}

describe('an update ahead of what it builds on', () => {
  test('is stored as waiting, asked for, and not shown', async () => {
    const { store, registry } = openHouse();
    const document = await registry.open('doc');
    const [writer, reader] = [enter(document), enter(document)];
    const ada = new Typist(1);
    ada.type('first ');
    const second = ada.type('second');
    writer.take();
    reader.take();

    document.receive(writer, second);
    await document.save();

    const stored = await store.load('doc');
    expect(stored.tail).toEqual([]);
    expect(stored.waiting).toEqual([{ update: second, author: 'ada' }]);
    expect(writer.take().map(({ kind, body }) => [kind, ...body])).toEqual([['sync-step-1', 0]]);
    expect(reader.take()).toEqual([]);
    expect(writer.acknowledged).toBe(1);
  });

  test('is shown behind the missing one when that arrives, and waits no longer', async () => {
    const { store, registry } = openHouse();
    const document = await registry.open('doc');
    const [writer, reader] = [enter(document), enter(document)];
    const ada = new Typist(1);
    const [first, second, third] = [ada.type('first '), ada.type('second '), ada.type('third')];
    document.receive(writer, third);
    document.receive(writer, second);
    await document.save();

    document.receive(writer, first);
    await document.save();

    expect(reader.text()).toBe('first second third');
    const stored = await store.load('doc');
    expect(stored.waiting).toEqual([]);
    expect(stored.tail.flatMap(({ entries }) => entries)).toHaveLength(3);
  });

  test('waits through a restart', async () => {
    const ada = new Typist(1);
    const [first, second] = [ada.type('first '), ada.type('second')];
    const before = openHouse();
    const old = await before.registry.open('doc');
    old.receive(enter(old), second);
    await old.save();
    before.registry.close();

    const { store, registry } = openHouse({}, before.store);
    const document = await registry.open('doc');
    const [writer, reader] = [enter(document), enter(document)];
    const shownBefore = reader.kinds();
    document.receive(writer, first);
    await document.save();

    expect(shownBefore).toEqual(['sync-step-1', 'sync-step-2']);
    expect(reader.text()).toBe('first second');
    expect((await store.load('doc')).waiting).toEqual([]);
  });

  test('is asked for again once a connection that was too full to be asked has room', async () => {
    const { registry } = openHouse();
    const document = await registry.open('doc');
    const writer = enter(document);
    const ada = new Typist(1);
    ada.type('first ');
    const second = ada.type('second');
    writer.isFull = true;
    document.receive(writer, new Typist(2).type('fills the connection'));
    await document.save();
    document.receive(writer, second);
    await document.save();
    writer.take();

    writer.drain(document);

    expect(writer.take().map(({ kind }) => kind)).toContain('sync-step-1');
  });

  test('is one entry however often it comes', async () => {
    const { store, registry } = openHouse();
    const document = await registry.open('doc');
    const writer = enter(document);
    const ada = new Typist(1);
    ada.type('first');
    const second = ada.type('second');

    for (let i = 0; i < 10; i++) {
      document.receive(writer, second);
      await turn();
    }
    await document.save();

    expect(store.changes).toHaveLength(1);
    expect(writer.acknowledged).toBe(10);
  });

  test('ends the session when more waits than may, but what it brought before that is kept', async () => {
    const { registry } = openHouse({ maxWaitingBytes: 100 });
    const document = await registry.open('doc');
    const [writer, reader] = [enter(document), enter(document)];
    const [ada, bob] = [new Typist(1), new Typist(2)];
    const seen = bob.type('kept');
    Y.applyUpdate(ada.doc, seen);
    ada.type('missing');
    const tooMuch = ada.type('x'.repeat(200));

    expect(() => document.receive(writer, Y.mergeUpdates([seen, tooMuch]))).toThrow(
      expect.objectContaining({ code: 'HW_TOO_MUCH_WAITING' }),
    );
    await document.save();

    expect(reader.text()).toBe('kept');
  });
});

describe('a struct that names a parent nobody has', () => {
  test.each([
    ['that never edited', []],
    ['that edited before', ['before ']],
  ])('does not hide the real edit of a victim %s', async (_, words) => {
    const { store, registry } = openHouse();
    const document = await registry.open('doc');
    const [writer, mallory] = [enter(document), enter(document, new FakeSession('mallory'))];
    const victim = new Typist(7);
    for (const word of words) document.receive(writer, victim.type(word));
    await document.save();
    const hostile = withoutParent(victim);
    expect([...Y.parseUpdateMeta(hostile).from]).toEqual([[7, words.join('').length]]);

    document.receive(mallory, hostile);
    await document.save();
    document.receive(writer, victim.type('the real edit'));
    await document.save();

    const joiner = enter(document);
    expect(joiner.text()).toBe(`${words.join('')}the real edit`);
    expect((await store.load('doc')).tail.flatMap(({ entries }) => entries).map(({ author }) => author)).not.toContain(
      'mallory',
    );
    const again = enter(await openHouse({}, store).registry.open('doc'));
    expect(again.text()).toBe(`${words.join('')}the real edit`);
  });
});
