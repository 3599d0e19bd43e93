import { type ErrorCode, HeadwaterError } from './headwater-error.ts';
import { utf8Decoder } from './utf8.ts';

/**
 * Reads lib0's primitives from untrusted bytes. Where lib0 shrugs (a byte past the end reads as `undefined`, a varint may
 * end above 2^53 - 1) this reader throws; what it accepts, lib0 reads to the same value.
 */
export class ByteReader {
  readonly bytes: Uint8Array;
  pos = 0;
  /** Where the bytes of the last string began; they end at `pos`. */
  stringStart = 0;
  readonly #code: ErrorCode;
  readonly #subject: string;

  /** @param subject - What is being read, for messages: "update", "frame". */
  constructor(bytes: Uint8Array, code: ErrorCode, subject: string) {
    this.bytes = bytes;
    this.#code = code;
    this.#subject = subject;
  }

  get remaining(): number {
    return this.bytes.length - this.pos;
  }

  /** @throws HeadwaterError with the reader's code: what is wrong and at which byte, and never any content. */
  fail(what: string, at = this.pos): never {
    throw new HeadwaterError(this.#code, `${this.#subject}: ${what} at byte ${at}`);
  }

  byte(what: string): number {
    if (this.pos >= this.bytes.length) this.fail(`${what} is missing`);
    return this.bytes[this.pos++] as number;
  }

  /** At most eight bytes and 2^53 - 1. */
  varUint(what: string): number {
    const { bytes } = this;
    const start = this.pos;
    if (start >= bytes.length) this.fail(`${what} is missing`);
    const first = bytes[start] as number;
    if (first < 0x80) {
      this.pos = start + 1;
      return first;
    }
    let value = first & 0x7f;
    let factor = 0x80;
    for (let pos = start + 1; pos < bytes.length && pos < start + 8; pos++) {
      const byte = bytes[pos] as number;
      value += (byte & 0x7f) * factor;
      if (byte < 0x80) {
        if (value > Number.MAX_SAFE_INTEGER) this.fail(`${what} is too large`, start);
        this.pos = pos + 1;
        return value;
      }
      factor *= 0x80;
    }
    return this.fail(bytes.length - start < 8 ? `${what} is cut off` : `${what} is too large`, start);
  }

  skip(length: number, what: string): void {
    if (length > this.remaining) this.fail(`${what} ends past the last byte`);
    this.pos += length;
  }

  /** A view, not a copy. */
  view(what: string): Uint8Array {
    const length = this.varUint(what);
    const start = this.pos;
    this.skip(length, what);
    return this.bytes.subarray(start, start + length);
  }

  /**
   * A number of things to come, each of which takes at least `minBytes`: a count that the bytes left cannot hold is refused
   * before anything is allocated for it.
   */
  count(what: string, minBytes: number): number {
    const start = this.pos;
    const count = this.varUint(what);
    if (count * minBytes > this.remaining) this.fail(`${what} is more than the bytes left can hold`, start);
    return count;
  }

  /** A length-prefixed string, as text. */
  text(what: string, maxBytes = Number.POSITIVE_INFINITY): string {
    const at = this.pos;
    const bytes = this.view(what);
    if (bytes.length > maxBytes) this.fail(`${what} is longer than ${maxBytes} bytes`, at);
    try {
      return utf8Decoder.decode(bytes);
    } catch {
      return this.fail(`${what} is not UTF-8`, at);
    }
  }

  expectEnd(): void {
    if (this.pos !== this.bytes.length) this.fail(`${this.remaining} unexpected bytes`);
  }
}
