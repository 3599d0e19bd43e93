import { once } from 'node:events';
import { type AddressInfo, connect, createServer, type Socket } from 'node:net';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { TcpProxy } from './tcp-proxy.ts';

let proxy: TcpProxy;
let closeServer: () => Promise<void>;

/** A server that says everything back. */
beforeEach(async () => {
  const sockets = new Set<Socket>();
  const server = createServer((socket) => {
    sockets.add(socket);
    socket.on('error', () => {});
    socket.pipe(socket);
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  closeServer = async () => {
    for (const socket of sockets) socket.destroy();
    server.close();
    await once(server, 'close');
  };
  proxy = await TcpProxy.start((server.address() as AddressInfo).port);
});
afterEach(async () => {
  await proxy[Symbol.asyncDispose]();
  await closeServer();
});

async function dial(): Promise<Socket> {
  const socket = connect(proxy.port, '127.0.0.1').setEncoding('utf8');
  socket.on('error', () => {});
  await once(socket, 'connect');
  return socket;
}

/** Settles when the connection is gone, for whatever reason. */
function gone(socket: Socket): Promise<void> {
  return new Promise((resolve) => {
    socket.on('close', () => resolve());
  });
}

async function echoOf(socket: Socket, text: string): Promise<string> {
  let echo = '';
  socket.on('data', (data: string) => (echo += data));
  socket.write(text);
  while (echo.length < text.length) await once(socket, 'data');
  return echo;
}

test('bytes that are delayed take their time each way and stay in order', async () => {
  const socket = await dial();
  proxy.delayMs = 20;
  const startMs = performance.now();
  const text = Array.from({ length: 2_000 }, (_, i) => `${i} `).join('');

  expect(await echoOf(socket, text)).toBe(text);
  expect(performance.now() - startMs).toBeGreaterThan(39);
});

test('a cut ends the connections there are, and those that come later work', async () => {
  const before = await dial();
  expect(await echoOf(before, 'x')).toBe('x');
  const ended = gone(before);
  proxy.cut();
  await ended;

  expect(await echoOf(await dial(), 'y')).toBe('y');
});

test('who is unreachable ends every connection until reachable again', async () => {
  proxy.beUnreachable();
  await gone(connect(proxy.port, '127.0.0.1').on('error', () => {}));
  proxy.beReachable();

  expect(await echoOf(await dial(), 'y')).toBe('y');
});
