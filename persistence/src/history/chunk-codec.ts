import * as decoding from 'lib0/decoding';
import * as encoding from 'lib0/encoding';
import type { LogEntry, LogRecord } from '../log-record.ts';
import { decodeRecord, encodeRecord, readFormat, readMany } from '../value-format.ts';
import type { HistorySpan } from './history-store.ts';

/** Formats of the values of a chunk, as `RECORD_FORMATS` has them for all others. */
export const CHUNK_FORMATS = { header: 1, records: 1 };

/** What is known of a chunk without unpacking it. Its `last` is in the key. */
export interface ChunkHeader extends Omit<HistorySpan, 'storedBytes'> {
  /** Length of its records, packed and not. */
  readonly packedBytes: number;
  readonly rawBytes: number;
  /** CRC-32 of the packed records. */
  readonly checksum: number;
}

export function encodeChunkHeader(header: ChunkHeader): Uint8Array {
  return encodeRecord(CHUNK_FORMATS.header, (encoder) => {
    encoding.writeVarUint(encoder, header.after);
    encoding.writeVarUint(encoder, header.records);
    encoding.writeVarUint(encoder, header.firstMs);
    encoding.writeVarUint(encoder, header.lastMs);
    encoding.writeVarUint(encoder, header.bytes);
    encoding.writeVarUint(encoder, header.packedBytes);
    encoding.writeVarUint(encoder, header.rawBytes);
    encoding.writeVarUint(encoder, header.checksum);
  });
}

export function decodeChunkHeader(bytes: Uint8Array, last: number): ChunkHeader {
  return decodeRecord(bytes, CHUNK_FORMATS.header, (decoder) => ({
    after: decoding.readVarUint(decoder),
    last,
    records: decoding.readVarUint(decoder),
    firstMs: decoding.readVarUint(decoder),
    lastMs: decoding.readVarUint(decoder),
    bytes: decoding.readVarUint(decoder),
    packedBytes: decoding.readVarUint(decoder),
    rawBytes: decoding.readVarUint(decoder),
    checksum: decoding.readVarUint(decoder),
  }));
}

/** Packed records behind a format number. */
export function encodeChunkRecords(packed: Uint8Array): Uint8Array {
  const bytes = new Uint8Array(packed.byteLength + 1);
  bytes[0] = CHUNK_FORMATS.records;
  bytes.set(packed, 1);
  return bytes;
}

/** The packed records, as a view of `bytes`. */
export function decodeChunkRecords(bytes: Uint8Array): Uint8Array {
  readFormat(decoding.createDecoder(bytes), CHUNK_FORMATS.records);
  return bytes.subarray(1);
}

/**
 * Records as one run of bytes, to be packed. What is alike lies together (sequences and times as differences, each author
 * once, then the updates), which packs to two thirds of what the records make when they are put behind each other.
 */
export function layOutRecords(records: readonly LogRecord[]): Uint8Array {
  const encoder = encoding.createEncoder();
  const entries = records.flatMap((record) => record.entries);
  const authors = new Map<string, number>();
  for (const { author } of entries) if (!authors.has(author)) authors.set(author, authors.size);
  encoding.writeVarUint(encoder, authors.size);
  for (const author of authors.keys()) encoding.writeVarString(encoder, author);
  encoding.writeVarUint(encoder, records.length);
  let sequence = 0;
  for (const record of records) {
    encoding.writeVarUint(encoder, record.sequence - sequence);
    sequence = record.sequence;
  }
  let timeMs = 0;
  for (const record of records) {
    encoding.writeVarInt(encoder, record.timeMs - timeMs);
    timeMs = record.timeMs;
  }
  for (const record of records) encoding.writeVarUint(encoder, record.entries.length);
  for (const { author } of entries) encoding.writeVarUint(encoder, authors.get(author) ?? 0);
  for (const { update } of entries) encoding.writeVarUint(encoder, update.byteLength);
  for (const { update } of entries) encoding.writeUint8Array(encoder, update);
  return encoding.toUint8Array(encoder);
}

/**
 * The records again; the updates are views of `bytes`.
 *
 * @throws Error when they do not decode
 */
export function readRecords(bytes: Uint8Array): readonly LogRecord[] {
  const decoder = decoding.createDecoder(bytes);
  const authors = readMany(decoder, () => decoding.readVarString(decoder));
  let sequence = 0;
  const sequences = readMany(decoder, () => {
    sequence += decoding.readVarUint(decoder);
    return sequence;
  });
  let timeMs = 0;
  const times = sequences.map(() => {
    timeMs += decoding.readVarInt(decoder);
    return timeMs;
  });
  const counts = sequences.map(() => decoding.readVarUint(decoder));
  const total = counts.reduce((sum, count) => sum + count, 0);
  if (total > bytes.byteLength) throw new Error('more updates than bytes');
  const authorIndexes = Array.from({ length: total }, () => decoding.readVarUint(decoder));
  const lengths = Array.from({ length: total }, () => decoding.readVarUint(decoder));
  let next = 0;
  const records = sequences.map((number, index) => {
    const entries = Array.from({ length: counts[index] ?? 0 }, (): LogEntry => {
      const author = authors[authorIndexes[next] ?? -1];
      if (author === undefined) throw new Error('entry of an unknown author');
      const update = decoding.readUint8Array(decoder, lengths[next] ?? 0);
      next += 1;
      return { update, author };
    });
    return { sequence: number, timeMs: times[index] ?? 0, entries };
  });
  if (decoding.hasContent(decoder)) throw new Error('unexpected bytes after its end');
  return records;
}
