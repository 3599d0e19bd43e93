import * as decoding from 'lib0/decoding';
import * as encoding from 'lib0/encoding';

/** How a value of one type is written and read. Values have no tags: both sides know what comes next. */
export interface Codec<T> {
  write(encoder: encoding.Encoder, value: T): void;
  /** @throws Error when the bytes are no such value */
  read(decoder: decoding.Decoder): T;
}

/** A whole number from 0 to 2^53 - 1. */
export const uint: Codec<number> = {
  write: encoding.writeVarUint,
  read: decoding.readVarUint,
};

/** Any number. */
export const float: Codec<number> = {
  write: encoding.writeFloat64,
  read: (decoder) => {
    expectBytes(decoder, 8);
    return decoding.readFloat64(decoder);
  },
};

export const boolean: Codec<boolean> = {
  write: (encoder, value) => encoding.writeUint8(encoder, value ? 1 : 0),
  read: (decoder) => {
    expectBytes(decoder, 1);
    return decoding.readUint8(decoder) === 1;
  },
};

/** Read as a view of what arrived: for what is looked at and let go. */
export const bytes: Codec<Uint8Array> = {
  write: encoding.writeVarUint8Array,
  read: (decoder) => {
    const length = decoding.readVarUint(decoder);
    expectBytes(decoder, length); // lib0 would read on in the memory behind
    return decoding.readUint8Array(decoder, length);
  },
};

/** Read into a buffer of its own: for what is kept for long, which must not keep its message with it. */
export const ownBytes: Codec<Uint8Array> = {
  write: encoding.writeVarUint8Array,
  read: (decoder) => bytes.read(decoder).slice(),
};

const utf8Encoder = new TextEncoder();
const utf8Decoder = new TextDecoder();

export const text: Codec<string> = {
  write: (encoder, value) => bytes.write(encoder, utf8Encoder.encode(value)),
  read: (decoder) => utf8Decoder.decode(bytes.read(decoder)),
};

export function optional<T>(codec: Codec<T>): Codec<T | undefined> {
  return {
    write: (encoder, value) => {
      boolean.write(encoder, value !== undefined);
      if (value !== undefined) codec.write(encoder, value);
    },
    read: (decoder) => (boolean.read(decoder) ? codec.read(decoder) : undefined),
  };
}

export function list<T>(codec: Codec<T>): Codec<readonly T[]> {
  return {
    write: (encoder, values) => {
      uint.write(encoder, values.length);
      for (const value of values) codec.write(encoder, value);
    },
    read: (decoder) => {
      const values: T[] = []; // a count reserves no memory: a wrong one runs into the end instead
      for (let left = uint.read(decoder); left > 0; left -= 1) values.push(codec.read(decoder));
      return values;
    },
  };
}

/** The fields in the order in which they are given. Every field of the type has to be among them. */
export function object<T extends object>(fields: { readonly [K in keyof T]-?: Codec<T[K]> }): Codec<T> {
  const keys = Object.keys(fields) as (keyof T)[];
  return {
    write: (encoder, value) => {
      for (const key of keys) fields[key].write(encoder, value[key]);
    },
    read: (decoder) => {
      const value: Partial<T> = {};
      for (const key of keys) value[key] = fields[key].read(decoder);
      return value as T;
    },
  };
}

/** A value that is written as one of another type. */
export function mapped<T, W>(codec: Codec<W>, toWire: (value: T) => W, fromWire: (value: W) => T): Codec<T> {
  return {
    write: (encoder, value) => codec.write(encoder, toWire(value)),
    read: (decoder) => fromWire(codec.read(decoder)),
  };
}

export function encode<T>(codec: Codec<T>, value: T): Uint8Array {
  return encoding.encode((encoder) => codec.write(encoder, value));
}

/** @throws Error when it ends early or goes on after its end */
export function decode<T>(codec: Codec<T>, message: Uint8Array): T {
  const decoder = decoding.createDecoder(message);
  const value = codec.read(decoder);
  expectEnd(decoder);
  return value;
}

export function expectEnd(decoder: decoding.Decoder): void {
  if (decoding.hasContent(decoder)) throw new Error('unexpected bytes after the end of a message');
}

function expectBytes(decoder: decoding.Decoder, count: number): void {
  if (count > decoder.arr.byteLength - decoder.pos) throw new Error('a message ends too early');
}
