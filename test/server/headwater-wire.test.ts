import { MemoryStore } from '@headwater/persistence';
import { addressOf, EMPTY_STATE_VECTOR, EMPTY_UPDATE, HeadwaterError } from '@headwater/protocol';
import {
  type Access,
  createServer,
  type HeadwaterServer,
  type ServerOptions,
  type ServerParts,
} from '@headwater/server';
import { afterEach, describe, expect, test, vi } from 'vitest';
import * as Y from 'yjs';
import { HocuspocusClient } from '../support/hocuspocus-client.ts';
import { RawClient } from '../support/raw-client.ts';
import { StockClient } from '../support/stock-client.ts';
import { WireClient } from '../support/wire-client.ts';
import { ControlledStore } from './controlled-store.ts';
import { deferred } from './deferred.ts';
import { awarenessUpdate, Typist } from './support.ts';

/** For a machine that does much else. */
const PATIENT = { timeout: 20_000 };

let server: HeadwaterServer;
let url: string;

async function start(parts: ServerParts & ServerOptions = {}): Promise<void> {
  server = await createServer({ port: 0, store: new MemoryStore(), ...parts });
  const { port } = await server.listen();
  url = `ws://127.0.0.1:${port}`;
}

afterEach(() => server.close());

const bytes = (hex: string): Uint8Array => new Uint8Array(Buffer.from(hex.replaceAll(' ', ''), 'hex'));
const hexOf = (of: Uint8Array): string => Buffer.from(of).toString('hex');

/** An update that builds on one nobody has. */
function orphan(clientId: number): Uint8Array {
  const typist = new Typist(clientId);
  typist.type('lost');
  return typist.type(' and gone');
}

describe('a client that begins with a Hello', () => {
  test('is answered byte for byte as it is written down', async () => {
    await start({ maxMessageBytes: 1_024 });
    await using client = await RawClient.connect(url);
    client.send(bytes('00 40 02 03 782f31'));
    client.send(bytes('00 41 07'));
    client.send(bytes('00 7f 01')); // of a newer version
    client.send(bytes('01 61 02 00 01 74'));
    client.send(bytes('01 61 00 00 01 00'));
    client.send(bytes('01 61 00 01 02 00 00'));

    const answers: string[] = [];
    while (answers.length < 6) answers.push(hexOf(await client.next()));

    expect(answers).toEqual([
      expect.stringMatching(/^0040028008[0-9a-f]{2}686561647761746572/), // Hello: version 2, 1,024 bytes, "headwater…"
      '004207', // Pong
      '016144000000', // Granted
      '016100000100', // SyncStep1
      '01610001020000', // SyncStep2
      '01614601', // Saved: 1
    ]);
  });

  test('edits documents together with stock clients', async () => {
    await start();
    await using client = await WireClient.connect(url);
    await client.open('doc');
    await using ada = await new StockClient(url, 'doc').synced();
    await using bob = await new HocuspocusClient(url, 'doc').synced();

    client.update('doc', new Typist(1).type('x'));
    ada.doc.getText('text').insert(0, 'y');
    bob.text.insert(0, 'z');

    await ada.until(() => ada.doc.getText('text').length === 3, 'all three edits');
    await bob.until(() => bob.text.length === 3, 'all three edits');
    expect(bob.text.toString()).toBe(ada.doc.getText('text').toString());
  });

  test('has several documents on one connection, and several sessions of one', async () => {
    await start();
    await using client = await WireClient.connect(url);
    const again = addressOf('a', '2');
    for (const address of ['a', again, 'b']) await client.open(address);

    client.update('a', new Typist(1).type('in a'));
    await client.next(again, 'update');
    client.send(again, { kind: 'awareness', update: awarenessUpdate(5, 1, { name: 'ada' }) });
    await client.next('a', 'awareness');
    client.send('a', { kind: 'close' });
    client.update(again, new Typist(2).type('still open'));

    expect(await client.next(again, 'saved')).toEqual({ kind: 'saved', edit: 1 });
    expect(client.all('b', 'update')).toEqual([]);
    expect(server.health).toMatchObject({ connections: 1, documents: 2 });
  });

  test('may do so on the path of no document only, and is told', async () => {
    await start();
    await using client = await RawClient.connect(`${url}/sync`);
    client.send(bytes('00 40 02 03 782f31'));

    expect(await client.closed).toMatchObject({ code: 4400, reason: expect.stringContaining('the path of the URL') });
  });

  test('and sends nonsense is closed with 4400', async () => {
    await start();
    await using client = await WireClient.connect(url);
    client.raw.send(bytes('05 61'));

    expect(await client.raw.closed).toMatchObject({ code: 4400 });
  });

  test('is told when to come back before a server that stops closes with 1012', async () => {
    await start();
    await using client = await WireClient.connect(url);
    await client.open('doc');

    const closed = server.close();
    const { minMs, maxMs } = await client.nextFrame('retry');
    await closed;

    expect(minMs).toBeLessThan(maxMs);
    expect(await client.raw.closed).toMatchObject({ code: 1012 });
  });

  test('sends stateless messages to the application, and gets its answers', async () => {
    await start({ onStateless: ({ payload, broadcast }) => broadcast(`heard ${payload}`) });
    await using client = await WireClient.connect(url);
    await client.open('doc');

    client.send('doc', { kind: 'stateless', payload: 'hello' });

    expect(await client.next('doc', 'stateless')).toHaveProperty('payload', 'heard hello');
  });
});

describe('Saved', () => {
  test('comes after the fsync, and counts', async () => {
    const store = new ControlledStore();
    await start({ store });
    await using client = await WireClient.connect(url);
    await client.open('doc');
    const typist = new Typist(1);
    const release = store.holdSyncs();
    for (const text of ['a', 'b', 'c']) client.update('doc', typist.type(text));
    await vi.waitFor(() => expect(store.changes).not.toEqual([]), PATIENT);
    await client.roundTrip();
    expect(client.all('doc', 'saved')).toEqual([]);

    release();

    await vi.waitFor(() => expect(client.all('doc', 'saved').at(-1)).toEqual({ kind: 'saved', edit: 3 }), PATIENT);
  });

  test('comes for an edit that is known, not before those it may be known from', async () => {
    const store = new ControlledStore();
    await start({ store });
    await using client = await WireClient.connect(url);
    await client.open('doc');
    const edit = new Typist(1).type('a');
    const release = store.holdSyncs();
    client.update('doc', edit);
    await vi.waitFor(() => expect(store.changes).toHaveLength(1), PATIENT);
    client.update('doc', edit);
    client.send('doc', { kind: 'sync-step-2', update: EMPTY_UPDATE });
    await client.roundTrip();
    expect(client.all('doc', 'saved')).toEqual([]);

    release();

    await vi.waitFor(() => expect(client.all('doc', 'saved').at(-1)).toEqual({ kind: 'saved', edit: 3 }), PATIENT);
    expect(store.changes).toHaveLength(1);
  });

  test('counts in each session by itself', async () => {
    await start();
    await using client = await WireClient.connect(url);
    for (const address of ['a', 'b']) await client.open(address);
    const typist = new Typist(1);
    for (const text of ['1', '2', '3']) client.update('a', typist.type(text));
    await vi.waitFor(() => expect(client.all('a', 'saved').at(-1)?.edit).toBe(3), PATIENT);

    client.update('b', new Typist(2).type('1'));

    expect(await client.next('b', 'saved')).toHaveProperty('edit', 1);
  });

  test('counts what came before the token was accepted', async () => {
    const judged = deferred();
    await start({ authenticate: () => judged.promise.then(() => ({})) });
    await using client = await WireClient.connect(url);
    const typist = new Typist(1);
    client.send('doc', { kind: 'token', token: 't' });
    client.update('doc', typist.type('early '));
    client.update('doc', typist.type('too'));
    await client.roundTrip();
    expect(client.all('doc', 'granted')).toEqual([]);

    judged.resolve();

    await vi.waitFor(() => expect(client.all('doc', 'saved').at(-1)?.edit).toBe(2), PATIENT);
    await using reader = await new StockClient(url, 'doc').synced();
    expect(reader.doc.getText('text').toString()).toBe('early too');
  });

  test('does not come after a denial for what was on its way, before what took its place is saved', async () => {
    const store = new ControlledStore();
    await start({
      store,
      authenticate: ({ token }) => {
        if (token !== 'good') throw new Error('no');
        return {};
      },
    });
    await using client = await WireClient.connect(url);
    await client.open('doc', 'good');
    const typist = new Typist(1);
    const releaseFirst = store.holdSyncs();
    client.update('doc', typist.type('1')); // number 1, on its way
    await vi.waitFor(() => expect(store.changes).toHaveLength(1), PATIENT);
    client.send('doc', { kind: 'token', token: 'bad' });
    await client.next('doc', 'denied');
    client.update('doc', typist.type('2')); // number 2, dropped
    client.send('doc', { kind: 'token', token: 'good' });
    await client.next('doc', 'granted');
    const releaseSecond = store.holdSyncs();
    client.send('doc', { kind: 'sync-step-2', update: Y.encodeStateAsUpdate(typist.doc) }); // number 3: all of it
    await vi.waitFor(() => expect(store.changes).toHaveLength(2), PATIENT);

    releaseFirst();
    await client.roundTrip();
    expect(client.all('doc', 'saved').every(({ edit }) => edit < 3)).toBe(true);
    releaseSecond();

    await vi.waitFor(() => expect(client.all('doc', 'saved').at(-1)?.edit).toBe(3), PATIENT);
  });
});

describe('an edit that is refused', () => {
  test('costs its session nothing: not one that may only read', async () => {
    await start({ authenticate: ({ token }) => ({ isReadOnly: token === 'reader', user: token }) });
    await using client = await WireClient.connect(url);
    await using writer = await WireClient.connect(url);
    expect(await client.open('doc', 'reader')).toMatchObject({ isReadOnly: true, user: 'reader' });
    await writer.open('doc', 'writer');

    client.send('doc', { kind: 'sync-step-2', update: EMPTY_UPDATE });
    client.update('doc', new Typist(1).type('not allowed'));
    writer.update('doc', new Typist(2).type('allowed'));

    expect(await client.next('doc', 'saved')).toHaveProperty('edit', 1);
    const refused = { kind: 'refused', edit: 2, code: 'HW_READ_ONLY', reason: expect.any(String) };
    expect(await client.next('doc', 'refused')).toEqual(refused);
    await writer.next('doc', 'update'); // its own
    await client.next('doc', 'update');
    expect(client.all('doc', 'update')).toHaveLength(1);
  });

  test('nor one that sent bytes that do not decode, while other documents notice nothing', async () => {
    await start();
    await using client = await WireClient.connect(url);
    for (const address of ['a', 'b']) await client.open(address);

    client.update('a', bytes('09 09 09'));
    client.update('a', new Typist(1).type('fine'));
    client.update('b', new Typist(2).type('fine'));

    expect(await client.next('a', 'refused')).toMatchObject({ edit: 1, code: 'HW_UPDATE_MALFORMED' });
    expect(await client.next('a', 'saved')).toHaveProperty('edit', 2);
    await vi.waitFor(() => expect(client.all('b', 'saved').at(-1)?.edit).toBe(1), PATIENT);
  });

  test('nor one whose edits wait for others, when too many do', async () => {
    await start({ maxWaitingBytes: 700 });
    await using client = await WireClient.connect(url);
    await client.open('doc');

    for (const clientId of [1, 2, 3]) client.update('doc', orphan(clientId));
    client.update('doc', new Typist(4).type('fine'));

    expect(await client.next('doc', 'refused')).toMatchObject({ edit: 3, code: 'HW_TOO_MUCH_WAITING' });
    await vi.waitFor(() => expect(client.all('doc', 'saved').at(-1)?.edit).toBe(4), PATIENT);
  });

  test('comes again when its client may write: it is asked for what it has', async () => {
    await start({ authenticate: ({ token }) => ({ isReadOnly: token === 'reader' }) });
    await using client = await WireClient.connect(url);
    await client.open('doc', 'reader');
    const edit = new Typist(1).type('later');
    client.update('doc', edit);
    await client.next('doc', 'refused');

    client.send('doc', { kind: 'token', token: 'writer' });

    expect(await client.next('doc', 'granted')).toHaveProperty('isReadOnly', false);
    expect(await client.next('doc', 'sync-step-1')).toHaveProperty('stateVector', EMPTY_STATE_VECTOR);
    client.send('doc', { kind: 'sync-step-2', update: edit });
    expect(await client.next('doc', 'saved')).toHaveProperty('edit', 2);
  });
});

/** Refuses in as many ways as there are. */
function authenticate({ token }: { readonly token: string | undefined }): Access {
  if (token === 'bad') throw new Error('not yours');
  if (token === 'later') throw new HeadwaterError('HW_ACCESS_UNDECIDED', 'ask again');
  return token === 'over' ? { expiresAt: 1 } : {};
}

describe('a document that cannot be had is denied with a code, and the others go on:', () => {
  test.each([
    ["somebody else's", 'doc', 'bad', 'HW_ACCESS_DENIED', 'not yours'],
    ['one that cannot be decided about', 'doc', 'later', 'HW_ACCESS_UNDECIDED', 'ask again'],
    ['one whose token is over', 'doc', 'over', 'HW_TOKEN_EXPIRED', 'expired'],
    ['one with an impossible name', 'x'.repeat(1_025), 't', 'HW_NAME_INVALID', 'bytes'],
  ])('%s', async (_, name, token, code, reason) => {
    await start({ authenticate });
    await using client = await WireClient.connect(url);
    await client.open('other');

    client.send(name, { kind: 'token', token });

    expect(await client.next(name, 'denied')).toEqual({
      kind: 'denied',
      code,
      reason: expect.stringContaining(reason),
    });
    client.update('other', new Typist(1).type('fine'));
    expect(await client.next('other', 'saved')).toHaveProperty('edit', 1);
  });

  test('one more than a connection may have', async () => {
    await start({ maxDocumentsPerConnection: 2 });
    await using client = await WireClient.connect(url);
    for (const address of ['a', 'b']) await client.open(address);

    client.send('c', { kind: 'token', token: 't' });

    expect(await client.next('c', 'denied')).toHaveProperty('code', 'HW_TOO_MANY_DOCUMENTS');
    client.send('a', { kind: 'close' });
    await client.open('c');
  });

  test('one that cannot be read at the moment', async () => {
    const store = new ControlledStore();
    await start({ store });
    await using client = await WireClient.connect(url);
    await client.open('other');
    store.loadError = new Error('the disk is gone');
    client.send('doc', { kind: 'token', token: 't' });

    expect(await client.next('doc', 'denied')).toHaveProperty('code', 'HW_DOCUMENT_UNREADABLE');
    store.loadError = undefined;
    await client.open('doc');
  });

  test('one whose token has ended, until another one comes', async () => {
    await start({ authenticate: ({ token }) => (token === 'short' ? { expiresAt: Date.now() + 400 } : {}) });
    await using client = await WireClient.connect(url);
    await using other = await WireClient.connect(url);
    await other.open('doc');
    const { expiresInMs } = await client.open('doc', 'short');

    expect(await client.next('doc', 'denied')).toHaveProperty('code', 'HW_TOKEN_EXPIRED');
    client.update('doc', new Typist(1).type('dropped'));
    other.update('doc', new Typist(2).type('not for everybody'));
    await other.next('doc', 'saved');
    await client.roundTrip();

    expect(expiresInMs).toBeLessThanOrEqual(400);
    expect(client.all('doc', 'update')).toEqual([]);
    expect(client.all('doc', 'saved')).toEqual([]);
    await client.open('doc', 'long');
    expect(client.all('doc', 'update')).toHaveLength(1);
  });

  test('unless a new token comes in time', async () => {
    let expiresAt: number | undefined;
    await start({
      authenticate: ({ token }) => {
        if (token !== 'short') return {};
        expiresAt ??= Date.now() + 800;
        return { expiresAt };
      },
    });
    await using client = await WireClient.connect(url);
    await using other = await WireClient.connect(url);
    for (const each of [client, other]) await each.open('doc', 'short');
    client.send('doc', { kind: 'token', token: 'long' });
    expect(await client.next('doc', 'granted')).toHaveProperty('expiresInMs', undefined);

    await other.next('doc', 'denied');
    client.update('doc', new Typist(1).type('still in'));

    expect(await client.next('doc', 'saved')).toHaveProperty('edit', 1);
    expect(client.all('doc', 'denied')).toEqual([]);
  });
});
