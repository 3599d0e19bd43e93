import { once } from 'node:events';
import type { Socket } from 'node:net';
import { describe, expect, test } from 'vitest';
import { type RawData, WebSocket, WebSocketServer } from 'ws';
import { binaryHeaderLength, PING_FRAME, writeBinaryHeader } from '../../server/src/wire/websocket-frame.ts';

const SIZES = [0, 1, 124, 125, 126, 127, 128, 65_534, 65_535, 65_536, 65_537, 1_000_000];

function frameOf(payload: Uint8Array): Buffer {
  const frame = Buffer.alloc(binaryHeaderLength(payload.length) + payload.length);
  frame.set(payload, writeBinaryHeader(frame, 0, payload.length));
  return frame;
}

/** A server side as ours (no compression) and a `ws` client, with the raw socket of the server side. */
async function connected() {
  const server = new WebSocketServer({ port: 0, host: '127.0.0.1', perMessageDeflate: false });
  await once(server, 'listening');
  const address = server.address();
  if (address === null || typeof address === 'string') throw new Error('no port');
  const connection = once(server, 'connection') as Promise<[WebSocket, { readonly socket: Socket }]>;
  const client = new WebSocket(`ws://127.0.0.1:${address.port}`, { perMessageDeflate: true });
  const events: string[] = [];
  client.on('message', (data: RawData, isBinary) => {
    const bytes = data as Buffer;
    events.push(`${isBinary ? 'binary' : 'text'} ${bytes.length} ${bytes[0] ?? '-'} ${bytes.at(-1) ?? '-'}`);
  });
  client.on('ping', (data) => events.push(`ping ${data.toString()}`));
  client.on('close', (code, reason) => events.push(`close ${code} ${reason.toString()}`));
  client.on('error', (error) => events.push(`error ${error.message}`));
  const [[webSocket, { socket }]] = await Promise.all([connection, once(client, 'open')]);
  return {
    client,
    events,
    webSocket,
    socket,
    async [Symbol.asyncDispose](): Promise<void> {
      client.terminate();
      server.close();
      await once(server, 'close');
    },
  };
}

describe('frames written by hand', () => {
  test('are what a client made by others reads, whatever their size', async () => {
    await using side = await connected();

    for (const size of SIZES) side.socket.write(frameOf(new Uint8Array(size).fill(size % 251)));
    side.webSocket.close(1000, 'done');
    await once(side.client, 'close');

    const expected = SIZES.map((size) => `binary ${size} ${size === 0 ? '- -' : `${size % 251} ${size % 251}`}`);
    expect(side.events).toEqual([...expected, 'close 1000 done']);
  });

  test('may be written in one piece with others, and in any pieces', async () => {
    await using side = await connected();
    const stream = Buffer.concat(SIZES.map((size) => frameOf(new Uint8Array(size))));

    for (let at = 0; at < stream.length; at += 99_991) side.socket.write(stream.subarray(at, at + 99_991));
    side.webSocket.close(1000);
    await once(side.client, 'close');

    expect(side.events.map((event) => event.split(' ')[1])).toEqual([...SIZES.map(String), '1000']);
  });

  test('mix with the pings, pongs and messages of ws on the same socket, in the order they were written', async () => {
    await using side = await connected();

    side.socket.write(frameOf(Uint8Array.of(1)));
    side.webSocket.ping('from ws');
    side.socket.write(PING_FRAME);
    side.webSocket.send(new Uint8Array(70_000).fill(2));
    side.socket.cork();
    side.socket.write(frameOf(new Uint8Array(70_000).fill(3)));
    side.webSocket.send('text');
    side.socket.uncork();
    side.socket.write(frameOf(Uint8Array.of(4)));
    side.webSocket.close(4400, 'bad frame');
    await once(side.client, 'close');

    expect(side.events).toEqual([
      'binary 1 1 1',
      'ping from ws',
      'ping ',
      'binary 70000 2 2',
      'binary 70000 3 3',
      'text 4 116 116',
      'binary 1 4 4',
      'close 4400 bad frame',
    ]);
  });

  test('a length beyond 32 bits is written in two halves', () => {
    const header = Buffer.alloc(10);

    expect(writeBinaryHeader(header, 0, 2 ** 33 + 5)).toBe(10);
    expect(header.toString('hex')).toBe('827f0000000200000005');
  });
});

describe('what the server relies on in ws', () => {
  test('a server side without compression refuses it to clients that offer it', async () => {
    await using side = await connected();

    expect(side.webSocket.extensions).toBe('');
    expect(side.client.extensions).toBe('');
  });

  test('it hands whole frames to the socket synchronously', async () => {
    await using side = await connected();
    const { socket, webSocket } = side;
    const queued: number[] = [];
    socket.cork();
    for (const send of [() => webSocket.send(new Uint8Array(10)), () => webSocket.ping(), () => webSocket.pong()]) {
      const before = socket.writableLength;
      send();
      queued.push(socket.writableLength - before);
    }
    socket.uncork();

    expect(queued).toEqual([12, 2, 2]);
  });
});
