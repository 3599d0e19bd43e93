import { utf8Encoder } from './utf8.ts';

/** Writes a varUint at `pos` and returns the position behind it. */
function putVarUint(target: Uint8Array, pos: number, value: number): number {
  let rest = value;
  let at = pos;
  while (rest >= 0x80) {
    target[at++] = (rest % 0x80) | 0x80;
    rest = Math.floor(rest / 0x80);
  }
  target[at++] = rest;
  return at;
}

/** Collects bytes whose number is not known beforehand. */
export class ByteWriter {
  #bytes: Uint8Array;
  #length = 0;

  constructor(capacity = 64) {
    this.#bytes = new Uint8Array(capacity);
  }

  byte(value: number): void {
    this.#reserve(1);
    this.#bytes[this.#length++] = value;
  }

  varUint(value: number): void {
    this.#reserve(8);
    this.#length = putVarUint(this.#bytes, this.#length, value);
  }

  raw(source: Uint8Array): void {
    this.#reserve(source.length);
    this.#bytes.set(source, this.#length);
    this.#length += source.length;
  }

  /** Bytes with their length in front. */
  view(source: Uint8Array): void {
    this.varUint(source.length);
    this.raw(source);
  }

  /** Text with the length of its bytes in front. Surrogates without the other half become U+FFFD. */
  text(value: string): void {
    this.view(utf8Encoder.encode(value));
  }

  /** What was written, in a buffer of exactly that size: results are kept for long, and slack would be kept with them. */
  finish(): Uint8Array {
    return this.#length === this.#bytes.length ? this.#bytes : this.#bytes.slice(0, this.#length);
  }

  #reserve(size: number): void {
    const needed = this.#length + size;
    if (needed <= this.#bytes.length) return;
    const grown = new Uint8Array(Math.max(needed, this.#bytes.length * 2));
    grown.set(this.#bytes.subarray(0, this.#length));
    this.#bytes = grown;
  }
}
