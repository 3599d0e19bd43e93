import { HeadwaterError } from '@headwater/protocol';
import { describe, expect, test } from 'vitest';
import * as Y from 'yjs';
import { enter, FakeSession, openHouse, Typist, turn } from './support.ts';

const MALFORMED = Uint8Array.of(1, 1, 0, 0, 0, 0, 0);

describe('showing an update', () => {
  test('nothing is shown before it is written', async () => {
    const { store, registry } = openHouse();
    const document = await registry.open('doc');
    const [writer, reader] = [enter(document), enter(document)];
    const release = store.holdWrites();

    document.receive(writer, new Typist(1).type('seen'));
    await turn();
    const shownBefore = reader.text();
    release();
    await turn();

    expect(shownBefore).toBe('');
    expect(reader.text()).toBe('seen');
  });

  test('it is shown although the store could not write it', async () => {
    const { store, registry } = openHouse();
    const document = await registry.open('doc');
    const [writer, reader] = [enter(document), enter(document)];
    store.writeError = new HeadwaterError('HW_STORE_WRITE_FAILED', 'disk full');
    const release = store.holdSyncs();

    document.receive(writer, new Typist(1).type('seen'));
    await turn();

    expect(reader.text()).toBe('seen');
    expect(writer.acknowledged).toBe(0);
    release();
    await document.save();
    expect(writer.acknowledged).toBe(1);
  });

  test('one that failed to be written does not overtake an earlier one that is being written', async () => {
    const { store, registry } = openHouse();
    const document = await registry.open('doc');
    const [writer, reader] = [enter(document), enter(document)];
    const ada = new Typist(1);
    const release = store.holdWrites();
    document.receive(writer, ada.type('a'));
    await turn();
    store.writeError = new HeadwaterError('HW_STORE_WRITE_FAILED', 'disk full');

    document.receive(writer, ada.type('b'));
    await turn();
    const shownBefore = reader.text();
    release();
    await turn();

    expect(shownBefore).toBe('');
    expect(reader.text()).toBe('ab');
  });

  test('everybody gets the same bytes, the sender too, and what came in one turn comes in one write', async () => {
    const { registry } = openHouse();
    const document = await registry.open('doc');
    const [writer, reader] = [enter(document), enter(document)];
    writer.take();
    reader.take();
    const sends = reader.sends;
    const ada = new Typist(1);
    const updates = [ada.type('a'), ada.type('b'), ada.type('c')];

    for (const update of updates) document.receive(writer, update);
    await document.save();

    const expected = updates.map((update) => ({ kind: 'update', body: new Uint8Array(update) }));
    for (const session of [writer, reader]) {
      expect(session.take().map(({ kind, body }) => ({ kind, body: new Uint8Array(body) }))).toEqual(expected);
    }
    expect(reader.sends).toBe(sends + 1);
  });

  test('what arrived in one turn is one record of the log, with the author of each update', async () => {
    const { store, registry } = openHouse();
    const document = await registry.open('doc');
    const [ada, bob] = [enter(document, new FakeSession('ada')), enter(document, new FakeSession('bob'))];
    const updates = [new Typist(1).type('a'), new Typist(2).type('b')] as const;

    document.receive(ada, updates[0]);
    document.receive(bob, updates[1]);
    await document.save();

    const { tail } = await store.load('doc');
    expect(tail.map(({ entries }) => entries)).toEqual([
      [
        { update: updates[0], author: 'ada' },
        { update: updates[1], author: 'bob' },
      ],
    ]);
  });

  test('an update that does not decode is refused and leaves no trace', async () => {
    const { store, registry } = openHouse();
    const document = await registry.open('doc');
    const [writer, reader] = [enter(document), enter(document)];

    expect(() => document.receive(writer, MALFORMED)).toThrow(expect.objectContaining({ code: 'HW_UPDATE_MALFORMED' }));
    await document.save();

    expect(store.changes).toEqual([]);
    expect(reader.kinds()).not.toContain('update');
    expect(writer.acknowledged).toBe(0);
  });

  test('no session is shown anything before it asked', async () => {
    const { registry } = openHouse();
    const document = await registry.open('doc');
    const writer = enter(document);
    const silent = new FakeSession();
    document.join(silent);

    document.receive(writer, new Typist(1).type('hello'));
    await document.save();

    expect(silent.kinds()).toEqual(['sync-step-1']);
    document.answer(silent, Uint8Array.of(0));
    expect(silent.text()).toBe('hello');
  });
});

describe('reconnecting', () => {
  test('a thousand times with everything there is adds nothing to the log', async () => {
    const { store, registry } = openHouse();
    const document = await registry.open('doc');
    const writer = enter(document);
    const ada = new Typist(1);
    document.receive(writer, ada.type('hello world'));
    document.receive(
      writer,
      ada.edit(() => ada.doc.getText('text').delete(2, 5)),
    );
    await document.save();
    const { sequence } = (await store.info('doc')) ?? {};
    const appended = store.changes.length;

    for (let i = 0; i < 1_000; i++) {
      const session = enter(document, new FakeSession(`client ${i}`), ada.doc);
      document.receive(session, Y.encodeStateAsUpdate(ada.doc));
      expect(session.acknowledged).toBe(1);
      expect(session.kinds().at(-1)).toBe('sync-step-2');
      document.leave(session);
    }
    await document.save();

    expect(store.changes).toHaveLength(appended);
    expect((await store.info('doc'))?.sequence).toBe(sequence);
    expect(document.tailUpdates).toBe(2);
  });
});

describe('answering a state vector', () => {
  test('SyncStep2 is empty and comes last; everything before it is the content', async () => {
    const { registry } = openHouse();
    const document = await registry.open('doc');
    const writer = enter(document);
    const ada = new Typist(1);
    for (const word of ['one ', 'two ', 'three']) document.receive(writer, ada.type(word));
    await document.save();

    const joiner = enter(document);

    expect(joiner.kinds()).toEqual(['sync-step-1', 'update', 'update', 'update', 'sync-step-2']);
    expect([...(joiner.messages().at(-1)?.body ?? [])]).toEqual([0, 0]);
    expect(joiner.text()).toBe('one two three');
  });

  test('a client that lacks nothing gets nothing but the empty SyncStep2', async () => {
    const { registry } = openHouse();
    const document = await registry.open('doc');
    const writer = enter(document);
    const ada = new Typist(1);
    document.receive(writer, ada.type('one'));
    await document.save();

    const joiner = enter(document, new FakeSession(), ada.doc);

    expect(joiner.kinds()).toEqual(['sync-step-1', 'sync-step-2']);
  });

  test('the greeting asks for exactly what the server lacks', async () => {
    const { registry } = openHouse();
    const document = await registry.open('doc');
    const ada = new Typist(1);
    document.receive(enter(document), ada.type('one'));
    await document.save();

    const joiner = enter(document);

    expect([...(joiner.messages()[0]?.body ?? [])]).toEqual([...Y.encodeStateVector(ada.doc)]);
  });
});
