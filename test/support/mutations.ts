import type { Random } from './random.ts';

/** Bytes that mean something to one decoder or another: ends of varints, info bytes, tags, text. */
const TELLING_BYTES = [
  0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 31, 0x20, 0x40, 0x7f, 0x80, 0x81, 0x84, 0x87, 0xa4, 0xc4, 0xff,
];
const TELLING_VARINTS = [
  [0xff, 0xff, 0xff, 0xff, 0x0f],
  [0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0x0f],
  [0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0x7f],
  [0x80, 0x80, 0x80, 0x80, 0x80, 0x80, 0x80, 0x80, 0x01],
  [0x80, 0x00],
];

/** A damaged copy: flipped bits, lost and doubled pieces, pieces of another update, or an end too early. */
export function damaged(bytes: Uint8Array, other: Uint8Array, random: Random): Uint8Array {
  let result = [...bytes];
  const times = random.chance(70) ? 1 : 2 + random.below(3);
  for (let i = 0; i < times; i++) result = damagedOnce(result, [...other], random);
  return Uint8Array.from(result);
}

function damagedOnce(bytes: number[], other: number[], random: Random): number[] {
  if (bytes.length === 0) return [random.pick(TELLING_BYTES)];
  const at = random.below(bytes.length + 1);
  const length = 1 + random.below(8);
  const from = random.below(other.length);
  switch (random.below(9)) {
    case 0:
      return bytes.with(Math.min(at, bytes.length - 1), (bytes[at] ?? 0) ^ (1 << random.below(8)));
    case 1:
      return bytes.with(Math.min(at, bytes.length - 1), random.pick(TELLING_BYTES));
    case 2:
      return bytes.slice(0, at);
    case 3:
      return bytes.toSpliced(at, length);
    case 4:
      return bytes.toSpliced(at, 0, ...bytes.slice(at, at + length));
    case 5:
      return bytes.toSpliced(at, random.below(3), ...random.pick(TELLING_VARINTS));
    case 6:
      return bytes.toSpliced(at, length, ...other.slice(from, from + length));
    case 7:
      return [...bytes.slice(0, at), ...other.slice(from)];
    default:
      // one off is what slips through
      return bytes.with(Math.min(at, bytes.length - 1), ((bytes[at] ?? 0) + (random.chance(50) ? 1 : 255)) % 256);
  }
}
