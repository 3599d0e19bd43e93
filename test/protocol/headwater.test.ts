import {
  addressOf,
  decodeHeadwaterClientFrame,
  decodeHeadwaterServerFrame,
  encodeAddressedMessage,
  encodeClientHello,
  encodePing,
  encodePong,
  encodeRetry,
  encodeServerHello,
  encodeServerMessage,
  HeadwaterError,
  type HeadwaterServerMessage,
  isHeadwaterHello,
  isHocuspocusHello,
  type OutgoingMessage,
  PROTOCOL_VERSION,
} from '@headwater/protocol';
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';

const bytes = (text: string): Uint8Array => Uint8Array.from(Buffer.from(text.replaceAll(' ', ''), 'hex'));

/** About the document "a". */
const address = 'a';

/** What came of reading hostile bytes. */
function outcomeOf(read: () => unknown): unknown {
  try {
    return typeof read() === 'object' ? 'read' : 'nothing';
  } catch (error) {
    return error instanceof HeadwaterError ? error.code : error;
  }
}

/** A change here is a change of the wire: it needs a new version and its line in docs/protocol.md. */
const GOLDEN = {
  version: 2,
  clientHello: ['00 40 02 03 782f31', { version: 2, client: 'x/1' }],
  ping: ['00 41 ac02', 300],
  client: {
    'sync step 1': ['01 61 00 00 01 00', { kind: 'sync-step-1', stateVector: bytes('00') }],
    'sync step 2': ['01 61 00 01 02 0000', { kind: 'sync-step-2', update: bytes('0000') }],
    update: ['01 61 00 02 02 0000', { kind: 'update', update: bytes('0000') }],
    awareness: ['01 61 01 01 00', { kind: 'awareness', update: bytes('00') }],
    token: ['01 61 02 00 01 74', { kind: 'token', token: 't' }],
    'query awareness': ['01 61 03', { kind: 'query-awareness' }],
    stateless: ['01 61 05 02 6869', { kind: 'stateless', payload: 'hi' }],
    close: ['01 61 07', { kind: 'close' }],
  } satisfies Record<string, [string, OutgoingMessage]>,
  serverHello: ['00 40 02 8008 03 782f31', { version: 2, maxMessageBytes: 1024, server: 'x/1' }],
  pong: ['00 42 ac02', 300],
  retry: ['00 43 64 e807', { minMs: 100, maxMs: 1000 }],
  server: {
    'sync step 1': ['01 61 00 00 01 00', { kind: 'sync-step-1', stateVector: bytes('00') }],
    'sync step 2': ['01 61 00 01 02 0000', { kind: 'sync-step-2', update: bytes('0000') }],
    update: ['01 61 00 02 02 0000', { kind: 'update', update: bytes('0000') }],
    awareness: ['01 61 01 01 00', { kind: 'awareness', update: bytes('00') }],
    stateless: ['01 61 05 02 6869', { kind: 'stateless', payload: 'hi' }],
    granted: ['01 61 44 00 00 00', { kind: 'granted', isReadOnly: false, expiresInMs: undefined, user: undefined }],
    'granted for a while': [
      '01 61 44 01 e907 03 616e6e',
      { kind: 'granted', isReadOnly: true, expiresInMs: 1000, user: 'ann' },
    ],
    'granted for no time at all': [
      '01 61 44 00 01 00',
      { kind: 'granted', isReadOnly: false, expiresInMs: 0, user: undefined },
    ],
    denied: ['01 61 45 01 43 02 6e6f', { kind: 'denied', code: 'C', reason: 'no' }],
    saved: ['01 61 46 ac02', { kind: 'saved', edit: 300 }],
    refused: ['01 61 47 05 01 43 02 6e6f', { kind: 'refused', edit: 5, code: 'C', reason: 'no' }],
  } satisfies Record<string, [string, HeadwaterServerMessage]>,
} as const;

test('the protocol version is that of the golden bytes', () => {
  expect(PROTOCOL_VERSION).toBe(GOLDEN.version);
});

describe('what a client sends has its golden bytes', () => {
  test('Hello', () => {
    const [golden, hello] = GOLDEN.clientHello;

    expect(encodeClientHello(hello)).toEqual(bytes(golden));
    expect(decodeHeadwaterClientFrame(bytes(golden))).toEqual({ kind: 'hello', ...hello });
  });

  test('Ping', () => {
    const [golden, id] = GOLDEN.ping;

    expect(encodePing(id)).toEqual(bytes(golden));
    expect(decodeHeadwaterClientFrame(bytes(golden))).toEqual({ kind: 'ping', id });
  });

  test.each(Object.entries(GOLDEN.client))('%s', (_, [golden, message]) => {
    expect(encodeAddressedMessage(address, message)).toEqual(bytes(golden));
    expect(decodeHeadwaterClientFrame(bytes(golden))).toEqual({
      kind: 'message',
      address,
      documentName: address,
      message,
    });
  });
});

describe('what a server sends has its golden bytes', () => {
  test('Hello', () => {
    const [golden, hello] = GOLDEN.serverHello;

    expect(encodeServerHello(hello)).toEqual(bytes(golden));
    expect(decodeHeadwaterServerFrame(bytes(golden))).toEqual({ kind: 'hello', ...hello });
  });

  test('Pong', () => {
    const [golden, id] = GOLDEN.pong;

    expect(encodePong(id)).toEqual(bytes(golden));
    expect(decodeHeadwaterServerFrame(bytes(golden))).toEqual({ kind: 'pong', id });
  });

  test('Retry', () => {
    const [golden, hint] = GOLDEN.retry;

    expect(encodeRetry(hint)).toEqual(bytes(golden));
    expect(decodeHeadwaterServerFrame(bytes(golden))).toEqual({ kind: 'retry', ...hint });
  });

  test.each(Object.entries(GOLDEN.server))('%s', (_, [golden, message]) => {
    expect(encodeServerMessage(address, message)).toEqual(bytes(golden));
    expect(decodeHeadwaterServerFrame(bytes(golden))).toEqual({ kind: 'message', address, message });
  });
});

describe('an address', () => {
  test('is the name of the document, and of a session where a connection has several of it', () => {
    expect(addressOf('a')).toBe('a');
    expect(addressOf('a', '2')).toBe('a\u00002');
    expect(decodeHeadwaterClientFrame(encodeAddressedMessage(addressOf('a', '2'), { kind: 'close' }))).toEqual({
      kind: 'message',
      address: 'a\u00002',
      documentName: 'a',
      message: { kind: 'close' },
    });
  });

  test('and the message behind it survive the way, whatever text they are', () => {
    fc.assert(
      fc.property(fc.string({ unit: 'grapheme', minLength: 1 }), fc.string({ unit: 'grapheme' }), (name, payload) => {
        const message = { kind: 'stateless', payload } as const;
        const frame = encodeServerMessage(name, message);

        expect(decodeHeadwaterServerFrame(frame)).toEqual({ kind: 'message', address: name, message });
        expect(encodeAddressedMessage(name, message)).toEqual(frame);
      }),
    );
  });

  test('may take 1,152 bytes', () => {
    const longest = encodeAddressedMessage('x'.repeat(1_152), { kind: 'close' });

    expect(decodeHeadwaterClientFrame(longest)).toHaveProperty('message.kind', 'close');
    expect(() => decodeHeadwaterClientFrame(encodeAddressedMessage('x'.repeat(1_153), { kind: 'close' }))).toThrow(
      expect.objectContaining({
        code: 'HW_FRAME_MALFORMED',
        message: 'frame: address is longer than 1152 bytes at byte 0',
      }),
    );
  });
});

describe('a newer peer', () => {
  test('may send types nobody knows here, about the connection and about a document', () => {
    expect(decodeHeadwaterClientFrame(bytes('00 50 01'))).toEqual({ kind: 'unknown', type: 0x50 });
    expect(decodeHeadwaterServerFrame(bytes('00 50 01'))).toEqual({ kind: 'unknown', type: 0x50 });
    expect(decodeHeadwaterClientFrame(bytes('01 61 50'))).toHaveProperty('message', { kind: 'unknown', type: 0x50 });
    expect(decodeHeadwaterServerFrame(bytes('01 61 50'))).toHaveProperty('message', { kind: 'unknown', type: 0x50 });
  });

  test('may append to what is known', () => {
    expect(decodeHeadwaterClientFrame(bytes(`${GOLDEN.clientHello[0]} ff`))).toHaveProperty('version', 2);
    expect(decodeHeadwaterServerFrame(bytes(`${GOLDEN.server.saved[0]} ff`))).toHaveProperty('message.edit', 300);
  });

  test('may have flags nobody knows here', () => {
    expect(decodeHeadwaterServerFrame(bytes('01 61 44 03 00 00'))).toHaveProperty('message.isReadOnly', true);
    expect(decodeHeadwaterServerFrame(bytes('01 61 44 06 00 00'))).toHaveProperty('message.isReadOnly', false);
  });
});

describe('a Hello', () => {
  test("is no other client's first message, and no other first message is one", () => {
    const others = ['', '00', '40', '00 00 01 00', '00 01 02 00 00', '01 61 02 00 01 74', '01 40 02 00 01 74'];

    expect(isHeadwaterHello(bytes(GOLDEN.clientHello[0]))).toBe(true);
    expect(isHocuspocusHello(bytes(GOLDEN.clientHello[0]))).toBe(false);
    expect(others.filter((first) => isHeadwaterHello(bytes(first)))).toEqual([]);
  });
});

describe('hostile bytes', () => {
  test.each([
    ['', 'address is missing at byte 0'],
    ['02 61', 'address ends past the last byte at byte 1'],
    ['01 ff 00 00 01 00', 'address is not UTF-8 at byte 0'],
    ['00', 'message type is missing at byte 1'],
    ['00 40', 'version is missing at byte 2'],
    ['00 40 02', 'client is missing at byte 3'],
    ['00 40 02 05 61', 'client ends past the last byte at byte 4'],
    [`00 40 02 81 01 ${'61'.repeat(129)}`, 'client is longer than 128 bytes at byte 3'],
    ['00 41 ff ff ff ff ff ff ff ff 01', 'id is too large at byte 2'],
    ['01 61 00 03 00', 'unknown sync kind at byte 3'],
    ['01 61 02 01 00', 'unknown auth kind at byte 3'],
    ['01 61 02 00 01 ff', 'token is not UTF-8 at byte 4'],
  ])('of a client are refused: %j', (frame, message) => {
    expect(() => decodeHeadwaterClientFrame(bytes(frame))).toThrow(
      expect.objectContaining({ code: 'HW_FRAME_MALFORMED', message: `frame: ${message}` }),
    );
  });

  test.each([
    ['00 40 02', 'largest message is missing at byte 3'],
    ['00 43 64', 'longest time is missing at byte 3'],
    ['01 61 44 00 00', 'user is missing at byte 5'],
    ['01 61 45 01 43', 'reason is missing at byte 5'],
    ['01 61 46', 'edit is missing at byte 3'],
    ['01 61 47 80', 'edit is cut off at byte 3'],
  ])('of a server are refused: %j', (frame, message) => {
    expect(() => decodeHeadwaterServerFrame(bytes(frame))).toThrow(
      expect.objectContaining({ code: 'HW_FRAME_MALFORMED', message: `frame: ${message}` }),
    );
  });

  test('are read, or refused with an error of ours', () => {
    // mostly bytes that mean something: types, short lengths
    const noise = fc.uint8Array({ maxLength: 40 });
    const likely = fc.array(fc.constantFrom(0, 1, 2, 3, 5, 7, 64, 65, 66, 67, 68, 69, 70, 71, 0x61, 0x80, 0xff), {
      maxLength: 12,
    });

    fc.assert(
      fc.property(
        fc.oneof(
          noise,
          likely.map((list) => Uint8Array.from(list)),
        ),
        (frame) => {
          expect(['read', 'HW_FRAME_MALFORMED']).toContain(outcomeOf(() => decodeHeadwaterClientFrame(frame)));
          expect(['read', 'HW_FRAME_MALFORMED']).toContain(outcomeOf(() => decodeHeadwaterServerFrame(frame)));
        },
      ),
      { numRuns: 2_000 },
    );
  });
});
