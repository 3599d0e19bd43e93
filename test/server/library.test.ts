import { execFile } from 'node:child_process';
import { once } from 'node:events';
import { createServer as createHttpServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { promisify } from 'node:util';
import { MemoryStore } from '@headwater/persistence';
import { createServer, type ErrorCode, HeadwaterError } from '@headwater/server';
import { describe, expect, test } from 'vitest';
import * as Y from 'yjs';
import { RawClient } from '../support/raw-client.ts';
import { REPOSITORY } from '../support/repository.ts';
import { StockClient } from '../support/stock-client.ts';
import { syncStep1, updateFrame } from '../support/wire.ts';
import { ControlledStore } from './controlled-store.ts';
import { askForUpgrade } from './sockets.ts';
import { readMessage, Typist } from './support.ts';

const run = promisify(execFile);

async function openHttp(): Promise<{ http: Server; port: number } & AsyncDisposable> {
  const http = createHttpServer((_request, response) => response.end('mine')).listen(0, '127.0.0.1');
  await once(http, 'listening');
  const close = async (): Promise<void> => {
    http.close();
    http.closeAllConnections();
    await once(http, 'close');
  };
  return { http, port: (http.address() as AddressInfo).port, [Symbol.asyncDispose]: close };
}

const textOf = (client: StockClient): string => client.doc.getText('text').toString();

/** The text a server holds of a document. */
async function served(url: string): Promise<string> {
  await using client = await RawClient.connect(url);
  client.send(syncStep1());
  const reader = new Typist(2);
  for (;;) {
    const { kind, body } = readMessage(await client.next());
    if (kind === 'update') Y.applyUpdate(reader.doc, body);
    if (kind === 'sync-step-2') return reader.doc.getText('text').toString();
  }
}

/** Sends one edit to a document and waits until it comes back. */
async function edit(url: string, text: string): Promise<void> {
  await using client = await RawClient.connect(url);
  client.send(syncStep1());
  client.send(updateFrame(new Typist(1).type(text)));
  await client.next((message) => message[0] === 0 && message[1] === 2);
}

describe('a server in a program', () => {
  test('syncs stock clients, and shows them each other', async () => {
    await using server = await createServer({ port: 0, store: new MemoryStore() });
    const { host, port } = await server.listen();
    const url = `ws://${host}:${port}`;
    await using ada = await new StockClient(url, 'doc').synced();
    await using bob = await new StockClient(url, 'doc').synced();

    ada.doc.getText('text').insert(0, 'hello');
    bob.doc.getText('text').insert(0, 'hi ');
    ada.awareness.setLocalStateField('user', { name: 'ada' });
    await ada.until(() => textOf(ada).length === 8);
    await bob.until(() => textOf(bob).length === 8);
    await bob.until(() => bob.awareness.getStates().has(ada.doc.clientID));

    expect(textOf(bob)).toBe(textOf(ada));
    expect(bob.awareness.getStates().get(ada.doc.clientID)).toEqual({ user: { name: 'ada' } });
    expect(server.health).toMatchObject({ status: 'ok', documents: 1, connections: 2 });
  });

  test('one that works alone loads no client library of Redis', async () => {
    const source = `
      import { createRequire } from 'node:module';
      import { MemoryStore } from '@headwater/persistence';
      import { createServer } from '@headwater/server';
      const server = await createServer({ port: 0, store: new MemoryStore() });
      await server.listen();
      console.log(Object.keys(createRequire(import.meta.url).cache).join());
      await server.close();
    `;
    const { stdout: loaded } = await run(process.execPath, ['--input-type=module', '-e', source], { cwd: REPOSITORY });

    expect(loaded).toContain('/node_modules/ws/'); // so CommonJS packages are listed
    expect(loaded).not.toContain('/node_modules/ioredis/');
  });

  test('wrong options are named, one line each, and nothing is opened', async () => {
    const options = { port: 70_000, maxQueuedBytes: 'many', colour: 'red' };

    const error: unknown = await createServer(options as never).catch((reason: unknown) => reason);

    if (!(error instanceof HeadwaterError)) throw error;
    expect(error.code).toBe('HW_OPTIONS_INVALID' satisfies ErrorCode);
    const lines = error.message.split('\n').sort();
    expect(lines).toHaveLength(3);
    expect(lines.join('\n')).toMatch(/^maxQueuedBytes: .*\nport: .*\nunknown option colour$/);
  });

  test('closed before it listens, it listens no more', async () => {
    const server = await createServer({ port: 0, store: new ControlledStore() });

    const listening = server.listen();
    await server.close();

    await expect(listening).rejects.toMatchObject({ code: 'HW_SHUTTING_DOWN' });
    await expect(server.listen()).rejects.toMatchObject({ code: 'HW_SHUTTING_DOWN' });
  });

  test('a port in use is named, and the server can still be closed', async () => {
    await using taken = await openHttp();
    const server = await createServer({ port: taken.port, store: new MemoryStore() });

    await expect(server.listen()).rejects.toMatchObject({
      code: 'HW_LISTEN_FAILED',
      message: expect.stringContaining(`127.0.0.1:${taken.port}`),
    });

    await server.close();
  });
});

describe('attached to an HTTP server that is there already', () => {
  test('it serves the upgrades and leaves the requests alone', async () => {
    await using own = await openHttp();
    await using server = await createServer({ store: new MemoryStore() });
    server.attach(own.http);

    await edit(`ws://127.0.0.1:${own.port}/doc`, 'attached');

    expect(await served(`ws://127.0.0.1:${own.port}/doc`)).toBe('attached');
    expect(await (await fetch(`http://127.0.0.1:${own.port}/doc`)).text()).toBe('mine');
  });

  test('with a path it takes only what is below it, and the path is no part of the name', async () => {
    await using own = await openHttp();
    const store = new ControlledStore();
    await using server = await createServer({ store });
    server.attach(own.http, { path: '/sync/' });
    own.http.on('upgrade', ({ url }, socket) => {
      if (!/^\/sync(?:[/?]|$)/.test(url ?? ''))
        socket.end('HTTP/1.1 418 x\r\nConnection: close\r\nContent-Length: 0\r\n\r\n');
    });

    await edit(`ws://127.0.0.1:${own.port}/sync/a/b?x=1`, 'below');

    expect(store.loadedNames).toEqual(['a/b']);
    for (const path of ['doc', 'synchronous/doc', 'syn']) {
      expect((await askForUpgrade(own.port, `/${path}`)).status).toBe(418);
    }
    expect((await askForUpgrade(own.port, '/sync/%zz')).status).toBe(400);
    for (const bare of ['/sync', '/sync/', '/sync?x=1']) expect((await askForUpgrade(own.port, bare)).status).toBe(101);
  });

  test('with a path and nobody else to ask, other paths are answered with 404', async () => {
    await using own = await openHttp();
    await using server = await createServer({ store: new ControlledStore() });
    server.attach(own.http, { path: '/sync' });

    expect((await askForUpgrade(own.port, '/elsewhere/doc')).status).toBe(404);
  });

  test('two of them with different paths answer a path of neither with 404', async () => {
    await using own = await openHttp();
    await using one = await createServer({ store: new ControlledStore() });
    await using two = await createServer({ store: new ControlledStore() });
    one.attach(own.http, { path: '/one' });
    two.attach(own.http, { path: '/two' });

    expect((await askForUpgrade(own.port, '/three/doc')).status).toBe(404);
  });

  test('two servers with different paths share one HTTP server, whatever their documents are called', async () => {
    await using own = await openHttp();
    const stores = [new ControlledStore(), new ControlledStore()] as const;
    await using one = await createServer({ store: stores[0] });
    await using two = await createServer({ store: stores[1] });
    one.attach(own.http, { path: '/one' });
    two.attach(own.http, { path: '/two' });
    const url = `ws://127.0.0.1:${own.port}`;

    await edit(`${url}/one/doc`, 'in one');
    await edit(`${url}/two/doc`, 'in two');
    await edit(`${url}/one/two/doc`, 'still in one');

    expect([await served(`${url}/one/doc`), await served(`${url}/two/doc`)]).toEqual(['in one', 'in two']);
    expect(await served(`${url}/one/two/doc`)).toBe('still in one');
    expect(stores.map(({ loadedNames }) => [...new Set(loadedNames)])).toEqual([['doc', 'two/doc'], ['doc']]);
  });

  test('closing one leaves the HTTP server and the other open', async () => {
    await using own = await openHttp();
    const one = await createServer({ store: new MemoryStore() });
    await using two = await createServer({ store: new MemoryStore() });
    one.attach(own.http, { path: '/one' });
    two.attach(own.http, { path: '/two' });

    await one.close();

    await edit(`ws://127.0.0.1:${own.port}/two/doc`, 'still here');
    expect(own.http.listening).toBe(true);
    expect(own.http.listenerCount('upgrade')).toBe(1);
  });

  test.each(['sync', '', 'sync/', 'http://localhost/sync'])(
    'the path "%s" is refused with what to write',
    async (path) => {
      await using own = await openHttp();
      await using server = await createServer({ store: new MemoryStore() });

      expect(() => server.attach(own.http, { path })).toThrow(
        expect.objectContaining({
          code: 'HW_OPTIONS_INVALID',
          message: expect.stringMatching(/^path: .*"\/.*, got "/),
        }),
      );
      expect(own.http.listenerCount('upgrade')).toBe(0);
    },
  );

  test.each([
    ['/sync', '/sync'],
    ['/sync', '/sync/'],
    [undefined, undefined],
    ['/', undefined],
  ])('%s is served once on an HTTP server: %s again is refused, until the first is closed', async (first, second) => {
    await using own = await openHttp();
    const one = await createServer({ store: new MemoryStore() });
    await using two = await createServer({ store: new MemoryStore() });
    one.attach(own.http, { path: first });

    for (const server of [one, two]) {
      expect(() => server.attach(own.http, { path: second })).toThrow(
        expect.objectContaining({ code: 'HW_OPTIONS_INVALID', message: expect.stringContaining('already') }),
      );
    }
    await one.close();
    two.attach(own.http, { path: second });
    await edit(`ws://127.0.0.1:${own.port}${second?.replace(/\/$/, '') ?? ''}/doc`, 'in two');

    expect(own.http.listenerCount('upgrade')).toBe(1);
  });

  test('the same path on another HTTP server is another place', async () => {
    await using own = await openHttp();
    await using other = await openHttp();
    await using server = await createServer({ store: new MemoryStore() });
    server.attach(own.http, { path: '/sync' });
    server.attach(other.http, { path: '/sync' });

    await edit(`ws://127.0.0.1:${own.port}/sync/doc`, 'hello');

    expect(await served(`ws://127.0.0.1:${other.port}/sync/doc`)).toBe('hello');
  });
});
