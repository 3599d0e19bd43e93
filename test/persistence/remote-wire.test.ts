import { HeadwaterError } from '@headwater/protocol';
import { describe, expect, test } from 'vitest';
import { decodeAppend, encodeAppend } from '../../persistence/src/remote/append-codec.ts';
import { type Codec, decode, encode, uint } from '../../persistence/src/remote/codec.ts';
import { STORE_PROTOCOL_VERSION } from '../../persistence/src/remote/greeting.ts';
import { PieceEnd, pieceHeader } from '../../persistence/src/remote/message-reader.ts';
import {
  appendsMessage,
  encodeMessage,
  healthMessage,
  MessageKind,
  OpenMessage,
  outcomesMessage,
  requestHead,
} from '../../persistence/src/remote/messages.ts';
import { METHODS } from '../../persistence/src/remote/methods.ts';
import { remoteError } from '../../persistence/src/remote/value-codecs.ts';

const CHANGE = {
  timeMs: 1_000,
  entries: [{ update: bytes(1, 2), author: 'ada' }],
  addWaiting: [{ update: bytes(3), author: 'bob' }],
  removeWaiting: [bytes(4)],
};
const ERROR = new HeadwaterError('HW_STORE_CORRUPT', 'no');
const POLICY = { keepAllMs: 1, tiers: [{ everyMs: 2, untilAgeMs: undefined }], maxBytes: 3 };

/** Change one of these, and instances of two versions misunderstand each other, unless the version changes with it. */
test('the version goes with these bytes', () => {
  expect(STORE_PROTOCOL_VERSION).toBe(4);
  expect({
    piece: hex(pieceHeader(258, PieceEnd.More, 3)),
    append: hex(encodeAppend('doc', CHANGE)),
    appends: hex(
      encodeMessage(MessageKind.Appends, appendsMessage, {
        settledBefore: 5,
        appends: [{ number: 6, storedAs: 7, change: bytes(8) }],
      }),
    ),
    outcomes: hex(
      encodeMessage(MessageKind.Outcomes, outcomesMessage, {
        written: [{ number: 1, sequence: 2 }],
        durable: [{ number: 3, sequence: 4 }],
        failed: [{ number: 5, isFinal: true, error: ERROR }],
      }),
    ),
    request: hex(
      encodeMessage(MessageKind.Request, requestHead, { id: 300, method: 1 }, METHODS.load.args, {
        documentName: 'doc',
      }),
    ),
    result: hex(encodeMessage(MessageKind.Result, uint, 300, METHODS.delete.result, true)),
    failure: hex(encodeMessage(MessageKind.Failure, uint, 300, remoteError, ERROR)),
    health: hex(encodeMessage(MessageKind.Health, healthMessage, { isDegraded: true, reason: 'full' })),
    loaded: hex(
      encode(METHODS.load.result, {
        documentId: 300,
        snapshot: { sequence: 1, update: bytes(5), stateVector: bytes(6), deleteSet: bytes(7), timeMs: 2 },
        tail: [{ sequence: 2, timeMs: 3, entries: CHANGE.entries }],
        waiting: CHANGE.addWaiting,
      }),
    ),
    deletion: hex(encode(METHODS.delete.args, { documentName: 'doc', allowReuse: true, deletedForMs: 300 })),
    deleted: hex(encode(METHODS.deletedPage.result, [{ documentName: 'doc', deletedMs: 300 }])),
    ends: hex(encode(METHODS.logEnds.result, [{ documentId: 300, sequence: 9, atOpening: 8, isDeleted: true }])),
  }).toMatchInlineSnapshot(`
    {
      "append": "03646f630d01e8070103616461010002010201010303626f62010104",
      "appends": "01050106070108",
      "deleted": "0103646f63ac02",
      "deletion": "03646f6301ac02",
      "ends": "01ac02090801",
      "failure": "05ac021048575f53544f52455f434f5252555054026e6f",
      "health": "06010466756c6c",
      "loaded": "ac02010102010601070105010203010201020361646101010303626f62",
      "outcomes": "020101020103040105011048575f53544f52455f434f5252555054026e6f",
      "piece": "000001020100000003",
      "request": "03ac020103646f63",
      "result": "04ac0201",
    }
  `);
  expect(
    Object.fromEntries(Object.entries(METHODS).map(([name, { number }]) => [name, number])),
  ).toMatchInlineSnapshot(`
    {
      "attribution": 9,
      "block": 7,
      "changeHistory": 11,
      "delete": 12,
      "deletedPage": 14,
      "history": 6,
      "info": 4,
      "keyFrame": 8,
      "load": 1,
      "logEnds": 13,
      "page": 3,
      "quarantined": 2,
      "replaceSnapshot": 10,
    }
  `);
});

describe('values come back as they went', () => {
  test('an append', () => {
    const { documentName, change } = decodeAppend(encodeAppend('doc', CHANGE));

    expect(documentName).toBe('doc');
    expect(change).toEqual(CHANGE);
    expect(decodeAppend(encodeAppend('doc', { timeMs: 1, entries: [] })).change).toEqual({ timeMs: 1, entries: [] });
  });

  test('a change of a history, with everything in it and with nothing', () => {
    const full = {
      documentName: 'doc',
      change: {
        whileSnapshot: 1,
        addKeyFrames: [{ sequence: 1, timeMs: 2, authors: ['ada'], update: bytes(1) }],
        removeKeyFrames: [2],
        removeRecordsThrough: 3,
        addAttribution: [{ client: 4_294_967_295, clock: 1, length: 2, author: 'ada', timeMs: 5 }],
        removeAttribution: false,
        addVersions: [{ id: 'v', label: 'one 😀', author: 'ada', createdMs: 6, sequence: 1 }],
        renameVersions: new Map([['v', 'two']]),
        removeVersions: ['w'],
        retention: POLICY,
      },
    };

    expect(there(METHODS.changeHistory.args, full)).toEqual(full);
    expect(there(METHODS.changeHistory.args, { documentName: 'doc', change: {} }).change).toEqual({});
  });

  test.each([['none' as const], [null], [POLICY], [undefined]])('the retention %j', (retention) => {
    const change = { documentName: 'doc', change: { retention } };

    expect(there(METHODS.changeHistory.args, change).change.retention).toEqual(retention);
  });

  test('an error; one of a code that is not known here is a mistake', () => {
    expect(there(remoteError, ERROR)).toMatchObject({ code: 'HW_STORE_CORRUPT', message: 'no' });
    const unknown = encode(remoteError, Object.assign(new Error('?'), { code: 'HW_OF_TOMORROW' }) as never);
    expect(decode(remoteError, unknown).code).toBe('HW_INTERNAL');
  });
});

test('a message that ends early or goes on after its end is refused, whatever lies behind it in memory', () => {
  const message = encodeMessage(MessageKind.Outcomes, outcomesMessage, {
    written: [{ number: 1, sequence: 2 }],
    durable: [],
    failed: [{ number: 5, isFinal: true, error: ERROR }],
  });
  const memory = Buffer.concat([message, Buffer.alloc(100, 1)]);

  const readable: number[] = [];
  for (let length = 1; length < memory.length; length += 1) {
    try {
      new OpenMessage(memory.subarray(0, length)).readLast(outcomesMessage);
      readable.push(length);
    } catch {
      // as it should
    }
  }

  expect(readable).toEqual([message.length]);
});

function there<T>(codec: Codec<T>, value: T): T {
  return decode(codec, encode(codec, value));
}

function bytes(...values: number[]): Uint8Array {
  return Uint8Array.from(values);
}

function hex(message: Uint8Array): string {
  return Buffer.from(message).toString('hex');
}
