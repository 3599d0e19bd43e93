import { crc32 } from 'node:zlib';
import type { LogRecord } from '../log-record.ts';
import { packBody } from '../snapshot-body.ts';
import { type ChunkHeader, layOutRecords } from './chunk-codec.ts';

/**
 * A chunk is closed once it has this many bytes of updates. With eight times as many they would pack by a twelfth better;
 * but to go back to one moment the whole chunk it is in is unpacked.
 */
export const CHUNK_BYTES = 32 * 1024;

/** A chunk, ready to be written. */
export interface PackedChunk {
  readonly header: ChunkHeader;
  readonly packed: Uint8Array;
}

/** Packs records that follow each other into chunks, with no more than one of them unpacked in memory. */
export class ChunkPacker {
  /** Those that are finished. */
  readonly chunks: PackedChunk[] = [];
  #after: number;
  #records: LogRecord[] = [];
  #bytes = 0;

  /** @param after - the sequence before the first record */
  constructor(after: number) {
    this.#after = after;
  }

  async add(record: LogRecord): Promise<void> {
    this.#records.push(record);
    for (const { update } of record.entries) this.#bytes += update.byteLength;
    if (this.#bytes >= CHUNK_BYTES) await this.#close(record.sequence);
  }

  /** Records up to this sequence are lost: what comes next does not follow from what came before. */
  async breakAt(sequence: number): Promise<void> {
    await this.finish();
    this.#after = sequence;
  }

  /**
   * Closes the last chunk.
   *
   * @param last - the sequence it reaches, when the log does not have a record for each
   */
  async finish(last = this.#records.at(-1)?.sequence ?? 0): Promise<void> {
    if (this.#records.length > 0) await this.#close(last);
  }

  async #close(last: number): Promise<void> {
    const records = this.#records;
    const bytes = this.#bytes;
    this.#records = [];
    this.#bytes = 0;
    const raw = layOutRecords(records);
    const packed = await packBody(raw);
    const header = {
      after: this.#after,
      last,
      records: records.length,
      firstMs: records[0]?.timeMs ?? 0,
      lastMs: records.reduce((latest, { timeMs }) => Math.max(latest, timeMs), 0), // a clock may have been set back
      bytes,
      packedBytes: packed.byteLength,
      rawBytes: raw.byteLength,
      checksum: crc32(packed),
    };
    this.chunks.push({ header, packed });
    this.#after = last;
  }
}
