import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import {
  CHUNK_FORMATS,
  decodeChunkHeader,
  decodeChunkRecords,
  encodeChunkHeader,
  encodeChunkRecords,
  layOutRecords,
  readRecords,
} from '../../persistence/src/history/chunk-codec.ts';
import {
  decodeAttribution,
  decodeKeyFrameHeader,
  decodeRetention,
  decodeVersion,
  encodeAttribution,
  encodeKeyFrameHeader,
  encodeRetention,
  encodeVersion,
  HISTORY_FORMATS,
} from '../../persistence/src/history/history-codec.ts';

const author = fc.string({ unit: 'binary', maxLength: 8 });
const time = fc.nat({ max: 2 ** 45 });
const count = fc.maxSafeNat();
const records = fc
  .array(
    fc.record({
      step: fc.integer({ min: 1, max: 5 }),
      timeMs: time,
      entries: fc.array(fc.record({ update: fc.uint8Array({ maxLength: 40 }), author }), { maxLength: 4 }),
    }),
    { minLength: 1, maxLength: 20 },
  )
  .map((steps) => {
    let sequence = 0;
    return steps.map(({ step, ...rest }) => {
      sequence += step;
      return { sequence, ...rest };
    });
  });

test('records come back from a chunk byte for byte, with their authors and times', () => {
  fc.assert(
    fc.property(records, (given) => {
      expect(readRecords(layOutRecords(given))).toEqual(given);
    }),
  );
});

test('records cut short, or with bytes behind their end, are no records', () => {
  fc.assert(
    fc.property(records, fc.nat(), (given, at) => {
      const bytes = layOutRecords(given);
      expect(() => readRecords(bytes.subarray(0, at % bytes.length))).toThrow(Error);
      expect(() => readRecords(Uint8Array.of(...bytes, 0))).toThrow(Error);
    }),
  );
});

test('a count that was damaged ends in an error, not in a long wait', () => {
  const bytes = layOutRecords([{ sequence: 1, timeMs: 5, entries: [{ update: Uint8Array.of(7), author: 'a' }] }]);
  expect([...bytes]).toEqual([1, 1, 97, 1, 1, 5, 1, 0, 1, 7]);

  const counts = [0, 1, 3, 6, 7, 8]; // all but a sequence, a time and the update
  for (const at of counts) {
    const damaged = Uint8Array.of(...bytes.subarray(0, at), 0xff, 0xff, 0xff, 0x7f, ...bytes.subarray(at + 1));
    expect(() => readRecords(damaged), `byte ${at}`).toThrow(Error);
  }
});

const KINDS: readonly {
  readonly kind: string;
  readonly value: fc.Arbitrary<unknown>;
  readonly encode: (value: never) => Uint8Array;
  readonly decode: (bytes: Uint8Array) => unknown;
}[] = [
  {
    kind: 'chunk header',
    value: fc.record({
      after: count,
      last: fc.constant(9),
      records: count,
      firstMs: time,
      lastMs: time,
      bytes: count,
      packedBytes: count,
      rawBytes: count,
      checksum: fc.nat({ max: 2 ** 32 - 1 }),
    }),
    encode: encodeChunkHeader,
    decode: (bytes) => decodeChunkHeader(bytes, 9),
  },
  {
    kind: 'key frame header',
    value: fc.record({
      sequence: fc.constant(9),
      timeMs: time,
      authors: fc.array(author, { maxLength: 3 }),
      bytes: count,
      packedBytes: count,
      checksum: fc.nat({ max: 2 ** 32 - 1 }),
    }),
    encode: encodeKeyFrameHeader,
    decode: (bytes) => decodeKeyFrameHeader(bytes, 9),
  },
  {
    kind: 'version',
    value: fc.record({ id: author, label: author, author, createdMs: time, sequence: count }),
    encode: encodeVersion,
    decode: decodeVersion,
  },
  {
    kind: 'attribution',
    value: fc.array(fc.record({ client: count, clock: count, length: count, author, timeMs: time })),
    encode: encodeAttribution,
    decode: decodeAttribution,
  },
  {
    kind: 'retention',
    value: fc.oneof(
      fc.constant('none'),
      fc.record({
        keepAllMs: count,
        tiers: fc.array(fc.record({ everyMs: count, untilAgeMs: count }, { requiredKeys: ['everyMs'] })),
        maxBytes: count,
      }),
    ),
    encode: encodeRetention,
    decode: decodeRetention,
  },
];

describe.each(KINDS)('the value of a $kind', ({ value, encode, decode }) => {
  test('comes back as it was', () => {
    fc.assert(
      fc.property(value, (given) => {
        expect(decode(encode(given as never))).toEqual(given);
      }),
    );
  });

  test('of another format, or cut short, is refused', () => {
    fc.assert(
      fc.property(value, fc.nat(), (given, at) => {
        const bytes = encode(given as never);
        expect(() => decode(Uint8Array.of(99, ...bytes.subarray(1)))).toThrow('format 99 instead of 1');
        expect(() => decode(bytes.subarray(0, at % bytes.length))).toThrow(Error);
        expect(() => decode(Uint8Array.of(...bytes, 0))).toThrow(Error);
      }),
    );
  });
});

test('packed records lie behind their format', () => {
  expect([...encodeChunkRecords(Uint8Array.of(7, 8))]).toEqual([1, 7, 8]);
  expect([...decodeChunkRecords(Uint8Array.of(1, 7, 8))]).toEqual([7, 8]);
  expect(() => decodeChunkRecords(Uint8Array.of(2, 7))).toThrow('format 2');
});

test('the bytes of each format are pinned: change one and its number changes', () => {
  const header = {
    after: 1,
    last: 9,
    records: 2,
    firstMs: 3,
    lastMs: 4,
    bytes: 5,
    packedBytes: 6,
    rawBytes: 7,
    checksum: 300,
  };
  expect([...encodeChunkHeader(header)]).toEqual([1, 1, 2, 3, 4, 5, 6, 7, 172, 2]);
  const frame = { sequence: 9, timeMs: 3, authors: ['a'], bytes: 5, packedBytes: 6, checksum: 7 };
  expect([...encodeKeyFrameHeader(frame)]).toEqual([1, 3, 5, 6, 7, 1, 1, 97]);
  const version = { id: 'i', label: 'l', author: 'a', createdMs: 3, sequence: 9 };
  expect([...encodeVersion(version)]).toEqual([1, 1, 105, 1, 108, 1, 97, 3, 9]);
  const range = { client: 2, clock: 3, length: 4, author: 'a', timeMs: 5 };
  expect([...encodeAttribution([range, { ...range, timeMs: 4 }])]).toEqual([
    1, 1, 1, 97, 2, 2, 3, 4, 0, 5, 2, 3, 4, 0, 65,
  ]);
  expect([...encodeRetention('none')]).toEqual([1, 6, 34, 110, 111, 110, 101, 34]);
  expect([CHUNK_FORMATS, HISTORY_FORMATS]).toEqual([
    { header: 1, records: 1 },
    { keyFrame: 1, version: 1, attribution: 1, retention: 1 },
  ]);
});
