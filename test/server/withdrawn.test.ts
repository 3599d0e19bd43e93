import { MemoryStore } from '@headwater/persistence';
import { type Access, createServer, type HeadwaterServer, type ServerParts } from '@headwater/server';
import { afterEach, describe, expect, test, vi } from 'vitest';
import type * as Y from 'yjs';
import { HeadwaterClient } from '../support/headwater-client.ts';
import { HocuspocusClient, hocuspocusSocket } from '../support/hocuspocus-client.ts';
import { StockClient } from '../support/stock-client.ts';
import { WireClient } from '../support/wire-client.ts';
import { ControlledStore } from './controlled-store.ts';
import { deferred } from './deferred.ts';

/** For a machine that does much else. */
const PATIENT = { timeout: 20_000 };

let server: HeadwaterServer;
let url: string;
/** What each token is good for; any other is refused. */
const permissions = new Map<string, Access>();

async function start(parts: ServerParts = {}): Promise<void> {
  permissions.clear();
  const authenticate: ServerParts['authenticate'] = ({ token = '' }) => {
    const access = permissions.get(token);
    if (access === undefined) throw new Error('not for you');
    return access;
  };
  server = await createServer({ port: 0, store: new MemoryStore(), authenticate, ...parts });
  const { port } = await server.listen();
  url = `ws://127.0.0.1:${port}`;
}

afterEach(() => server.close());

interface Client extends AsyncDisposable {
  readonly doc: Y.Doc;
  /** Whether it was told that it may not have the document. */
  isOut(): boolean;
}

/** A client of each kind, in the document with its token as its user. */
const KINDS: readonly (readonly [string, (documentName: string, token: string) => Promise<Client>])[] = [
  [
    'y-websocket provider',
    async (documentName, token) => {
      const client = await new StockClient(url, documentName, { params: { token } }).synced();
      return Object.assign(client, { isOut: () => client.closeCodes.includes(4403) && !client.provider.wsconnected });
    },
  ],
  [
    'Hocuspocus provider',
    async (documentName, token) => {
      const client = await new HocuspocusClient(url, documentName, { token }).synced();
      return Object.assign(client, { isOut: () => client.denials.length > 0 && client.closeCodes.length === 0 });
    },
  ],
  [
    'Headwater provider',
    async (documentName, token) => {
      const client = await new HeadwaterClient(url, documentName, { token }).synced();
      return Object.assign(client, { isOut: () => client.provider.status === 'denied' });
    },
  ],
];

const textOf = ({ doc }: Pick<Client, 'doc'>): Y.Text => doc.getText('text');

async function reads(client: Client, text: string): Promise<void> {
  await vi.waitFor(() => expect(textOf(client).toString()).toBe(text), PATIENT);
}

describe.each(KINDS)('a %s', (_, join) => {
  test('whose permission is withdrawn is out at once; what it wrote stays, what it writes goes nowhere', async () => {
    await start();
    permissions.set('ada', { user: 'ada' }).set('bob', { user: 'bob' });
    await using ada = await join('notes', 'ada');
    await using bob = await join('notes', 'bob');
    textOf(ada).insert(0, 'before');
    await reads(bob, 'before');

    permissions.delete('ada');
    await server.reauthenticate({ user: 'ada' });
    textOf(ada).insert(0, 'after and ');
    await vi.waitFor(() => expect(ada.isOut()).toBe(true), PATIENT);
    textOf(bob).insert(6, ' and on');
    await using reader = await join('notes', 'bob');

    await reads(reader, 'before and on');
    expect(textOf(bob).toString()).toBe('before and on');
    expect(textOf(ada).toString()).toBe('after and before');
    expect(bob.isOut()).toBe(false);
  });

  test('that may only read from now on gets edits, and has none taken up', async () => {
    await start();
    permissions.set('ada', { user: 'ada' }).set('bob', { user: 'bob' });
    await using ada = await join('notes', 'ada');
    await using bob = await join('notes', 'bob');

    permissions.set('ada', { user: 'ada', isReadOnly: true });
    await server.reauthenticate({ documentName: 'notes' });
    textOf(ada).insert(0, 'mine');
    textOf(bob).insert(0, 'yours');

    await vi.waitFor(() => expect(textOf(ada).toString()).toMatch(/yours/), PATIENT);
    await using reader = await join('notes', 'bob');
    expect([textOf(bob), textOf(reader)].map(String)).toEqual(['yours', 'yours']);
    expect(ada.isOut()).toBe(false);
  });

  test('that may write after all has what was refused taken up', async () => {
    await start();
    permissions.set('ada', { user: 'ada', isReadOnly: true }).set('bob', { user: 'bob' });
    await using ada = await join('notes', 'ada');
    await using bob = await join('notes', 'bob');
    textOf(ada).insert(0, 'mine');
    textOf(bob).insert(0, 'yours, ');
    await vi.waitFor(() => expect(textOf(ada).toString()).toMatch(/yours/), PATIENT);

    permissions.set('ada', { user: 'ada' });
    await server.reauthenticate();

    await vi.waitFor(() => expect(textOf(bob).toString()).toMatch(/mine/), PATIENT);
    expect(textOf(bob).toString()).toBe(textOf(ada).toString());
  });

  test('whose user is another one writes as that one', async () => {
    const store = new ControlledStore();
    await start({ store });
    permissions.set('ada', { user: 'ada' });
    await using ada = await join('notes', 'ada');

    permissions.set('ada', { user: 'grace' });
    await server.reauthenticate({ user: 'ada' });
    textOf(ada).insert(0, 'x');

    await vi.waitFor(() => expect(store.changes).toHaveLength(1), PATIENT);
    expect(store.changes.flatMap(({ entries }) => entries).map(({ author }) => author)).toEqual(['grace']);
  });
});

test('of several documents on one connection a provider loses the one that it may not have', async () => {
  await start({
    authenticate: ({ documentName }) => {
      if (!permissions.has(documentName)) throw new Error('not for you');
      return { user: 'ada' };
    },
  });
  permissions.set('one', {}).set('two', {});
  const socket = hocuspocusSocket(url);
  await using one = await new HocuspocusClient(socket, 'one').synced();
  await using two = await new HocuspocusClient(socket, 'two').synced();

  permissions.delete('one');
  await server.reauthenticate({ user: 'ada' });
  await one.until(() => one.denials.length > 0, 'the denial');
  two.text.insert(0, 'still here');
  await two.until(() => !two.provider.hasUnsyncedChanges, 'the edit to be saved');

  expect([one.denials, two.denials]).toEqual([['not for you'], []]);
  expect(server.health).toMatchObject({ connections: 1 });
  socket.destroy();
});

test('a client is told nothing when nothing is different, and once when something is', async () => {
  await start();
  permissions.set('ada', { user: 'ada' });
  await using client = await WireClient.connect(url);
  await client.open('notes', 'ada');

  await server.reauthenticate();
  permissions.set('ada', { user: 'ada', isReadOnly: true });
  await server.reauthenticate();
  await server.reauthenticate();
  await client.roundTrip();

  expect(client.all('notes', 'granted').map(({ isReadOnly }) => isReadOnly)).toEqual([false, true]);
});

test('an edit that comes with the token of somebody who is refused meanwhile is not taken up', async () => {
  const store = new ControlledStore();
  const gate = deferred();
  let asked = 0;
  await start({
    store,
    authenticate: async () => {
      asked += 1;
      if (asked > 1) throw new Error('not any more');
      await gate.promise;
      return {};
    },
  });
  await using client = await WireClient.connect(url);
  client.send('notes', { kind: 'token', token: 'ada' });
  client.update('notes', Uint8Array.of(1, 1, 1, 0, 4, 1, 1, 116, 1, 120, 0));
  await client.roundTrip();

  await server.reauthenticate();
  gate.resolve();

  expect(await client.next('notes', 'denied')).toMatchObject({ code: 'HW_ACCESS_DENIED' });
  expect(client.all('notes', 'granted')).toEqual([]);
  expect([asked, store.changes.length]).toEqual([2, 0]);
});

test('what the process has open itself is not asked about', async () => {
  let asked = 0;
  await start({
    authenticate: () => {
      asked += 1;
      throw new Error('nobody');
    },
  });
  await using opened = await server.open('notes', { user: 'importer' });

  await server.reauthenticate();
  opened.document.getText('text').insert(0, 'x');
  await opened.whenSaved();

  expect(asked).toBe(0);
});

test('a server without authenticate has nobody to ask, and one that is closed does not', async () => {
  await start({ authenticate: undefined });
  await using ada = await new StockClient(url, 'notes').synced();

  await server.reauthenticate();
  expect(ada.provider.wsconnected).toBe(true);
  await expect(server.reauthenticate({ user: '' })).rejects.toMatchObject({ code: 'HW_OPTIONS_INVALID' });
  await expect(server.reauthenticate({ documentName: '' })).rejects.toMatchObject({ code: 'HW_NAME_INVALID' });
  ada.close();
  await server.close();

  await expect(server.reauthenticate()).rejects.toMatchObject({ code: 'HW_SHUTTING_DOWN' });
});
