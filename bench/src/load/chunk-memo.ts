/** Stretches of clocks as flat triples: client, first clock, length. */
export type Runs = readonly number[];

interface Entry {
  readonly bytes: Buffer;
  readonly runs: Runs;
}

/**
 * Remembers what the last few chunks contained. Every receiver of a document gets the same bytes, usually cut at the
 * same places, so comparing a chunk with its neighbour's (one `memcmp`) replaces parsing it a five-hundredth time.
 * Only whole frames that ask for no answer may be remembered.
 */
export class ChunkMemo {
  readonly #entries: Entry[] = [];
  readonly #capacity: number;
  #next = 0;

  constructor(capacity = 8) {
    this.#capacity = capacity;
  }

  find(chunk: Buffer, length: number): Runs | undefined {
    for (const entry of this.#entries) {
      if (entry.bytes.length === length && chunk.compare(entry.bytes, 0, length, 0, length) === 0) return entry.runs;
    }
    return undefined;
  }

  remember(chunk: Buffer, length: number, runs: Runs): void {
    this.#entries[this.#next] = { bytes: Buffer.from(chunk.subarray(0, length)), runs: [...runs] };
    this.#next = (this.#next + 1) % this.#capacity;
  }
}
