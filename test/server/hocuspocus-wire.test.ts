import { MemoryStore } from '@headwater/persistence';
import * as encoding from 'lib0/encoding';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import * as Y from 'yjs';
import { createServer, type HeadwaterServer } from '../../server/src/create-server.ts';
import { RawClient } from '../support/raw-client.ts';
import { syncStep1 } from '../support/wire.ts';

let server: HeadwaterServer;
let client: RawClient;
let url: string;

beforeEach(async () => {
  server = await createServer({
    port: 0,
    store: new MemoryStore(),
    maxDocumentsPerConnection: 3,
    authenticate: ({ token }) => {
      if (token === 'nope') throw new Error('nope');
      return {};
    },
  });
  const { port } = await server.listen();
  url = `ws://127.0.0.1:${port}`;
  client = await RawClient.connect(url);
});
afterEach(async () => {
  await client[Symbol.asyncDispose]();
  await server.close();
});

const bytes = (hex: string): Uint8Array => new Uint8Array(Buffer.from(hex.replaceAll(' ', ''), 'hex'));
const hexOf = (of: Uint8Array): string => Buffer.from(of).toString('hex');

/** A message written with lib0, behind its address. */
function message(address: string, write: (encoder: encoding.Encoder) => void): Uint8Array {
  return encoding.encode((encoder) => {
    encoding.writeVarString(encoder, address);
    write(encoder);
  });
}

const token = (address: string, text = 't'): Uint8Array =>
  message(address, (encoder) => {
    encoding.writeVarUint(encoder, 2);
    encoding.writeVarUint(encoder, 0);
    encoding.writeVarString(encoder, text);
  });

const update = (address: string, body: Uint8Array): Uint8Array =>
  message(address, (encoder) => {
    encoding.writeVarUint(encoder, 0);
    encoding.writeVarUint(encoder, 2);
    encoding.writeVarUint8Array(encoder, body);
  });

async function nextHex(count: number): Promise<string[]> {
  const all: string[] = [];
  while (all.length < count) all.push(hexOf(await client.next()));
  return all;
}

describe('the bytes of @hocuspocus/provider 4.8', () => {
  test('its handshake is answered as its own server answers it', async () => {
    client.send(bytes('01 61 02 00 01 74 05 34 2e 38 2e 30'));
    client.send(bytes('01 61 00 00 01 00'));
    client.send(bytes('01 61 01 06 01 05 00 02 7b 7d'));

    expect(await nextHex(3)).toEqual([
      `0161 0202 0a ${hexOf(Buffer.from('read-write'))}`.replaceAll(' ', ''), // accepted
      '016100000100', // its SyncStep1
      '01610001020000', // SyncStep2, after it
    ]);

    client.send(bytes('01 61 00 01 02 00 00')); // the client's SyncStep2
    expect(await nextHex(1)).toEqual(['01610801']);
  });

  test('one SyncStatus for each SyncStep2 and update, also for what is known already', async () => {
    const doc = new Y.Doc();
    doc.getText('text').insert(0, 'x');
    const body = Y.encodeStateAsUpdate(doc);
    client.send(token('a'));
    client.send(bytes('01 61 00 00 01 00'));
    for (let i = 0; i < 3; i++) client.send(update('a', body));

    const statuses = [];
    while (statuses.length < 3) statuses.push(hexOf(await client.next((each) => hexOf(each).startsWith('016108'))));

    expect(statuses).toEqual(['01610801', '01610801', '01610801']);
  });

  test('a denial is one message, and a later token may do', async () => {
    client.send(token('a', 'nope'));
    client.send(bytes('01 61 00 00 01 00'));
    expect(await nextHex(1)).toEqual(['01610201046e6f7065']);

    client.send(token('a'));

    expect((await nextHex(2))[1]).toBe('016100000100');
  });

  test('a pong and messages of a later version are left alone', async () => {
    client.send(Uint8Array.of(10));
    client.send(token('a'));
    client.send(bytes('01 61 63 01 02 03'));
    client.send(bytes('01 61 04 00 01 00')); // what servers say to each other
    client.send(bytes('01 61 00 00 01 00'));

    expect((await nextHex(3))[2]).toBe('01610001020000');
  });
});

describe('what a client must not do', () => {
  test.each([
    ['an empty frame', ''],
    ['an address past the end', '05 61'],
    ['an address that is no UTF-8', '01 ff 00 00 01 00'],
    ['no document at all', '00 00 01 00'],
    ['a blank document', '01 20 00 00 01 00'],
    ['an unknown auth kind', '01 61 02 07 01 74'],
    ['an unknown sync kind', '01 61 00 07 01 00'],
    ['a token past the end', '01 61 02 00 09 74'],
  ])('%s ends the connection with 4400', async (_, hex) => {
    client.send(bytes(hex));

    expect(await client.closed).toMatchObject({ code: 4400 });
  });

  test('a y-websocket client that names no document is told what to do', async () => {
    client.send(syncStep1());

    expect(await client.closed).toMatchObject({ code: 4400, reason: expect.stringContaining('/NAME') });
  });

  test('an update that does not decode ends the connection with 4422 and leaves nothing', async () => {
    client.send(token('a'));
    client.send(update('a', Uint8Array.of(9, 9, 9)));

    expect(await client.closed).toMatchObject({ code: 4422 });
  });

  test('too much before a token ends the connection with 1008', async () => {
    for (let i = 0; i < 1_001; i++) client.send(bytes('01 61 00 00 01 00'));

    expect(await client.closed).toMatchObject({ code: 1008 });
  });

  test('what was dropped with a denied document does not count', async () => {
    for (let round = 0; round < 3; round++) {
      for (let i = 0; i < 400; i++) client.send(bytes('01 61 00 00 01 00'));
      client.send(token('a', 'nope'));
      await client.next((each) => hexOf(each).startsWith('01610201'));
    }
    client.send(token('a'));

    expect((await nextHex(2))[1]).toBe('016100000100');
  });

  test.each([
    ['more documents than one connection may have', ['a', 'b', 'c', 'd'], 'more than 3'],
    ['a name over 1,024 bytes', ['x'.repeat(1_025)], 'bytes'],
  ])('%s are denied with a reason, and the connection stays', async (_, names, reason) => {
    for (const name of names) client.send(token(name));
    const last = names.at(-1) ?? '';

    const denial = await client.next((each) =>
      hexOf(each).startsWith(
        hexOf(
          message(last, (encoder) => {
            encoding.writeVarUint(encoder, 2);
            encoding.writeVarUint(encoder, 1);
          }),
        ),
      ),
    );

    expect(Buffer.from(denial).toString()).toContain(reason);
    expect(server.health.connections).toBe(1);
  });
});
