import { MemoryStore } from '@headwater/persistence';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { createServer, type HeadwaterServer, type ServerParts } from '../../server/src/create-server.ts';
import { echo, HocuspocusClient, hocuspocusSocket } from '../support/hocuspocus-client.ts';
import { StockClient } from '../support/stock-client.ts';
import { ControlledStore } from './controlled-store.ts';

let server: HeadwaterServer;
let url: string;

async function start(parts: ServerParts = {}): Promise<void> {
  server = await createServer({ port: 0, store: new MemoryStore(), ...parts });
  const { port } = await server.listen();
  url = `ws://127.0.0.1:${port}`;
}

describe('an unmodified @hocuspocus/provider', () => {
  beforeEach(() => start());
  afterEach(() => server.close());

  test('syncs with another one, and with a y-websocket client of the same document', async () => {
    await using ada = await new HocuspocusClient(url, 'doc').synced();
    await using bob = await new HocuspocusClient(url, 'doc').synced();
    await using eve = await new StockClient(url, 'doc').synced();

    ada.text.insert(0, 'ada ');
    bob.text.insert(0, 'bob ');
    eve.doc.getText('text').insert(0, 'eve ');

    for (const client of [ada, bob]) await client.until(() => client.text.length === 12, 'all three edits');
    await eve.until(() => eve.doc.getText('text').length === 12, 'all three edits');
    expect(bob.text.toString()).toBe(ada.text.toString());
    expect(eve.doc.getText('text').toString()).toBe(ada.text.toString());
  });

  test.each(['', '/', '/collaboration', '/any/path?x=1'])('may be given a URL that ends in %j', async (path) => {
    await using ada = await new HocuspocusClient(`${url}${path}`, 'doc').synced();
    await using bob = await new HocuspocusClient(url, 'doc').synced();

    ada.text.insert(0, 'hello');

    await bob.until(() => bob.text.length === 5, 'the edit');
    expect(ada.closeCodes).toEqual([]);
  });

  test('has several documents on one connection, and can let go of one of them', async () => {
    const socket = hocuspocusSocket(url);
    await using one = await new HocuspocusClient(socket, 'one').synced();
    const two = await new HocuspocusClient(socket, 'two').synced();
    one.text.insert(0, 'in one');
    two.text.insert(0, 'in two');
    two.provider.setAwarenessField('user', 'ada');
    await using observer = await new HocuspocusClient(url, 'two').synced();
    await observer.until(() => observer.provider.awareness?.getStates().has(two.doc.clientID) === true, 'presence');

    expect(server.health).toMatchObject({ connections: 2, documents: 2 });
    expect(observer.text.toString()).toBe('in two');
    await two[Symbol.asyncDispose]();

    await observer.until(() => observer.provider.awareness?.getStates().has(two.doc.clientID) !== true, 'it to go');
    expect(server.health.connections).toBe(2);
    one.text.insert(0, 'still ');
    await using reader = await new HocuspocusClient(url, 'one').synced();
    await reader.until(() => reader.text.toString() === 'still in one', 'the edit');
    socket.destroy();
  });

  test('two sessions of one document on one connection are told apart', async () => {
    const socket = hocuspocusSocket(url);
    await using one = await new HocuspocusClient(socket, 'doc', { sessionAwareness: true }).synced();
    await using two = await new HocuspocusClient(socket, 'doc', { sessionAwareness: true }).synced();

    one.text.insert(0, 'one');
    one.provider.setAwarenessField('name', 'one');
    two.provider.setAwarenessField('name', 'two');

    await two.until(() => two.text.toString() === 'one', 'the edit');
    await two.until(() => two.provider.awareness?.getStates().size === 2, 'both states');
    one.provider.destroy();
    await two.until(() => two.provider.awareness?.getStates().size === 1, 'one state to go');
    expect(two.closeCodes).toEqual([]);
    socket.destroy();
  });

  test('takes its presence away by setting it to null', async () => {
    await using ada = await new HocuspocusClient(url, 'doc').synced();
    await using bob = await new HocuspocusClient(url, 'doc').synced();
    ada.provider.setAwarenessField('user', { name: 'ada' });
    const statesOfBob = (): Map<number, unknown> => bob.provider.awareness?.getStates() ?? new Map<number, unknown>();
    await bob.until(() => statesOfBob().has(ada.doc.clientID), 'presence');

    ada.provider.awareness?.setLocalState(null);

    await bob.until(() => !statesOfBob().has(ada.doc.clientID), 'it to go');
    expect(ada.closeCodes).toEqual([]);
  });

  test('edits made offline are merged when it is back', async () => {
    await using ada = await new HocuspocusClient(url, 'doc').synced();
    await using bob = await new HocuspocusClient(url, 'doc').synced();
    ada.socket.disconnect();
    await ada.until(() => ada.closeCodes.length > 0, 'the connection to close');

    ada.text.insert(0, 'offline');
    bob.text.insert(0, 'online ');
    await ada.socket.connect();

    for (const client of [ada, bob]) await client.until(() => client.text.length === 14, 'both edits');
    expect(ada.text.toString()).toBe(bob.text.toString());
  });

  test('stays connected while nobody does anything, and answers the pings', async () => {
    await server.close();
    server = await createServer({ port: 0, store: new MemoryStore(), heartbeatIntervalMs: 50 });
    const { port } = await server.listen();
    await using ada = await new HocuspocusClient(`ws://127.0.0.1:${port}`, 'doc').synced();
    let messages = 0;
    ada.socket.on('message', () => (messages += 1));

    await ada.until(() => messages >= 6, 'six heartbeats, three times as many as a connection without answers has');

    expect(ada.closeCodes).toEqual([]);
    expect(ada.provider.synced).toBe(true);
  });
});

describe('hasUnsyncedChanges', () => {
  afterEach(() => server.close());

  test('is false only once every edit is fsynced', async () => {
    const store = new ControlledStore();
    await start({ store, onStateless: echo });
    await using ada = await new HocuspocusClient(url, 'doc').synced();
    await using bob = await new HocuspocusClient(url, 'doc').synced();
    await ada.until(() => !ada.provider.hasUnsyncedChanges, 'nothing to be unsynced');
    const release = store.holdSyncs();

    for (const letter of 'abc') ada.text.insert(0, letter);
    await bob.until(() => bob.text.toString() === 'cba', 'the edits to be seen');
    await ada.roundTrip();

    expect(ada.provider.unsyncedChanges).toBe(3);
    release();
    await ada.until(() => !ada.provider.hasUnsyncedChanges, 'the edits to be saved');
  });

  test('is false again after a reconnect that brought what was never saved', async () => {
    await start();
    await using ada = await new HocuspocusClient(url, 'doc').synced();
    ada.socket.disconnect();
    await ada.until(() => ada.closeCodes.length > 0, 'the connection to close');
    ada.text.insert(0, 'offline');
    expect(ada.provider.hasUnsyncedChanges).toBe(true);

    await ada.socket.connect();

    await ada.until(() => ada.provider.synced && !ada.provider.hasUnsyncedChanges, 'the edit to be saved');
  });
});

/** Tokens say what they are for. */
const authenticate: ServerParts['authenticate'] = async ({ token, documentName, headers }) => {
  await new Promise((resolve) => setTimeout(resolve, 5));
  if (headers.host === undefined) throw new Error('a visitor without headers');
  if (token === 'reader') return { user: 'reader', isReadOnly: true };
  if (token !== `writer of ${documentName}`) throw new Error('not yours');
  return { user: token };
};

describe('access', () => {
  afterEach(() => server.close());

  test('is denied with a reason, for that document only', async () => {
    await start({ authenticate });
    const socket = hocuspocusSocket(url);
    await using mine = await new HocuspocusClient(socket, 'mine', { token: 'writer of mine' }).synced();
    await using yours = new HocuspocusClient(socket, 'yours', { token: 'writer of mine' });

    await yours.until(() => yours.denials.length > 0, 'the denial');
    mine.text.insert(0, 'mine');
    await mine.until(() => !mine.provider.hasUnsyncedChanges, 'the edit to be saved');

    expect(yours.denials[0]).toBe('not yours');
    expect(yours.provider.synced).toBe(false);
    socket.destroy();
  });

  test('a user is the author of their edits', async () => {
    const store = new ControlledStore();
    await start({ authenticate, store });
    await using ada = await new HocuspocusClient(url, 'doc', { token: 'writer of doc' }).synced();
    await using bob = await new StockClient(url, 'doc', { params: { token: 'writer of doc' } }).synced();

    ada.text.insert(0, 'a');
    await bob.until(() => bob.doc.getText('text').length === 1, 'the edit');
    bob.doc.getText('text').insert(0, 'b');
    await ada.until(() => ada.text.length === 2, 'the edit');

    const authors = store.changes.flatMap(({ entries }) => entries.map(({ author }) => author));
    expect(authors).toEqual(['writer of doc', 'writer of doc']);
  });

  test.each([
    [
      'a Hocuspocus provider',
      async () => {
        const client = await new HocuspocusClient(url, 'doc', { token: 'reader' }).synced();
        return { doc: client.doc, client, scope: client.provider.authorizedScope };
      },
    ],
    [
      'a y-websocket client',
      async () => {
        const client = await new StockClient(url, 'doc', { params: { token: 'reader' } }).synced();
        return { doc: client.doc, client, scope: 'readonly' };
      },
    ],
  ])('%s that may only read gets every edit, is seen, and changes nothing', async (_, enterAsReader) => {
    await start({ authenticate });
    await using writer = await new HocuspocusClient(url, 'doc', { token: 'writer of doc' }).synced();
    writer.text.insert(0, 'before ');
    await writer.until(() => !writer.provider.hasUnsyncedChanges, 'the edit to be saved');
    const { doc, client, scope } = await enterAsReader();

    doc.getText('text').insert(0, 'FORBIDDEN ');
    writer.text.insert(0, 'after ');
    await writer.until(() => !writer.provider.hasUnsyncedChanges, 'the edit to be saved');
    await using fresh = await new HocuspocusClient(url, 'doc', { token: 'writer of doc' }).synced();
    await fresh.until(() => fresh.text.length > 0, 'the content');

    expect(scope).toBe('readonly');
    expect(fresh.text.toString()).toBe('after before ');
    expect(writer.text.toString()).toBe('after before ');
    expect(doc.getText('text').toString()).toContain('after');
    const { provider } = client;
    expect('hasUnsyncedChanges' in provider ? provider.hasUnsyncedChanges : true).toBe(true);
    provider.awareness?.setLocalState({ name: 'reader' });
    await writer.until(() => writer.provider.awareness?.getStates().has(doc.clientID) === true, 'presence');
    await client[Symbol.asyncDispose]();
  });

  test('a y-websocket client that is denied is told so for good', async () => {
    await start({ authenticate });
    await using client = new StockClient(url, 'doc', { params: { token: 'nobody' } });

    await new Promise<void>((resolve) => {
      client.provider.once('closed', () => resolve());
    });

    expect(client.closeCodes).toEqual([4403]);
  });

  test('a new token may change what its client may do', async () => {
    await start({ authenticate });
    let token = 'reader';
    await using ada = await new HocuspocusClient(url, 'doc', { token: () => token }).synced();
    expect(ada.provider.authorizedScope).toBe('readonly');

    token = 'writer of doc';
    await ada.provider.sendToken();

    await ada.until(() => ada.provider.authorizedScope === 'read-write', 'the new scope');
    ada.text.insert(0, 'now');
    await using bob = await new HocuspocusClient(url, 'doc', { token }).synced();
    await bob.until(() => bob.text.toString() === 'now', 'the edit');
  });
});

describe('stateless messages', () => {
  afterEach(() => server.close());

  test('reach the application, which answers one or all', async () => {
    const got: unknown[] = [];
    await start({
      authenticate: ({ token }) => ({ user: token }),
      onStateless: ({ documentName, payload, author, isReadOnly, reply, broadcast }) => {
        got.push({ documentName, payload, author, isReadOnly });
        reply('to you');
        broadcast('to all');
      },
    });
    await using ada = await new HocuspocusClient(url, 'doc', { token: 'ada' }).synced();
    await using bob = await new HocuspocusClient(url, 'doc').synced();
    await using elsewhere = await new HocuspocusClient(url, 'elsewhere').synced();
    await using stock = await new StockClient(url, 'doc').synced();

    ada.provider.sendStateless('question');
    await bob.until(() => bob.statelessPayloads.length === 1, 'the broadcast');
    server.broadcastStateless('doc', 'from the server');
    server.broadcastStateless('nobody has it open', 'from the server');
    await bob.until(() => bob.statelessPayloads.length === 2, 'the second');
    await ada.until(() => ada.statelessPayloads.length === 3, 'all of them');

    expect(got).toEqual([{ documentName: 'doc', payload: 'question', author: 'ada', isReadOnly: false }]);
    expect(ada.statelessPayloads).toEqual(['to you', 'to all', 'from the server']);
    expect(bob.statelessPayloads).toEqual(['to all', 'from the server']);
    expect(elsewhere.statelessPayloads).toEqual([]);
    expect(stock.closeCodes).toEqual([]);
  });

  test('an application that throws costs nobody a connection', async () => {
    await start({
      onStateless: () => {
        throw new Error('a bug of the application');
      },
    });
    await using ada = await new HocuspocusClient(url, 'doc').synced();

    ada.provider.sendStateless('question');
    ada.text.insert(0, 'x');

    await ada.until(() => !ada.provider.hasUnsyncedChanges, 'the edit to be saved');
    expect(ada.closeCodes).toEqual([]);
  });
});
