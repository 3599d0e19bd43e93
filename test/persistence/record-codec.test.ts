import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import {
  decodeDocumentRecord,
  decodeLogRecord,
  decodeLogTime,
  decodeQuarantined,
  decodeSnapshotHeader,
  decodeSnapshotPart,
  decodeWaiting,
  encodeDocumentRecord,
  encodeLogRecord,
  encodeQuarantined,
  encodeSnapshotHeader,
  encodeSnapshotPart,
  encodeWaiting,
  RECORD_FORMATS,
} from '../../persistence/src/record-codec.ts';

const bytes = fc.uint8Array({ maxLength: 40 });
const time = fc.maxSafeNat();
const author = fc.string({ unit: 'binary', maxLength: 8 });

const KINDS = [
  {
    kind: 'document',
    value: fc.record({ id: fc.maxSafeNat(), createdMs: time }),
    encode: encodeDocumentRecord,
    decode: decodeDocumentRecord,
  },
  {
    kind: 'log',
    value: fc.record({
      sequence: fc.constant(7),
      timeMs: time,
      entries: fc.array(fc.record({ update: bytes, author }), { maxLength: 6 }),
    }),
    encode: (record: ReturnType<typeof decodeLogRecord>) => encodeLogRecord(record.timeMs, record.entries),
    decode: (value: Uint8Array) => decodeLogRecord(value, 7),
  },
  {
    kind: 'snapshotHeader',
    value: fc.record({
      sequence: fc.maxSafeNat(),
      timeMs: time,
      updateBytes: fc.maxSafeNat(),
      packedBytes: fc.maxSafeNat(),
      nextQuarantine: fc.maxSafeNat(),
      stateVector: bytes,
      deleteSet: bytes,
    }),
    encode: encodeSnapshotHeader,
    decode: decodeSnapshotHeader,
  },
  { kind: 'waiting', value: fc.record({ update: bytes, author }), encode: encodeWaiting, decode: decodeWaiting },
  {
    kind: 'quarantine',
    value: fc.record({ update: bytes, author, reason: fc.string({ maxLength: 20 }), timeMs: time }),
    encode: encodeQuarantined,
    decode: decodeQuarantined,
  },
] as unknown as readonly {
  readonly kind: string;
  readonly value: fc.Arbitrary<object>;
  readonly encode: (value: object) => Uint8Array;
  readonly decode: (bytes: Uint8Array) => object;
}[];

describe.each(KINDS)('a $kind value', ({ value, encode, decode }) => {
  test('reads as it was written', () => {
    fc.assert(
      fc.property(value, (original) => {
        expect(decode(encode(original))).toEqual(original);
      }),
    );
  });

  test('that ends early, goes on too long or has another format does not decode', () => {
    fc.assert(
      fc.property(value, fc.double({ min: 0, max: 0.999, noNaN: true }), (original, at) => {
        const encoded = encode(original);

        // A view of a longer buffer, as LevelDB's are: reading past its end would go unnoticed otherwise.
        expect(() => decode(encoded.subarray(0, Math.floor(at * encoded.length)))).toThrow(Error);
        expect(() => decode(Uint8Array.of(...encoded, 0))).toThrow(/after its end/);
        expect(() => decode(Uint8Array.of(99, ...encoded.subarray(1)))).toThrow(/format 99/);
      }),
    );
  });
});

test('a snapshot part is a piece of the body behind the format number, and is not copied when it is read', () => {
  const encoded = encodeSnapshotPart(Uint8Array.of(7, 8, 9));

  const piece = decodeSnapshotPart(encoded);

  expect([...encoded]).toEqual([1, 7, 8, 9]);
  expect([...piece]).toEqual([7, 8, 9]);
  expect(piece.buffer).toBe(encoded.buffer);
  expect(() => decodeSnapshotPart(new Uint8Array())).toThrow(/end of array/i);
});

test('the time of a record is read without the rest', () => {
  const encoded = encodeLogRecord(1_700_000_000_000, [{ update: Uint8Array.of(1), author: 'ada' }]);

  expect(decodeLogTime(encoded.subarray(0, 8))).toBe(1_700_000_000_000);
});

/**
 * Bytes on real disks. A change here needs a new format number in RECORD_FORMATS, a decoder that still reads the old
 * one, and a line in docs/decisions/0001-store-layout.md.
 */
test('the encodings of format 1 are these bytes', () => {
  const entries = [
    { update: Uint8Array.of(1, 2), author: 'ada' },
    { update: Uint8Array.of(3), author: 'bob' },
    { update: Uint8Array.of(), author: 'ada' },
  ];
  const header = {
    sequence: 300,
    timeMs: 1,
    updateBytes: 2,
    packedBytes: 7,
    nextQuarantine: 3,
    stateVector: Uint8Array.of(4),
    deleteSet: Uint8Array.of(5, 6),
  };

  expect(RECORD_FORMATS).toEqual({
    document: 1,
    tombstone: 1,
    log: 1,
    snapshotHeader: 1,
    snapshotPart: 1,
    waiting: 1,
    quarantine: 1,
  });
  expect(hex(encodeDocumentRecord({ id: 300, createdMs: 128 }))).toBe(golden('01 ac02 8001'));
  expect(hex(encodeLogRecord(5, entries))).toBe(golden('01 05 02 03616461 03626f62 03 00020102 010103 0000'));
  expect(hex(encodeSnapshotHeader(header))).toBe(golden('01 ac02 01 02 07 03 0104 020506'));
  expect(hex(encodeWaiting({ update: Uint8Array.of(9), author: 'ada' }))).toBe(golden('01 03616461 0109'));
  expect(hex(encodeQuarantined({ update: Uint8Array.of(9), author: 'a', reason: 'why', timeMs: 5 }))).toBe(
    golden('01 05 0161 03776879 0109'),
  );
});

function hex(value: Uint8Array): string {
  return Buffer.from(value).toString('hex');
}

/** Spaces are for the eye. */
function golden(text: string): string {
  return text.replaceAll(' ', '');
}
