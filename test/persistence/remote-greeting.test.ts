import { once } from 'node:events';
import { type AddressInfo, connect, createServer, type Socket } from 'node:net';
import { MemoryStore, RemoteStore } from '@headwater/persistence';
import { expect, onTestFinished, test } from 'vitest';
import { Channel } from '../../persistence/src/remote/channel.ts';
import { encode, object, text, uint } from '../../persistence/src/remote/codec.ts';
import { STORE_PROTOCOL_VERSION } from '../../persistence/src/remote/greeting.ts';
import { connectTo, QUICK, SECRET, serve } from './remote-fixtures.ts';

const hello = object<{ magic: string; version: number; nonce: string; clientId: string }>({
  magic: text,
  version: uint,
  nonce: text,
  clientId: text,
});

test('an instance with another secret is refused, and both sides say why', async () => {
  const warnings: unknown[] = [];
  const logger = { info: () => {}, error: () => {}, warn: (fields: object) => void warnings.push(fields) };
  const host = await serve(new MemoryStore(), { logger });

  const connecting = RemoteStore.connect(host.address, { secret: 'another secret' });

  await expect(connecting).rejects.toMatchObject({
    code: 'HW_CLUSTER_SECRET_WRONG',
    message: expect.stringContaining('another cluster secret'),
  });
  expect(warnings).toEqual([
    expect.objectContaining({ err: expect.objectContaining({ code: 'HW_CLUSTER_SECRET_WRONG' }) }),
  ]);
  expect(host.clients).toBe(0);
});

test('a host that does not know the secret is found out, and is sent no document', async () => {
  const said: Buffer[] = [];
  const impostor = await listen((socket) => {
    const channel = new Channel(socket, QUICK);
    socket.on('data', (chunk) => said.push(chunk));
    void (async () => {
      await channel.receive();
      channel.send(answer(Buffer.alloc(32, 1)));
      await channel.receive();
      channel.send(answer(Buffer.concat([Uint8Array.of(32), Buffer.alloc(32, 2), Uint8Array.of(2, 1, 0x61)])));
    })();
  });

  await expect(RemoteStore.connect(impostor, { secret: SECRET, ...QUICK })).rejects.toMatchObject({
    code: 'HW_CLUSTER_SECRET_WRONG',
    message: expect.stringContaining('does not know the cluster secret'),
  });
  expect(Buffer.concat(said).includes(SECRET)).toBe(false);
});

test('an instance of another version is refused, and both versions are named', async () => {
  const host = await serve(new MemoryStore());
  const socket = connect(host.address);
  const channel = new Channel(socket, QUICK);

  const version = STORE_PROTOCOL_VERSION + 1;
  channel.send(encode(hello, { magic: 'headwater-store', version, nonce: 'n'.repeat(32), clientId: 'c' }));

  const refusal = Buffer.from(await channel.receive()).toString();
  expect(refusal).toContain('HW_CLUSTER_VERSIONS_DIFFER');
  expect(refusal).toContain(
    `version ${STORE_PROTOCOL_VERSION} of the store protocol, this instance version ${version}`,
  );
  await once(socket, 'close');
});

test('what listens there and is no host is named as such', async () => {
  const web = await listen((socket) => socket.end('HTTP/1.1 400 Bad Request\r\n\r\n'));

  await expect(RemoteStore.connect(web, { secret: SECRET, ...QUICK })).rejects.toThrow('cannot be read');
});

test('a host that takes the connection and says nothing is given up', async () => {
  const silent = await listen(() => {});

  await expect(RemoteStore.connect(silent, { secret: SECRET, ...QUICK })).rejects.toThrow('no answer in 500 ms');
});

test('nobody there is an error at once', async () => {
  const server = createServer().listen(0, '127.0.0.1');
  await once(server, 'listening');
  const { port } = server.address() as AddressInfo;
  server.close();

  await expect(RemoteStore.connect({ host: '127.0.0.1', port }, { secret: SECRET })).rejects.toMatchObject({
    code: 'HW_STORE_UNAVAILABLE',
    message: expect.stringContaining('ECONNREFUSED'),
  });
});

test('strangers who say nothing are cut off in time, and keep nobody out', async () => {
  const host = await serve(new MemoryStore(), { greetingMs: 100 });
  const strangers = Array.from({ length: 64 }, () => connect(host.address));
  const closed = strangers.map((socket) => once(socket.on('error', () => {}).resume(), 'close'));
  await Promise.all(strangers.map((socket) => once(socket, 'connect')));

  const refused = connect(host.address)
    .on('error', () => {})
    .resume();
  await once(refused, 'close');
  await Promise.all(closed);

  const store = await connectTo(host.address.port);
  expect(await store.logEnds(['doc'])).toEqual([NOTHING]);
});

test('who has proved who it is and then sends garbage is cut off; others are not', async () => {
  const host = await serve(new MemoryStore());
  const targets: Socket[] = [];
  const proxy = await listen((socket) => {
    const target = connect(host.address);
    socket.pipe(target).pipe(socket);
    targets.push(target);
    for (const end of [socket, target]) end.on('error', () => {});
  });
  const [store, other] = [await connectTo(proxy.port), await connectTo(host.address.port)];
  await store.logEnds(['doc']);

  const [target] = targets;
  const closed = target && once(target, 'close');
  target?.write(Buffer.from([0, 0, 0, 1, 0, 0, 0, 0, 0, 99])); // a message of a kind that does not exist
  await closed;

  expect(await store.logEnds(['doc'])).toEqual([NOTHING]); // by another connection
  expect(targets).toHaveLength(2);
  expect(await other.logEnds(['doc'])).toEqual([NOTHING]);
});

const NOTHING = { documentId: 0, sequence: 0, atOpening: 0, isDeleted: false };

function answer(content: Uint8Array): Uint8Array {
  return Buffer.concat([Uint8Array.of(0, content.length), content]);
}

/** Something else than a host. */
async function listen(meet: (socket: Socket) => void): Promise<{ readonly host: string; readonly port: number }> {
  const sockets: Socket[] = [];
  const server = createServer((socket) => {
    sockets.push(socket.on('error', () => {}));
    meet(socket);
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  onTestFinished(() => {
    for (const socket of sockets) socket.destroy();
    server.close();
  });
  return { host: '127.0.0.1', port: (server.address() as AddressInfo).port };
}
