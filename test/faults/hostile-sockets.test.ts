import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { Random } from '../support/random.ts';
import { ServerProcess } from '../support/server-process.ts';
import { StockClient } from '../support/stock-client.ts';
import { syncStep1 } from '../support/wire.ts';
import { clientFrame, closeCodeIn, Opcode, RawSocket, upgradeRequest } from './raw-socket.ts';
import { eventually, healthOf, seedOf } from './support.ts';

let server: ServerProcess;
let pid: number;
let bystander: StockClient;

beforeAll(async () => {
  server = await ServerProcess.start();
  pid = server.pid;
  bystander = await new StockClient(server.url, 'besieged').synced();
});

afterAll(async () => {
  bystander.close();
  await server[Symbol.asyncDispose]();
});

const UNHARMED = { status: 'ok', bystanderClosedWith: [], isSameProcess: true };

/** How the server is, and a client who was there all the time. */
async function condition(): Promise<typeof UNHARMED> {
  const { status } = await healthOf(server);
  return { status, bystanderClosedWith: bystander.closeCodes as never[], isSameProcess: server.pid === pid };
}

const HELLO = syncStep1();
const PROTOCOL_ERROR = 1002;

const FRAMES: readonly (readonly [what: string, frame: Buffer, closeCode: number])[] = [
  ['a frame that is not masked', clientFrame(Opcode.Binary, HELLO, { masked: false }), PROTOCOL_ERROR],
  ['a reserved opcode', clientFrame(Opcode.Reserved, HELLO), PROTOCOL_ERROR],
  ['a reserved bit', clientFrame(Opcode.Binary, HELLO, { rsv: 4 }), PROTOCOL_ERROR],
  ['a continuation of nothing', clientFrame(Opcode.Continuation, HELLO), PROTOCOL_ERROR],
  ['a ping of 126 bytes', clientFrame(Opcode.Ping, new Uint8Array(126)), PROTOCOL_ERROR],
  ['a ping in parts', clientFrame(Opcode.Ping, HELLO, { fin: false }), PROTOCOL_ERROR],
  ['a close frame of one byte', clientFrame(Opcode.Close, Uint8Array.of(3)), PROTOCOL_ERROR],
  ['a close code that does not exist', clientFrame(Opcode.Close, Uint8Array.of(0, 5)), PROTOCOL_ERROR],
  [
    'a new message inside an unfinished one',
    Buffer.concat([clientFrame(Opcode.Binary, HELLO, { fin: false }), clientFrame(Opcode.Binary, HELLO)]),
    PROTOCOL_ERROR,
  ],
  ['a length of 2^63', Buffer.from([0x82, 0xff, 0x80, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0]), 1009],
  ['a text that is no UTF-8', clientFrame(Opcode.Text, Uint8Array.of(0xc3, 0x28)), 1007],
];

describe('a WebSocket that sends', () => {
  test.each(FRAMES)('%s is closed with a code', async (_what, frame, closeCode) => {
    await using raw = await RawSocket.upgraded(server.port, 'besieged');
    raw.socket.write(frame);
    const received = await raw.until((bytes) => closeCodeIn(bytes) !== undefined);
    expect(closeCodeIn(received)).toBe(closeCode);
    await raw.closed;
    expect(await condition()).toEqual(UNHARMED);
  });

  test('random bytes is closed, however they fall', async () => {
    const random = new Random(seedOf('random frames'));
    for (let i = 0; i < 100; i++) {
      await using raw = await RawSocket.upgraded(server.port, 'besieged');
      raw.socket.write(Uint8Array.from({ length: 1 + random.below(300) }, () => random.below(256)));
      raw.socket.end();
      await raw.closed;
    }
    expect(await condition()).toEqual(UNHARMED);
  });

  test('half a frame and then nothing holds nothing once it is gone', async () => {
    const sockets = await Promise.all(Array.from({ length: 20 }, () => RawSocket.upgraded(server.port, 'besieged')));
    for (const { socket } of sockets) socket.write(clientFrame(Opcode.Binary, HELLO).subarray(0, 5));
    for (const raw of sockets) await raw[Symbol.asyncDispose]();
    await eventually(async () => (await healthOf(server)).connections === 1, 'only the bystander to be left');
    expect(await condition()).toEqual(UNHARMED);
  });
});

const BAD_REQUESTS: readonly (readonly [what: string, request: string, status: number])[] = [
  ['with a name that is no UTF-8', upgradeRequest('/%ff'), 400],
  ['with a broken escape', upgradeRequest('/%zz'), 400],
  ['with a NUL in the name', upgradeRequest('/a%00b'), 400],
  ['with a name over 1,024 bytes', upgradeRequest(`/${'x'.repeat(1025)}`), 400],
  ['with a target that is no path', upgradeRequest('*'), 400],
  ['without a key', upgradeRequest('/doc', { 'Sec-WebSocket-Key': '' }), 400],
  ['with a key of the wrong length', upgradeRequest('/doc', { 'Sec-WebSocket-Key': 'c2hvcnQ=' }), 400],
  ['with an unknown version', upgradeRequest('/doc', { 'Sec-WebSocket-Version': '12' }), 400],
  ['to another protocol', upgradeRequest('/doc', { Upgrade: 'h2c' }), 400],
  ['by POST', upgradeRequest('/doc').replace('GET', 'POST'), 405],
  ['with a malformed subprotocol', upgradeRequest('/doc', { 'Sec-WebSocket-Protocol': 'a,,b' }), 400],
  ['with header lines of 64 KB', upgradeRequest('/doc', { 'X-Long': 'x'.repeat(65_536) }), 431],
];

/** Requests that are no upgrades, and that no HTTP client would send. */
const BAD_HTTP: readonly (readonly [what: string, request: string])[] = [
  ['that is no HTTP', 'hello\r\n\r\n'],
  ['of another version', 'GET / HTTP/9.9\r\nHost: x\r\n\r\n'],
  ['without a host', 'GET /health HTTP/1.1\r\nConnection: close\r\n\r\n'],
  ['with a host that is none', 'GET /health HTTP/1.1\r\nHost: a b:c/\\\r\nConnection: close\r\n\r\n'],
  ['with a host of another URL', 'GET /health HTTP/1.1\r\nHost: x@y/z?#\r\nConnection: close\r\n\r\n'],
  ['for a whole URL', 'GET http://:99999/health HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n'],
  ['for two slashes', 'GET // HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n'],
  ['for a broken escape', 'GET /%zz HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n'],
  ['for everything', 'OPTIONS * HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n'],
  ['for a tunnel', 'CONNECT example.org:443 HTTP/1.1\r\nHost: x\r\n\r\n'],
  ['by TRACE', 'TRACE / HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n'],
  [
    'with a body that is cut off',
    'POST /health HTTP/1.1\r\nHost: x\r\nContent-Length: 100\r\nConnection: close\r\n\r\nabc',
  ],
  [
    'with two lengths',
    'POST / HTTP/1.1\r\nHost: x\r\nContent-Length: 1\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n',
  ],
  ['with an expectation', 'GET / HTTP/1.1\r\nHost: x\r\nExpect: miracles\r\nConnection: close\r\n\r\n'],
];

describe('an upgrade', () => {
  test.each(BAD_REQUESTS)('%s is refused', async (_what, request, status) => {
    await using raw = await RawSocket.connect(server.port);
    raw.socket.write(request);
    await raw.closed;
    expect(raw.received.toString('latin1')).toMatch(new RegExp(`^HTTP/1\\.1 ${status} `));
    expect(await condition()).toEqual(UNHARMED);
  });

  test('that is reset halfway harms nobody', async () => {
    for (let i = 0; i < 50; i++) {
      await using raw = await RawSocket.connect(server.port);
      raw.socket.write(upgradeRequest('/besieged'));
      raw.socket.resetAndDestroy();
    }
    await eventually(async () => (await healthOf(server)).connections === 1, 'only the bystander to be left');
    expect(await condition()).toEqual(UNHARMED);
  });
});

describe('a request', () => {
  test.each(BAD_HTTP)('%s ends, and nothing with it', async (_what, request) => {
    await using raw = await RawSocket.connect(server.port);
    raw.socket.end(request);
    await raw.closed;
    expect(await condition()).toEqual(UNHARMED);
  });
});
