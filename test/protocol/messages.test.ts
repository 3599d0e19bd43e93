import {
  decodeFrame,
  EMPTY_STATE_VECTOR,
  EMPTY_UPDATE,
  HeadwaterError,
  KEEP_ALIVE,
  MAX_MESSAGES_PER_FRAME,
  PROTOCOL_VERSION,
} from '@headwater/protocol';
import fc from 'fast-check';
import { createDecoder, readVarUint } from 'lib0/decoding';
import { createEncoder, type Encoder, toUint8Array, writeVarUint } from 'lib0/encoding';
import { describe, expect, test } from 'vitest';
import { writeSyncStep1, writeSyncStep2, writeUpdate } from 'y-protocols/sync';
import * as Y from 'yjs';

const bytes = (text: string): Uint8Array => Uint8Array.from(Buffer.from(text.replaceAll(' ', ''), 'hex'));

function outcomeOf(frame: Uint8Array): unknown {
  try {
    return decodeFrame(frame).length > 0 ? 'read' : 'nothing';
  } catch (error) {
    return error instanceof HeadwaterError ? error.code : error;
  }
}

/** A change here is a change of the wire: it needs a new version and its line in docs/protocol.md. */
const GOLDEN = {
  version: 2,
  messages: {
    'sync step 1': ['00 00 01 00', { kind: 'sync-step-1', stateVector: EMPTY_STATE_VECTOR }],
    'sync step 2': ['00 01 02 00 00', { kind: 'sync-step-2', update: EMPTY_UPDATE }],
    update: ['00 02 02 00 00', { kind: 'update', update: EMPTY_UPDATE }],
    awareness: ['01 01 00', { kind: 'awareness', update: bytes('00') }],
    'query awareness': ['03', { kind: 'query-awareness' }],
  },
} as const;

test('the protocol version is that of the golden bytes', () => {
  expect(PROTOCOL_VERSION).toBe(GOLDEN.version);
});

test.each(Object.entries(GOLDEN.messages))('%s has its golden bytes', (_, [golden, message]) => {
  expect(decodeFrame(bytes(golden))).toEqual([message]);
});

test('keep-alive is an empty awareness message', () => {
  expect(KEEP_ALIVE).toEqual(bytes(GOLDEN.messages.awareness[0]));
});

describe('decodeFrame', () => {
  test('reads a body without bytes', () => {
    expect(decodeFrame(bytes('00 02 00'))).toEqual([{ kind: 'update', update: bytes('') }]);
  });

  test('reads several messages of one frame', () => {
    expect(decodeFrame(bytes('00 00 01 00  03  01 01 00'))).toEqual([
      { kind: 'sync-step-1', stateVector: bytes('00') },
      { kind: 'query-awareness' },
      { kind: 'awareness', update: bytes('00') },
    ]);
  });

  test('a type it does not know ends the frame', () => {
    expect(decodeFrame(bytes('03 66 01 05'))).toEqual([{ kind: 'query-awareness' }, { kind: 'unknown', type: 0x66 }]);
  });

  test('auth is for servers to send: from a client it is an unknown type', () => {
    expect(decodeFrame(bytes('02 00 00'))).toEqual([{ kind: 'unknown', type: 2 }]);
  });

  test('payloads are views into the frame', () => {
    const frame = bytes('00 02 02 00 00');
    const [message] = decodeFrame(frame);

    expect(message).toHaveProperty('update.buffer', frame.buffer);
  });

  test.each([
    ['', 'message type is missing at byte 0'],
    ['80', 'message type is cut off at byte 0'],
    ['ff ff ff ff ff ff ff ff 01', 'message type is too large at byte 0'],
    ['ff ff ff ff ff ff ff 7f', 'message type is too large at byte 0'],
    ['00', 'sync kind is missing at byte 1'],
    ['00 03 00', 'unknown sync kind at byte 1'],
    ['00 00', 'state vector is missing at byte 2'],
    ['00 02 03 00 00', 'update ends past the last byte at byte 3'],
    ['00 02 ff ff ff ff ff ff ff 0f 00', 'update ends past the last byte at byte 10'],
    ['00 02 02 00 00 01', 'awareness update is missing at byte 6'],
  ])('refuses %j', (frame, message) => {
    expect(() => decodeFrame(bytes(frame))).toThrow(
      expect.objectContaining({ code: 'HW_FRAME_MALFORMED', message: `frame: ${message}` }),
    );
  });

  test('refuses a frame of a thousand questions', () => {
    expect(() => decodeFrame(new Uint8Array(MAX_MESSAGES_PER_FRAME).fill(3))).not.toThrow();
    expect(() => decodeFrame(new Uint8Array(MAX_MESSAGES_PER_FRAME + 1).fill(3))).toThrow(
      expect.objectContaining({ code: 'HW_FRAME_MALFORMED', message: 'frame: too many messages at byte 1024' }),
    );
  });

  test('any bytes are read or refused with its own error', () => {
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 40 }), (frame) => {
        expect(['read', 'HW_FRAME_MALFORMED']).toContain(outcomeOf(frame));
      }),
      { numRuns: 2_000 },
    );
  });
});

describe('y-protocols', () => {
  test('writes what we read', () => {
    const source = new Y.Doc();
    source.getText('t').insert(0, 'hello');
    const messages = [
      (encoder: Encoder) => writeSyncStep1(encoder, source),
      (encoder: Encoder) => writeSyncStep2(encoder, source),
      (encoder: Encoder) => writeUpdate(encoder, Y.encodeStateAsUpdate(source)),
    ];

    const read = messages.map((write) => {
      const encoder = createEncoder();
      writeVarUint(encoder, 0);
      write(encoder);
      return decodeFrame(toUint8Array(encoder))[0];
    });

    expect(read).toEqual([
      { kind: 'sync-step-1', stateVector: Y.encodeStateVector(source) },
      { kind: 'sync-step-2', update: Y.encodeStateAsUpdate(source) },
      { kind: 'update', update: Y.encodeStateAsUpdate(source) },
    ]);
  });

  test('any varint lib0 writes is read to the same number', () => {
    fc.assert(
      fc.property(fc.maxSafeNat(), (type) => {
        const encoder = createEncoder();
        writeVarUint(encoder, type + 4 > Number.MAX_SAFE_INTEGER ? type : type + 4);
        const frame = toUint8Array(encoder);
        const expected = readVarUint(createDecoder(frame));
        fc.pre(expected > 3);

        expect(decodeFrame(frame)).toEqual([{ kind: 'unknown', type: expected }]);
      }),
    );
  });
});
