import {
  decodeFrame,
  EMPTY_STATE_VECTOR,
  EMPTY_UPDATE,
  encodeAwareness,
  encodePermissionDenied,
  encodeSyncStep1,
  encodeSyncStep2,
  encodeUpdate,
  HeadwaterError,
  KEEP_ALIVE,
  MAX_MESSAGES_PER_FRAME,
  PROTOCOL_VERSION,
} from '@headwater/protocol';
import fc from 'fast-check';
import { createDecoder, readVarUint } from 'lib0/decoding';
import { createEncoder, toUint8Array, writeVarUint } from 'lib0/encoding';
import { describe, expect, test } from 'vitest';
import { readAuthMessage } from 'y-protocols/auth';
import { readSyncMessage } from 'y-protocols/sync';
import * as Y from 'yjs';

const hex = (bytes: Uint8Array): string => Buffer.from(bytes).toString('hex');
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
  version: 1,
  messages: {
    'sync step 1': [encodeSyncStep1(EMPTY_STATE_VECTOR), '00 00 01 00'],
    'sync step 2': [encodeSyncStep2(EMPTY_UPDATE), '00 01 02 00 00'],
    update: [encodeUpdate(EMPTY_UPDATE), '00 02 02 00 00'],
    'long update': [encodeUpdate(new Uint8Array(300)).subarray(0, 5), '00 02 ac 02 00'],
    awareness: [encodeAwareness(Uint8Array.of(0)), '01 01 00'],
    'permission denied': [encodePermissionDenied('nö'), '02 00 03 6e c3 b6'],
    'keep-alive': [KEEP_ALIVE, '01 01 00'],
  },
} as const;

test('the protocol version is that of the golden bytes', () => {
  expect(PROTOCOL_VERSION).toBe(GOLDEN.version);
});

test.each(Object.entries(GOLDEN.messages))('%s has its golden bytes', (_, [message, expected]) => {
  expect(hex(message)).toBe(expected.replaceAll(' ', ''));
});

describe('decodeFrame', () => {
  test.each([
    ['00 00 01 00', [{ kind: 'sync-step-1', stateVector: bytes('00') }]],
    ['00 01 02 00 00', [{ kind: 'sync-step-2', update: bytes('00 00') }]],
    ['00 02 02 00 00', [{ kind: 'update', update: bytes('00 00') }]],
    ['00 02 00', [{ kind: 'update', update: bytes('') }]],
    ['01 01 00', [{ kind: 'awareness', update: bytes('00') }]],
    ['03', [{ kind: 'query-awareness' }]],
  ])('reads %s', (frame, messages) => {
    expect(decodeFrame(bytes(frame))).toEqual(messages);
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
  test('reads what we write', () => {
    const doc = new Y.Doc();
    const source = new Y.Doc();
    source.getText('t').insert(0, 'hello');
    let reason = '';

    const messages = [encodeSyncStep2(Y.encodeStateAsUpdate(source)), encodeSyncStep1(Y.encodeStateVector(source))];
    const answer = createEncoder();
    for (const message of messages) {
      const decoder = createDecoder(message);
      expect(readVarUint(decoder)).toBe(0);
      readSyncMessage(decoder, answer, doc, null);
    }
    const denied = createDecoder(encodePermissionDenied('not you'));
    readVarUint(denied);
    readAuthMessage(denied, doc, (_, text) => {
      reason = text;
    });

    expect(doc.getText('t').toJSON()).toBe('hello');
    expect(toUint8Array(answer).length).toBeGreaterThan(0);
    expect(reason).toBe('not you');
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
