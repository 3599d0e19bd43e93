import type { ByteReader } from '../byte-reader.ts';
import { utf16Length } from '../utf8.ts';

/** Steps over lib0's signed varint: six bits and a sign in the first byte, seven in each that follows. */
export function skipVarInt(reader: ByteReader, what: string): void {
  const start = reader.pos;
  let byte = reader.byte(what);
  let value = byte & 0x3f;
  let factor = 0x40;
  while (byte >= 0x80) {
    if (reader.pos >= start + 8) reader.fail(`${what} is too large`, start);
    byte = reader.byte(what);
    value += (byte & 0x7f) * factor;
    factor *= 0x80;
  }
  if (value > Number.MAX_SAFE_INTEGER) reader.fail(`${what} is too large`, start);
}

/** Steps over a length-prefixed string and returns its length in UTF-16 units, which is how Yjs counts text. */
export function skipString(reader: ByteReader, what: string): number {
  const at = reader.pos;
  const length = reader.varUint(what);
  reader.stringStart = reader.pos;
  reader.skip(length, what);
  const units = utf16Length(reader.bytes, reader.stringStart, reader.pos);
  if (units < 0) reader.fail(`${what} is not UTF-8`, at);
  return units;
}
