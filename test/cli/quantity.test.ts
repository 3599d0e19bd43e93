import fc from 'fast-check';
import { expect, test } from 'vitest';
import { formatQuantity, parseQuantity, type QuantityKind } from '../../server/src/quantity.ts';

test.each<[QuantityKind, unknown, number | undefined]>([
  ['number', 1234, 1234],
  ['number', '1234', 1234],
  ['number', '12k', undefined],
  ['number', '', undefined],
  ['number', '-1', undefined],
  ['number', '0x10', undefined],
  ['number', 1.5, undefined],
  ['number', Number.NaN, undefined],
  ['number', true, undefined],
  ['bytes', '64KiB', 65_536],
  ['bytes', '64 kib', 65_536],
  ['bytes', '64kB', 64_000],
  ['bytes', '1.5MiB', 1_572_864],
  ['bytes', '2G', 2_147_483_648],
  ['bytes', '16MiBs', undefined],
  ['bytes', '0.3', undefined],
  ['milliseconds', '500ms', 500],
  ['milliseconds', '30s', 30_000],
  ['milliseconds', '1.5s', 1500],
  ['milliseconds', '2m', 120_000],
  ['milliseconds', '1h', 3_600_000],
  ['milliseconds', '7d', 604_800_000],
  ['milliseconds', '30 parsecs', undefined],
])('as %s, %j is %j', (kind, text, expected) => {
  expect(parseQuantity(kind, text)).toBe(expected);
});

test('what is printed is read back as the same number', () => {
  fc.assert(
    fc.property(
      fc.constantFrom<QuantityKind>('number', 'bytes', 'milliseconds'),
      fc.nat({ max: Number.MAX_SAFE_INTEGER }),
      (kind, units) => parseQuantity(kind, formatQuantity(kind, units)) === units,
    ),
  );
});
