/**
 * Gets the frames of one connection. `bytes` is only valid during the call, and holds the payload from `start` to
 * `end`; of a payload longer than the parser's limit it holds only the beginning, and `length` says how long it was.
 */
export type FrameHandler = (opcode: number, bytes: Buffer, start: number, end: number, length: number) => void;

const LONGEST_HEADER = 10;

/**
 * Reads server-to-client WebSocket frames from chunks cut anywhere.
 *
 * A load generator holds hundreds of receivers on the core the server would like to have, so this does much less than
 * a client library: no masks, no compression, no fragments, no events, and no copy of a frame that lies in one chunk.
 * What it does not know is an error, never a guess: a wrong count would be worse than none.
 */
export class FrameParser {
  readonly #onFrame: FrameHandler;
  readonly #retainBytes: number;
  readonly #header = Buffer.alloc(LONGEST_HEADER);
  #headerLength = 0;
  #body: Buffer | undefined;
  #bodyLength = 0;
  #bodyReceived = 0;
  #opcode = 0;

  /** @param retainBytes - how much of a payload is kept when it arrives in pieces */
  constructor(onFrame: FrameHandler, retainBytes = 1024 * 1024) {
    this.#onFrame = onFrame;
    this.#retainBytes = retainBytes;
  }

  /** Whether everything so far was whole frames. */
  get isAtBoundary(): boolean {
    return this.#body === undefined && this.#headerLength === 0;
  }

  push(chunk: Buffer, from = 0, to = chunk.length): void {
    let at = from;
    while (at < to) {
      if (this.#body !== undefined) at = this.#continueBody(chunk, at, to);
      else if (this.#headerLength > 0) at = this.#continueHeader(chunk, at, to);
      else at = this.#readFrame(chunk, at, to);
    }
  }

  /** The common case: a whole frame in the chunk, handed on where it lies. */
  #readFrame(chunk: Buffer, at: number, to: number): number {
    const header = to - at < 2 ? LONGEST_HEADER : headerLength(chunk, at);
    if (to - at < header) return this.#continueHeader(chunk, at, to);
    const start = at + header;
    const length = payloadLength(chunk, at);
    if (start + length > to) {
      this.#beginBody(chunk, at, length);
      return start;
    }
    const end = start + length;
    this.#onFrame((chunk[at] ?? 0) & 0x0f, chunk, start, end, length);
    return end;
  }

  #continueHeader(chunk: Buffer, from: number, to: number): number {
    let at = from;
    while (at < to) {
      this.#header[this.#headerLength++] = chunk[at++] ?? 0;
      if (this.#headerLength < 2 || this.#headerLength < headerLength(this.#header, 0)) continue;
      this.#headerLength = 0;
      const length = payloadLength(this.#header, 0);
      if (length === 0) this.#onFrame((this.#header[0] ?? 0) & 0x0f, this.#header, 0, 0, 0);
      else this.#beginBody(this.#header, 0, length);
      break;
    }
    return at;
  }

  #beginBody(header: Buffer, at: number, length: number): void {
    this.#opcode = (header[at] ?? 0) & 0x0f;
    this.#body = Buffer.allocUnsafe(Math.min(length, this.#retainBytes));
    this.#bodyLength = length;
    this.#bodyReceived = 0;
  }

  #continueBody(chunk: Buffer, at: number, to: number): number {
    const body = this.#body as Buffer;
    const taken = Math.min(to - at, this.#bodyLength - this.#bodyReceived);
    if (this.#bodyReceived < body.length) chunk.copy(body, this.#bodyReceived, at, at + taken);
    this.#bodyReceived += taken;
    if (this.#bodyReceived === this.#bodyLength) {
      this.#body = undefined;
      this.#onFrame(this.#opcode, body, 0, body.length, this.#bodyLength);
    }
    return at + taken;
  }
}

function headerLength(bytes: Buffer, at: number): number {
  const first = bytes[at] ?? 0;
  const second = bytes[at + 1] ?? 0;
  if ((first & 0xf0) !== 0x80) throw new Error(`fragmented or compressed frame (first byte ${first.toString(16)})`);
  if ((second & 0x80) !== 0) throw new Error('masked frame from a server');
  return second < 126 ? 2 : second === 126 ? 4 : 10;
}

function payloadLength(bytes: Buffer, at: number): number {
  const second = bytes[at + 1] ?? 0;
  if (second < 126) return second;
  return second === 126 ? bytes.readUInt16BE(at + 2) : Number(bytes.readBigUInt64BE(at + 2));
}
