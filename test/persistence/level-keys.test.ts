import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import {
  clearedKey,
  documentRange,
  idOfKey,
  type KeyRange,
  logKey,
  logRange,
  META_KEYS,
  NAME_RANGE,
  nameKey,
  nameOfKey,
  numberOfKey,
  quarantineKey,
  quarantineRange,
  snapshotHeaderKey,
  snapshotPartKey,
  snapshotPartRange,
  TOMBSTONE_RANGE,
  tombstoneKey,
  waitingKey,
  waitingRange,
} from '../../persistence/src/level-keys.ts';

const number = fc.oneof(
  fc.nat({ max: 300 }),
  fc.nat({ max: 2 ** 31 - 1 }),
  fc.constant(2 ** 32),
  fc.constant(2 ** 48 - 1),
);
const name = fc.string({ unit: 'binary', minLength: 1, maxLength: 40 }).filter((text) => !text.includes('\0'));

test('keys sort as their numbers do, and give them back', () => {
  fc.assert(
    fc.property(number, number, number, (id, a, b) => {
      expect(Math.sign(Buffer.compare(logKey(id, a), logKey(id, b)))).toBe(Math.sign(a - b));
      expect([idOfKey(logKey(id, a)), numberOfKey(logKey(id, a))]).toEqual([id, a]);
      expect(idOfKey(clearedKey(id))).toBe(id);
    }),
  );
});

test('names sort as their UTF-8 does, and come back', () => {
  fc.assert(
    fc.property(name, name, (a, b) => {
      expect(Math.sign(Buffer.compare(nameKey(a), nameKey(b)))).toBe(Buffer.compare(Buffer.from(a), Buffer.from(b)));
      expect(nameOfKey(nameKey(a))).toBe(a);
      expect(isIn(NAME_RANGE, nameKey(a))).toBe(true);
      expect(nameOfKey(tombstoneKey(a))).toBe(a);
      expect(isIn(TOMBSTONE_RANGE, tombstoneKey(a))).toBe(true);
      expect(isIn(NAME_RANGE, tombstoneKey(a))).toBe(false);
    }),
  );
});

test('a byte order mark is part of a name', () => {
  expect(nameOfKey(nameKey('\ufeffdoc'))).toBe('\ufeffdoc');
});

describe('the range of a document', () => {
  test('holds every key of it and none of another', () => {
    fc.assert(
      fc.property(number, number, number, (id, other, n) => {
        for (const owner of [id, other]) {
          for (const key of keysOf(owner, n)) expect(isIn(documentRange(id), key)).toBe(owner === id);
        }
        for (const key of [...Object.values(META_KEYS), tombstoneKey('d')])
          expect(isIn(documentRange(id), key)).toBe(false);
      }),
    );
  });

  test('is made of ranges that hold one kind each', () => {
    const kinds: [KeyRange, Uint8Array][] = [
      [logRange(5), logKey(5, 0)],
      [logRange(5), logKey(5, 2 ** 48 - 1)],
      [snapshotPartRange(5), snapshotPartKey(5, 0)],
      [snapshotPartRange(5), snapshotPartKey(5, 2 ** 48 - 1)],
      [quarantineRange(5), quarantineKey(5, 1)],
      [waitingRange(5), waitingKey(5, Uint8Array.of(1))],
    ];

    for (const [range, own] of kinds) {
      expect(isIn(range, own)).toBe(true);
      for (const [other, key] of kinds) expect(isIn(range, key)).toBe(other.gte[7] === range.gte[7]);
      expect(isIn(range, snapshotHeaderKey(5))).toBe(false);
    }
    expect(isIn(logRange(5, 10), logKey(5, 9))).toBe(false);
    expect(isIn(logRange(5, 10), logKey(5, 10))).toBe(true);
  });
});

test('a waiting update has one key, whatever buffer it lies in', () => {
  const update = Uint8Array.of(0, 1, 2, 3).subarray(1);

  expect(waitingKey(1, update)).toEqual(waitingKey(1, Uint8Array.of(1, 2, 3)));
  expect(waitingKey(1, update)).not.toEqual(waitingKey(1, Uint8Array.of(1, 2, 4)));
});

/** Keys on real disks: a change here is a new store format. */
test('the keys of store format 1 are these bytes', () => {
  expect(Object.values(META_KEYS).map((key) => Buffer.from(key).toString())).toEqual([
    'meta/format',
    'meta/store-id',
    'meta/next-id',
    'meta/owner',
    'meta/epoch',
    'meta/generation', // only where a cluster had the store
  ]);
  expect(hex(nameKey('a/é'))).toBe('6e612fc3a9');
  expect(hex(tombstoneKey('a/é'))).toBe('74612fc3a9');
  expect(hex(snapshotHeaderKey(1))).toBe('6400000000000168');
  expect(hex(snapshotPartKey(1, 258))).toBe('6400000000000162000000000102');
  expect(hex(logKey(1, 258))).toBe('640000000000016c000000000102');
  expect(hex(quarantineKey(1, 2))).toBe('6400000000000171000000000002');
  expect(hex(waitingKey(1, new Uint8Array()))).toBe('6400000000000177e3b0c44298fc1c149afbf4c8996fb924');
  expect(hex(clearedKey(2 ** 40 + 3))).toBe('78010000000003');
});

function keysOf(id: number, n: number): Uint8Array[] {
  const update = Uint8Array.of(n % 256);
  return [snapshotHeaderKey(id), snapshotPartKey(id, n), logKey(id, n), quarantineKey(id, n), waitingKey(id, update)];
}

function hex(key: Uint8Array): string {
  return Buffer.from(key).toString('hex');
}

function isIn(range: KeyRange, key: Uint8Array): boolean {
  return Buffer.compare(key, range.gte) >= 0 && Buffer.compare(key, range.lt) < 0;
}
