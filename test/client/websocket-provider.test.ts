import { WebsocketProvider } from '@headwater/client/y-websocket';
import { MemoryStore } from '@headwater/persistence';
import { createServer, type ServerParts } from '@headwater/server';
import { afterEach, describe, expect, onTestFinished, test, vi } from 'vitest';
import { WebSocket } from 'ws';
import { WebsocketProvider as StockProvider } from 'y-websocket';
import * as Y from 'yjs';

/** Without the one that is handed the provider itself. */
type Options = Omit<NonNullable<ConstructorParameters<typeof StockProvider>[3]>, 'shouldReconnect'>;

/** What both providers have, as the types of the stock one say it: a page that was written for that one compiles with ours. */
type EitherProvider = Pick<
  StockProvider,
  | 'awareness'
  | 'bcconnected'
  | 'connect'
  | 'destroy'
  | 'disconnect'
  | 'doc'
  | 'maxBackoffTime'
  | 'params'
  | 'roomname'
  | 'serverUrl'
  | 'shouldConnect'
  | 'synced'
  | 'url'
  | 'wsconnected'
  | 'wsconnecting'
  | 'wsUnsuccessfulReconnects'
> & { on(event: string, listener: (...args: never[]) => void): unknown; readonly ws: { close(): void } | null };

type Create = (url: string, room: string, doc: Y.Doc, options?: Options) => EitherProvider;

const PROVIDERS: readonly (readonly [string, Create])[] = [
  ['y-websocket', (url, room, doc, options) => new StockProvider(url, room, doc, options)],
  ['@headwater/client', (url, room, doc, options) => new WebsocketProvider(url, room, doc, options)],
];

afterEach(() => {
  vi.restoreAllMocks();
});

async function until(isMet: () => boolean): Promise<void> {
  await vi.waitFor(() => expect(isMet()).toBe(true), { timeout: 10_000, interval: 5 });
}

/** A server of the test, and where it is. */
async function serve(parts: Partial<ServerParts> = {}, port = 0) {
  const server = await createServer({ port, host: '127.0.0.1', store: new MemoryStore(), ...parts });
  onTestFinished(() => server.close());
  const listening = await server.listen();
  return { url: `ws://127.0.0.1:${listening.port}`, port: listening.port, close: () => server.close() };
}

describe.each(PROVIDERS)('a page of y-websocket with the provider of %s', (_name, create) => {
  /** A provider and what it told, in order. */
  function provide(url: string, options: Options = {}, doc = new Y.Doc(), room = 'notes') {
    const told: string[] = [];
    const provider = create(url, room, doc, {
      WebSocketPolyfill: WebSocket as unknown as NonNullable<Options['WebSocketPolyfill']>,
      disableBc: true,
      maxBackoffTime: 100,
      ...options,
    });
    onTestFinished(() => provider.destroy());
    provider.on('status', ({ status }: { status: string }) => told.push(status));
    provider.on('sync', (isSynced: boolean) => told.push(`sync ${isSynced}`));
    provider.on('synced', (isSynced: boolean) => told.push(`synced ${isSynced}`));
    provider.on('connection-close', (event: { code: number } | null) => told.push(`close ${event?.code}`));
    provider.on('closed', ({ code, reason }: { code: number; reason: string }) =>
      told.push(`closed ${code} ${reason}`),
    );
    return { provider, told, text: doc.getText('text') };
  }

  test('has the same properties before, while and after it is connected', async () => {
    const server = await serve();
    const { provider } = provide(`${server.url}///`, { connect: false, params: { a: 'b c' } });
    const look = (): unknown => {
      const { serverUrl, roomname, url, shouldConnect, wsconnected, wsconnecting, synced, bcconnected } = provider;
      return {
        serverUrl: serverUrl.replace(server.url, 'SERVER'),
        url: url.replace(server.url, 'SERVER'),
        roomname,
        shouldConnect,
        wsconnected,
        wsconnecting,
        synced,
        bcconnected,
        hasSocket: provider.ws !== null,
        failures: provider.wsUnsuccessfulReconnects,
        maxBackoffTime: provider.maxBackoffTime,
        params: provider.params,
      };
    };
    const seen: unknown[] = [look()];
    provider.connect();
    seen.push(look());
    await until(() => provider.synced);
    seen.push(look());
    provider.disconnect();
    seen.push(look());

    const same = {
      serverUrl: 'SERVER',
      url: 'SERVER/notes?a=b%20c',
      roomname: 'notes',
      bcconnected: false,
      maxBackoffTime: 100,
      params: { a: 'b c' },
    };
    const off = { wsconnected: false, wsconnecting: false, synced: false, hasSocket: false };
    expect(seen).toEqual([
      { ...same, ...off, shouldConnect: false, failures: 0 },
      { ...same, ...off, shouldConnect: true, wsconnecting: true, hasSocket: true, failures: 0 },
      {
        ...same,
        shouldConnect: true,
        wsconnecting: false,
        wsconnected: true,
        synced: true,
        hasSocket: true,
        failures: 0,
      },
      { ...same, ...off, shouldConnect: false, failures: expect.any(Number) },
    ]);
  });

  test('tells the same events in the same order over a life', async () => {
    const server = await serve();
    const { provider, told } = provide(server.url, { connect: false });

    provider.connect();
    await until(() => provider.synced);
    provider.disconnect();
    provider.connect();
    await until(() => provider.synced);
    provider.ws?.close();
    await until(() => told.filter((event) => event === 'sync true').length === 3);

    const connected = ['connecting', 'connected', 'synced true', 'sync true'];
    const left = ['close undefined', 'synced false', 'sync false', 'disconnected'];
    const lost = [expect.stringMatching(/^close 100\d$/), ...left.slice(1)];
    expect(told).toEqual([...connected, ...left, ...connected, ...lost, ...connected]);
  });

  test('edits with others, whatever their provider, and sees them', async () => {
    const server = await serve();
    const ours = provide(server.url);
    const others = PROVIDERS.map(([, createOther]) => {
      const doc = new Y.Doc();
      const provider = createOther(server.url, 'notes', doc, {
        WebSocketPolyfill: WebSocket as unknown as NonNullable<Options['WebSocketPolyfill']>,
        disableBc: true,
      });
      onTestFinished(() => provider.destroy());
      return { provider, text: doc.getText('text') };
    });
    const all = [ours, ...others];
    await until(() => all.every(({ provider }) => provider.synced));

    all.forEach(({ text, provider }, i) => {
      text.insert(0, `${i} `);
      provider.awareness.setLocalStateField('user', { name: `${i}` });
    });
    await until(() => all.every(({ text }) => text.length === 6));
    await until(() => all.every(({ provider }) => namesIn(provider).join() === '0,1,2'));
    ours.provider.disconnect();
    await until(() => others.every(({ provider }) => namesIn(provider).join() === '1,2'));

    expect(new Set(all.map(({ text }) => text.toString())).size).toBe(1);
    expect(namesIn(ours.provider)).toEqual(['0']);
  });

  test('brings along what was edited offline', async () => {
    const server = await serve();
    const [ada, bob] = [provide(server.url), provide(server.url)];
    await until(() => ada.provider.synced && bob.provider.synced);
    ada.provider.disconnect();
    ada.text.insert(0, 'offline ');
    bob.text.insert(0, 'online ');

    ada.provider.connect();
    await until(() => ada.text.length === 15 && bob.text.length === 15);

    expect(ada.text.toString()).toBe(bob.text.toString());
  });

  test('sends its parameters, read again for each connection', async () => {
    const seen: string[] = [];
    const server = await serve({
      authenticate: ({ token, parameters }) => {
        seen.push(`${token} ${parameters.get('tenant')}`);
        return {};
      },
    });
    const { provider } = provide(server.url, { params: { token: 'first', tenant: 'acme' } });
    await until(() => provider.synced);
    provider.disconnect();

    provider.params = { token: 'second', tenant: 'acme' };
    provider.connect();
    await until(() => provider.synced);

    expect(seen).toEqual(['first acme', 'second acme']);
  });

  test('is closed for good when it may not have the document', async () => {
    const server = await serve({
      authenticate: () => {
        throw new Error('no');
      },
    });
    const { provider, told } = provide(server.url);
    await until(() => told.some((event) => event.startsWith('closed')));

    expect(told.at(-1)).toBe('closed 4403 HW_ACCESS_DENIED: no');
    expect([provider.shouldConnect, provider.wsconnected]).toEqual([false, false]);
  });

  test.each([
    ['a/b', 'a/b'],
    ['a%20b', 'a b'],
    ['ä b', 'ä b'],
    ['a?b=c', 'a'],
  ])('calls the document of the room %s what a URL would', async (room, name) => {
    const named: string[] = [];
    const server = await serve({
      authenticate: ({ documentName }) => {
        named.push(documentName);
        return {};
      },
    });
    const { provider } = provide(server.url, {}, new Y.Doc(), room);
    await until(() => provider.synced);

    expect(named).toEqual([name]);
  });

  test('comes back to a server that was gone, and not before it is wanted', async () => {
    const server = await serve();
    const { provider, told } = provide(server.url);
    await until(() => provider.synced);
    await server.close();
    await until(() => !provider.wsconnected);
    const failures = provider.wsUnsuccessfulReconnects;
    await serve({}, server.port);
    await until(() => provider.synced);

    expect(failures).toBeGreaterThan(0);
    expect(provider.wsUnsuccessfulReconnects).toBe(0);
    expect(told.filter((event) => event === 'disconnected')).toHaveLength(1);
  });
});

function namesIn({ awareness }: EitherProvider): string[] {
  const users = [...awareness.getStates().values()].map(
    (state) => state as { readonly user?: { readonly name: string } },
  );
  return users.flatMap(({ user }) => user?.name ?? []).toSorted();
}

test('what y-websocket does not know: what is saved', async () => {
  const server = await serve();
  const provider = new WebsocketProvider(server.url, 'notes', new Y.Doc(), {
    WebSocketPolyfill: WebSocket,
    disableBc: true,
  });
  onTestFinished(() => provider.destroy());
  const told: unknown[] = [];
  provider.on('saved', (saved, unsavedChanges) => told.push([saved, unsavedChanges]));

  provider.doc.getText('text').insert(0, 'a');
  await vi.waitFor(() => expect(provider.saved).toBe(true));

  expect(told).toEqual([
    [false, 1],
    [true, 0],
  ]);
});
