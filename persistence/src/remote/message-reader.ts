/** Before each piece: its length (4 bytes), what follows it (1), the number of its message (4). */
export const PIECE_HEADER_BYTES = 9;

/** The longest piece: short messages wait no longer than it takes to send a few of these. */
export const MAX_PIECE_BYTES = 64 * 1024;

/** What follows a piece. */
export const PieceEnd = {
  /** Nothing: its message is complete. */
  Last: 0,
  /** More of its message; pieces of others may come first. */
  More: 1,
  /** Nothing, and the message is not to be used: its sender thought better of it. */
  Dropped: 2,
} as const;

export type PieceEnd = (typeof PieceEnd)[keyof typeof PieceEnd];

/** Messages of which some pieces are here. */
const MAX_BEGUN_MESSAGES = 256;

interface Begun {
  readonly pieces: Uint8Array[];
  bytes: number;
}

export function pieceHeader(length: number, end: PieceEnd, message: number): Uint8Array {
  const header = Buffer.allocUnsafe(PIECE_HEADER_BYTES);
  header.writeUInt32BE(length, 0);
  header[4] = end;
  header.writeUInt32BE(message, 5);
  return header;
}

/** Makes messages of what a socket brings. Nothing is reserved for what a header promises. */
export class MessageReader {
  /** Bytes that may be here of messages that are not complete, and of each one. */
  maxBytes: number;
  #rest: Buffer = Buffer.alloc(0);
  readonly #begun = new Map<number, Begun>();
  #begunBytes = 0;

  constructor(maxBytes: number) {
    this.maxBytes = maxBytes;
  }

  /**
   * @returns the messages that are complete now, in the order of their last pieces
   * @throws Error when a piece or a message is too long, or not begun as it should be
   */
  *read(chunk: Buffer): Generator<Uint8Array> {
    const data = this.#rest.length === 0 ? chunk : Buffer.concat([this.#rest, chunk]);
    let at = 0;
    while (data.length - at >= PIECE_HEADER_BYTES) {
      const length = data.readUInt32BE(at);
      if (length > MAX_PIECE_BYTES || length > this.maxBytes) throw new Error(`a piece of ${length} bytes`);
      const end = at + PIECE_HEADER_BYTES + length;
      if (end > data.length) break;
      const piece = data.subarray(at + PIECE_HEADER_BYTES, end);
      const message = this.#take(data.readUInt32BE(at + 5), data[at + 4], piece);
      at = end;
      if (message !== undefined) yield message;
    }
    this.#rest = data.subarray(at);
  }

  #take(number: number, end: number | undefined, piece: Uint8Array): Uint8Array | undefined {
    const begun = this.#begun.get(number);
    if (end === PieceEnd.More) {
      this.#keep(number, begun, piece);
      return undefined;
    }
    if (begun !== undefined) {
      this.#begun.delete(number);
      this.#begunBytes -= begun.bytes;
    }
    if (end === PieceEnd.Dropped) return undefined;
    if (end !== PieceEnd.Last) throw new Error(`a piece of kind ${end}`);
    return begun === undefined ? piece : Buffer.concat([...begun.pieces, piece]);
  }

  #keep(number: number, begun: Begun | undefined, piece: Uint8Array): void {
    this.#begunBytes += piece.length;
    if (this.#begunBytes > this.maxBytes) throw new Error(`messages of more than ${this.maxBytes} bytes`);
    if (begun === undefined) {
      if (this.#begun.size === MAX_BEGUN_MESSAGES) throw new Error(`${MAX_BEGUN_MESSAGES} messages begun`);
      this.#begun.set(number, { pieces: [piece], bytes: piece.length });
      return;
    }
    begun.pieces.push(piece);
    begun.bytes += piece.length;
  }
}
