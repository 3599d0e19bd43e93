import { once } from 'node:events';
import { createServer as createHttpServer } from 'node:http';
import { type AddressInfo, connect, type Socket } from 'node:net';
import { createServer, type HeadwaterServer } from '@headwater/server';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import * as Y from 'yjs';
import { RawClient } from '../support/raw-client.ts';
import { syncStep1, updateFrame } from '../support/wire.ts';
import { ControlledStore } from './controlled-store.ts';
import { deferred } from './deferred.ts';
import { askForUpgrade, UPGRADE_LINES } from './sockets.ts';
import { readMessage, Typist } from './support.ts';

let server: HeadwaterServer;
let store: ControlledStore;
let port: number;
beforeAll(async () => {
  store = new ControlledStore();
  server = await createServer({ port: 0, store, maxMessageBytes: 1024 * 1024 });
  ({ port } = await server.listen());
});
afterAll(() => server.close());

const url = (name: string): string => `ws://127.0.0.1:${port}/${name}`;

/** Everything the server holds of a document, as text. */
async function storedText(name: string): Promise<string> {
  await using client = await RawClient.connect(url(encodeURIComponent(name)));
  client.send(syncStep1());
  const typist = new Typist(1);
  for (;;) {
    const { kind, body } = readMessage(await client.next());
    if (kind === 'sync-step-2') return typist.doc.getText('text').toString();
    if (kind === 'update') Y.applyUpdate(typist.doc, body);
  }
}

describe('the document a path names', () => {
  test.each([
    ['plain', '/plain', 'plain'],
    ['percent-encoded UTF-8', '/gr%C3%B6%C3%9Fe%20x', 'größe x'],
    ['an emoji', '/%F0%9F%98%80', '\u{1f600}'],
    ['with a slash', '/a/b', 'a/b'],
    ['with an encoded slash, which is the same', '/a%2Fb', 'a/b'],
    ['a slash', '//', '/'],
    ['dots', '/..', '..'],
    ['dots on the way out', '/../../etc/passwd', '../../etc/passwd'],
    ['encoded dots', '/%2e%2e/x', '../x'],
    ['a name objects have', '/__proto__', '__proto__'],
    ['with a query, which is none of it', '/doc?token=1&x=/y', 'doc'],
    ['with an encoded question mark, which is', '/doc%3Fx', 'doc?x'],
    ['a percent sign', '/100%25', '100%'],
    ['1,024 bytes', `/${'%C3%A9'.repeat(512)}`, 'é'.repeat(512)],
  ])('%s', async (_, target, name) => {
    const answer = await askForUpgrade(port, target);

    expect(answer.status).toBe(101);
    expect(store.loadedNames).toContain(name);
    expect(answer.headers['sec-websocket-extensions']).toBeUndefined();
  });

  test('documents whose names look like paths or prototypes are documents of their own', async () => {
    const names = ['__proto__', 'constructor', 'a/b', 'a', 'b', '/', 'a/../b'];
    for (const name of names) {
      await using client = await RawClient.connect(url(encodeURIComponent(name)));
      client.send(syncStep1());
      const typist = new Typist(5);
      client.send(updateFrame(typist.type(`text of ${name}`)));
      await client.next((message) => message[0] === 0 && message[1] === 2);
    }

    for (const name of names) expect(await storedText(name)).toBe(`text of ${name}`);
  });

  test.each([
    ['a cut-off escape', '/a%'],
    ['an escape that is none', '/a%zz'],
    ['bytes that are no UTF-8', '/%C3'],
    ['an overlong encoding', '/%C0%AF'],
    ['a lone surrogate', '/%ED%A0%80'],
    ['a lone surrogate and text', '/a%ED%BF%BFb'],
    ['NUL', '/a%00b'],
    ['1,025 bytes', `/${'%C3%A9'.repeat(512)}x`],
    ['10 kB', `/${'x'.repeat(10_000)}`],
    ['no path', 'http://elsewhere/doc'],
  ])('%s is refused with one line why', async (_, target) => {
    const { status, body, headers } = await askForUpgrade(port, target);

    expect(status).toBe(400);
    expect(body).toMatch(/^[^\n]{10,120}\n$/);
    expect(headers['content-type']).toContain('text/plain');
  });

  test('a refused socket is closed although its other end keeps it open', async () => {
    const http = createHttpServer();
    server.attach(http);
    http.listen(0, '127.0.0.1');
    await once(http, 'listening');
    const accepted = once(http, 'connection') as Promise<[Socket]>;
    const client = connect({ port: (http.address() as AddressInfo).port, host: '127.0.0.1', allowHalfOpen: true });
    client.write(`GET /%zz HTTP/1.1\r\nHost: x\r\n${UPGRADE_LINES}\r\n`);
    const [socket] = await accepted;

    if (!socket.destroyed) await once(socket, 'close');

    expect(socket.destroyed).toBe(true);
    client.destroy();
    http.close();
  });
});

describe('whoever sends garbage', () => {
  let nextClientId = 1;

  /** A client that is there all the time and must notice nothing. */
  async function witness() {
    const client = await RawClient.connect(url('witnessed'));
    client.send(syncStep1());
    await client.next((message) => message[0] === 0 && message[1] === 1);
    const typist = new Typist(nextClientId++);
    return {
      /** Whether its next edit comes back on the same connection. */
      async noticesNothing(): Promise<boolean> {
        client.send(updateFrame(typist.type('still here ')));
        await client.next((message) => message[0] === 0 && message[1] === 2);
        return client.socket.readyState === client.socket.OPEN;
      },
      [Symbol.asyncDispose]: () => client[Symbol.asyncDispose](),
    };
  }

  test.each([
    ['no HTTP', '\u0000\u0001\u0002 garbage\r\n\r\n', 'wait'],
    ['TLS', Buffer.from('16030100a5010000a1', 'hex'), 'wait'],
    ['half a request', 'GET /doc HTTP/1.1\r\nHost: x\r\nUpgr', 'reset'],
    [
      'an upgrade to something else',
      'GET /doc HTTP/1.1\r\nHost: x\r\nConnection: Upgrade\r\nUpgrade: h2c\r\n\r\n',
      'wait',
    ],
    [
      'an upgrade without a key',
      'GET /doc HTTP/1.1\r\nHost: x\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n\r\n',
      'wait',
    ],
    ['an upgrade by POST', `POST /doc HTTP/1.1\r\nHost: x\r\n${UPGRADE_LINES}\r\n`, 'wait'],
    ['an upgrade and a reset', `GET /doc HTTP/1.1\r\nHost: x\r\n${UPGRADE_LINES}\r\n`, 'reset'],
    ['a refused upgrade and a reset', `GET / HTTP/1.1\r\nHost: x\r\n${UPGRADE_LINES}\r\n`, 'reset'],
  ] as const)('%s, disturbs nobody', async (_, bytes, end) => {
    await using other = await witness();

    await write(bytes, end);

    expect(await other.noticesNothing()).toBe(true);
  });

  test.each([
    ['reserved bits', 'f28000000000', 1002],
    ['no mask', '820101', 1002],
    ['an opcode that does not exist', '838000000000', 1002],
    ['a control frame in pieces', '098000000000', 1002],
    ['an oversize control frame', '89fe007e00000000', 1002],
    ['a continuation of nothing', '808000000000', 1002],
    ['a message beyond the limit', '82ff000000000020000000000000', 1009],
    ['a length beyond 2^53', '82ffffffffffffffffff00000000', 1009],
    ['a close with a bad code', '8882000000000000', 1002],
    ['text', '81810000000041', 1003],
    ['an empty message', '828000000000', 4400],
    ['a cut-off message', '82820000000000 05'.replace(' ', ''), 4400],
  ])('a frame with %s, is closed with a clear code and disturbs nobody', async (_, frame, code) => {
    await using other = await witness();
    await using client = await RawClient.connect(url('hostile'));
    await client.next();

    rawSocketOf(client).write(Buffer.from(frame, 'hex'));

    expect((await client.closed).code).toBe(code);
    expect(await other.noticesNothing()).toBe(true);
  });
});

const ignore = (): void => {};

test('a message over the limit is closed with 1009, and the log says whose and which limit', async () => {
  const warned: object[] = [];
  const logger = { debug: ignore, info: ignore, error: ignore, warn: (fields: object) => void warned.push(fields) };
  await using small = await createServer({ port: 0, store: new ControlledStore(), maxMessageBytes: 1024, logger });
  const address = await small.listen();
  await using client = await RawClient.connect(`ws://127.0.0.1:${address.port}/doc`);
  await client.next(); // the question of the server: the document is open

  client.send(new Uint8Array(2_000));
  const { code } = await client.closed;

  expect(code).toBe(1009);
  expect(warned).toMatchObject([{ code: 'HW_MESSAGE_TOO_LARGE', documentName: 'doc', maxMessageBytes: 1024 }]);
});

test('an upgrade while the server stops is answered with 503', async () => {
  const slow = new ControlledStore();
  const stopping = await createServer({ store: slow });
  const http = createHttpServer().listen(0, '127.0.0.1');
  await once(http, 'listening');
  stopping.attach(http);
  const address = http.address() as AddressInfo;
  await using client = await RawClient.connect(`ws://127.0.0.1:${address.port}/doc`);
  const release = slow.holdSyncs();
  const appended = deferred();
  slow.onAppend = appended.resolve;
  client.send(updateFrame(new Typist(1).type('unsaved')));
  await appended.promise;

  const closed = stopping.close();
  const answer = await askForUpgrade(address.port, '/doc');
  release();
  await closed;

  expect(answer).toMatchObject({ status: 503, body: 'this server is shutting down\n' });
  expect((await client.closed).code).toBe(1012);
  http.close();
});

function rawSocketOf(client: RawClient): Socket {
  const { _socket: socket } = client.socket as unknown as { readonly _socket: Socket };
  return socket;
}

/** Writes bytes, ends the connection as told, and waits until it is gone. */
async function write(bytes: Buffer | string, end: 'reset' | 'wait'): Promise<void> {
  const socket = connect(port, '127.0.0.1');
  await once(socket, 'connect');
  const closed = once(socket, 'close');
  socket.on('error', () => {});
  socket.resume();
  socket.write(bytes, () => end === 'reset' && socket.resetAndDestroy());
  await closed;
}
