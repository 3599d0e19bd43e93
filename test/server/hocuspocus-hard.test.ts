import { once } from 'node:events';
import { MemoryStore } from '@headwater/persistence';
import {
  type Access,
  createServer,
  type HeadwaterServer,
  type ServerOptions,
  type ServerParts,
} from '@headwater/server';
import * as encoding from 'lib0/encoding';
import { afterEach, describe, expect, test } from 'vitest';
import * as Y from 'yjs';
import { echo, HocuspocusClient, hocuspocusSocket } from '../support/hocuspocus-client.ts';
import { RawClient } from '../support/raw-client.ts';
import { ControlledStore } from './controlled-store.ts';
import { deferred } from './deferred.ts';
import { enter, openHouse, Typist, turn } from './support.ts';

let server: HeadwaterServer;
let url: string;

async function start(parts: ServerParts & ServerOptions = {}): Promise<void> {
  server = await createServer({ port: 0, store: new MemoryStore(), ...parts });
  const { port } = await server.listen();
  url = `ws://127.0.0.1:${port}`;
}

afterEach(() => server.close());

const hexOf = (of: Uint8Array): string => Buffer.from(of).toString('hex');

function message(address: string, ...parts: readonly (number | string | Uint8Array)[]): Uint8Array {
  return encoding.encode((encoder) => {
    encoding.writeVarString(encoder, address);
    for (const part of parts) {
      if (typeof part === 'number') encoding.writeVarUint(encoder, part);
      else if (typeof part === 'string') encoding.writeVarString(encoder, part);
      else encoding.writeVarUint8Array(encoder, part);
    }
  });
}

const token = (address: string, text = 't'): Uint8Array => message(address, 2, 0, text);
const step1 = (address: string): Uint8Array => message(address, 0, 0, Uint8Array.of(0));
const update = (address: string, body: Uint8Array): Uint8Array => message(address, 0, 2, body);
const isStatus = (each: Uint8Array): boolean => hexOf(each).startsWith('016108');

function edit(text: string): Uint8Array {
  const doc = new Y.Doc();
  doc.getText('text').insert(0, text);
  return Y.encodeStateAsUpdate(doc);
}

describe('hasUnsyncedChanges never says too early that all is saved', () => {
  test('when a document is let go and opened again while an edit is on its way', async () => {
    const store = new ControlledStore();
    await start({ store, onStateless: echo });
    await using ada = await new HocuspocusClient(url, 'doc').synced();
    await ada.until(() => !ada.provider.hasUnsyncedChanges, 'nothing to be unsynced');
    const releaseFirst = store.holdSyncs();
    ada.text.insert(0, 'x');
    await expect.poll(() => store.changes.length).toBe(1);
    ada.provider.detach();
    ada.text.insert(0, 'offline ');
    const releaseSecond = store.holdSyncs();
    ada.provider.attach();
    await expect.poll(() => store.changes.length).toBe(2);

    releaseFirst();
    await ada.roundTrip();
    expect(ada.provider.hasUnsyncedChanges).toBe(true);
    releaseSecond();

    await ada.until(() => !ada.provider.hasUnsyncedChanges, 'all of it to be saved');
  });

  test('when it is asked for edits that others wait for', async () => {
    const store = new ControlledStore();
    await start({ store, onStateless: echo });
    await using ada = await new HocuspocusClient(url, 'doc').synced();
    await ada.until(() => !ada.provider.hasUnsyncedChanges, 'nothing to be unsynced');
    Y.applyUpdate(ada.doc, edit('never sent '), ada.provider);
    const releaseFirst = store.holdSyncs();
    ada.text.insert(1, 'builds on it');
    await ada.roundTrip(); // it waits, and its client was asked for what is missing
    await expect.poll(() => store.changes.length).toBe(2); // which it sent
    const releaseSecond = store.holdSyncs();
    ada.text.insert(2, 'more');
    await expect.poll(() => store.changes.length).toBe(3);

    releaseFirst();
    await ada.roundTrip();
    expect(ada.provider.hasUnsyncedChanges).toBe(true);
    releaseSecond();

    await ada.until(() => !ada.provider.hasUnsyncedChanges, 'all of it to be saved');
  });

  test('when it edits before its token is there', async () => {
    const store = new ControlledStore();
    await start({ store, onStateless: echo });
    const doc = new Y.Doc();
    doc.getText('text').insert(0, 'written offline ');
    const given = deferred();
    await using ada = new HocuspocusClient(url, 'doc', { doc, token: () => given.promise.then(() => 't') });
    ada.provider.on('open', () => {
      ada.text.insert(ada.text.length, 'early');
      given.resolve();
    });
    let release: (() => void) | undefined;
    store.onAppend = () => {
      if (store.changes.length === 2) release ??= store.holdSyncs();
    };
    await expect.poll(() => store.changes.length).toBe(2);
    await ada.roundTrip();

    expect(ada.provider.hasUnsyncedChanges).toBe(true);
    release?.();

    await ada.until(() => !ada.provider.hasUnsyncedChanges, 'all of it to be saved');
  });

  test('when a reader sends what a writer sent in the same turn', async () => {
    await start();
    const { store, registry } = openHouse();
    const document = await registry.open('doc');
    const [writer, reader] = [enter(document), enter(document)];
    reader.isReadOnly = true;
    const release = store.holdSyncs();
    const typed = new Typist(1).type('a');

    document.receive(writer, typed);
    document.receive(reader, typed);
    await turn();
    expect([reader.acknowledged, reader.refused]).toEqual([0, 0]);
    release();
    await turn();

    expect([reader.acknowledged, reader.refused]).toEqual([1, 0]);
  });
});

describe('and it says so in the end', () => {
  test('after a sync that the application forces', async () => {
    await start();
    await using ada = await new HocuspocusClient(url, 'doc').synced();
    await ada.until(() => !ada.provider.hasUnsyncedChanges, 'nothing to be unsynced');

    ada.provider.forceSync();

    expect(ada.provider.hasUnsyncedChanges).toBe(true);
    await ada.until(() => !ada.provider.hasUnsyncedChanges, 'it to be over');
  });

  test('when a reader becomes a writer: what was refused is asked for', async () => {
    const store = new ControlledStore();
    await start({
      store,
      onStateless: echo,
      authenticate: ({ token: given }) => ({ isReadOnly: given === 'reader' }),
    });
    let given = 'reader';
    await using ada = await new HocuspocusClient(url, 'doc', { token: () => given }).synced();
    ada.text.insert(0, 'mine');
    await ada.roundTrip();
    given = 'writer';

    await ada.provider.sendToken();

    await ada.until(() => !ada.provider.hasUnsyncedChanges, 'the edit to be saved');
    await using bob = await new HocuspocusClient(url, 'doc').synced();
    await bob.until(() => bob.text.toString() === 'mine', 'the edit');
    expect(store.changes).toHaveLength(1);
  });
});

/** Judges a token that begins with "slow" when told to. */
function judgeWith(gate: Promise<void>): NonNullable<ServerParts['authenticate']> {
  return async ({ token: given = '' }) => {
    if (given.startsWith('slow')) await gate;
    if (given.endsWith('bad')) throw new Error('bad');
    return { isReadOnly: given === 'reader' };
  };
}

/** Resolves when the server has taken what was sent so far. */
async function arrived({ socket }: RawClient): Promise<void> {
  socket.ping();
  await once(socket, 'pong');
}

describe('tokens', () => {
  test.each([
    ['the first two', ['slow writer', 'reader']],
    ['later ones', ['other', 'slow writer', 'reader']],
  ])('the newest of %s decides, whichever is judged first', async (_, tokens) => {
    const gate = deferred();
    await start({ authenticate: judgeWith(gate.promise) });
    await using client = await RawClient.connect(url);
    for (const each of tokens) client.send(token('a', each));
    await arrived(client);
    gate.resolve();
    await client.next((each) => hexOf(each).endsWith(hexOf(Buffer.from('readonly'))));
    await arrived(client);

    client.send(step1('a'));
    client.send(update('a', edit('not allowed')));

    expect(hexOf(await client.next(isStatus))).toBe('01610800');
  });

  test('a good one that comes while a bad one is judged is not forgotten', async () => {
    const gate = deferred();
    await start({ authenticate: judgeWith(gate.promise) });
    await using client = await RawClient.connect(url);
    client.send(token('a', 'slow bad'));
    client.send(token('a', 'good'));
    await arrived(client);
    gate.resolve();

    await client.next((each) => hexOf(each).startsWith('01610202'));

    expect(server.health.documents).toBe(1);
  });

  test('are judged one at a time', async () => {
    const gate = deferred();
    let running = 0;
    let most = 0;
    await start({
      authenticate: async () => {
        most = Math.max(most, ++running);
        await gate.promise;
        running--;
        return {};
      },
    });
    await using client = await RawClient.connect(url);
    for (let i = 0; i < 1_000; i++) client.send(token('a'));
    await arrived(client);
    gate.resolve();

    await client.next();

    expect(most).toBe(1);
  });

  test.each<[string, unknown]>([
    ['a user that is no text', { user: 42 }],
    ['a user without a name', { user: '' }],
    ['a permission that is neither true nor false', { isReadOnly: 1 }],
  ])('an application that grants %s grants nothing', async (_, access) => {
    await start({ authenticate: () => access as Access });
    await using client = await RawClient.connect(url);

    client.send(token('a'));

    expect(Buffer.from(await client.next()).toString()).toContain('authenticate has to give');
  });

  test('one that resolves late does not keep a provider on a path from being known as one', async () => {
    await start();
    const given = deferred();
    await using ada = new HocuspocusClient(`${url}/collaboration`, 'doc', {
      token: () => given.promise.then(() => 't'),
    });
    ada.provider.on('open', () => {
      ada.text.insert(0, 'x');
      given.resolve();
    });

    await ada.until(() => ada.provider.synced && !ada.provider.hasUnsyncedChanges, 'the edit to be saved');

    expect(ada.closeCodes).toEqual([]);
  });
});

describe('one document does not cost the others their connection', () => {
  test('when somebody types into it who may not', async () => {
    await start({
      authenticate: ({ documentName }) => {
        if (documentName === 'secret') throw new Error('no');
        return {};
      },
    });
    const socket = hocuspocusSocket(url);
    await using one = await new HocuspocusClient(socket, 'one').synced();
    await using secret = new HocuspocusClient(socket, 'secret');
    await secret.until(() => secret.denials.length > 0, 'the denial');
    for (let i = 0; i < 1_100; i++) secret.text.insert(0, 'x');

    one.text.insert(0, 'fine');
    await one.until(() => !one.provider.hasUnsyncedChanges, 'the edit to be saved');

    expect(one.closeCodes).toEqual([]);
    socket.destroy();
  });
});

describe('a client that is gone', () => {
  test('before its document was read has its edits taken up', async () => {
    const store = new ControlledStore();
    await start({ store });
    const release = store.holdLoads();
    const client = await RawClient.connect(url);
    client.send(token('a'));
    client.send(update('a', edit('last words')));
    await expect.poll(() => store.loads).toBe(1);
    await client[Symbol.asyncDispose]();

    release();

    await expect.poll(() => store.changes.length).toBe(1);
    await expect.poll(() => server.health.connections).toBe(0);
  });

  test('and had sent nonsense before its document was read is not kept in it', async () => {
    const store = new ControlledStore();
    await start({ store, unloadAfterMs: 100 });
    const release = store.holdLoads();
    const client = await RawClient.connect(url);
    client.send(token('a'));
    client.send(update('a', edit('good')));
    client.send(update('a', Uint8Array.of(9, 9, 9)));
    await expect.poll(() => store.loads).toBe(1);
    await client[Symbol.asyncDispose]();
    await expect.poll(() => server.health.connections).toBe(0);

    release();

    await expect.poll(() => store.changes.length).toBe(1);
    await expect.poll(() => server.health.documents, { timeout: 5_000 }).toBe(0);
  });

  test('is sent nothing after the close frame', async () => {
    const store = new ControlledStore();
    await start({ store });
    const release = store.holdSyncs();
    await using client = await RawClient.connect(url);
    client.send(token('a'));
    client.send(step1('a'));
    client.send(update('a', edit('x')));
    await expect.poll(() => store.changes.length).toBe(1);
    client.send(Uint8Array.of());
    await client.closed;
    const { length } = client.messages;

    release();
    await expect.poll(() => server.health.connections).toBe(0);
    await turn();

    expect(client.messages.filter(isStatus)).toEqual([]);
    expect(client.messages).toHaveLength(length);
  });
});

describe('memory', () => {
  test('an address is bounded', async () => {
    await start();
    await using client = await RawClient.connect(url);

    client.send(token(`doc\u0000${'x'.repeat(2_000)}`));

    expect(await client.closed).toMatchObject({ code: 4400, reason: expect.stringContaining('1152') });
  });

  test('a token that is judged while its document is let go gives no room for another one', async () => {
    const gate = deferred();
    await start({ maxDocumentsPerConnection: 2, authenticate: judgeWith(gate.promise) });
    await using client = await RawClient.connect(url);
    client.send(token('a'));
    await client.next();
    client.send(token('a', 'slow'));
    client.send(message('a', 7));
    await arrived(client);
    gate.resolve();
    await arrived(client);

    for (const name of ['b', 'c', 'd']) client.send(token(name));

    const denial = await client.next((each) => hexOf(each).startsWith(hexOf(message('d', 2, 1))));
    expect(Buffer.from(denial).toString()).toContain('more than 2');
  });

  test('names that are opened and let go again do not pile up', async () => {
    await start();
    await using client = await RawClient.connect(url);
    for (let i = 0; i < 2_000; i++) {
      client.send(token(`doc-${i}`));
      client.send(message(`doc-${i}`, 7));
    }
    client.send(token('a'));
    await client.next();

    await expect.poll(() => server.health.documents, { timeout: 5_000 }).toBeLessThan(10);
  });

  test('stateless messages and denials to somebody who does not read are dropped', async () => {
    await start({ maxQueuedBytes: 1_000_000 });
    await using client = await RawClient.connect(url);
    client.send(token('a'));
    await client.next();
    client.socket.pause();
    const before = process.memoryUsage().arrayBuffers;
    for (let i = 0; i < 100; i++) {
      server.broadcastStateless('a', 'x'.repeat(1_000_000));
      await turn();
    }

    expect(process.memoryUsage().arrayBuffers - before).toBeLessThan(30_000_000);
    client.socket.resume();
  });
});
