import * as decoding from 'lib0/decoding';
import * as encoding from 'lib0/encoding';

/** A value that starts with its format number. */
export function encodeRecord(format: number, write: (encoder: encoding.Encoder) => void): Uint8Array {
  const encoder = encoding.createEncoder();
  encoding.writeVarUint(encoder, format);
  write(encoder);
  return encoding.toUint8Array(encoder);
}

/** @throws Error when the value has another format, ends early, or goes on after its end */
export function decodeRecord<T>(bytes: Uint8Array, format: number, read: (decoder: decoding.Decoder) => T): T {
  const decoder = decoding.createDecoder(bytes);
  readFormat(decoder, format);
  const value = read(decoder);
  if (decoding.hasContent(decoder)) throw new Error('unexpected bytes after its end');
  return value;
}

export function readFormat(decoder: decoding.Decoder, expected: number): void {
  const format = decoding.readVarUint(decoder);
  if (format !== expected) throw new Error(`format ${format} instead of ${expected}`);
}

/** A count never reserves memory: a corrupt one runs into the end of the value instead. */
export function readMany<T>(decoder: decoding.Decoder, read: () => T): T[] {
  const values: T[] = [];
  for (let left = decoding.readVarUint(decoder); left > 0; left -= 1) values.push(read());
  return values;
}
