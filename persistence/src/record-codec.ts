import * as decoding from 'lib0/decoding';
import * as encoding from 'lib0/encoding';
import type { LogEntry, LogRecord, QuarantinedUpdate, Snapshot } from './document-store.ts';
import { decodeRecord, encodeRecord, readFormat, readMany } from './value-format.ts';

/**
 * Values as a store keeps them, in lib0's encoding.
 *
 * Every value starts with a format number of its own, so one kind of value can change while stores full of the old one
 * stay readable: a reader switches on the number, a writer writes the newest.
 */
export const RECORD_FORMATS = {
  document: 1,
  tombstone: 1,
  log: 1,
  snapshotHeader: 1,
  snapshotPart: 1,
  waiting: 1,
  quarantine: 1,
};

/** What a document's name leads to. */
export interface DocumentRecord {
  /** Never given twice within a store, so what a deleted document left behind is nobody else's. */
  readonly id: number;
  readonly createdMs: number;
}

/** A snapshot without its body: what listing reads. */
export interface SnapshotHeader extends Omit<Snapshot, 'update'> {
  /** Length of the body's update. */
  readonly updateBytes: number;
  /** Length of what lies in its parts. */
  readonly packedBytes: number;
  /** The number the next quarantined update gets. Kept here because both are only ever written together. */
  readonly nextQuarantine: number;
}

export function encodeDocumentRecord(record: DocumentRecord): Uint8Array {
  return encodeRecord(RECORD_FORMATS.document, (encoder) => {
    encoding.writeVarUint(encoder, record.id);
    encoding.writeVarUint(encoder, record.createdMs);
  });
}

export function decodeDocumentRecord(bytes: Uint8Array): DocumentRecord {
  return decodeRecord(bytes, RECORD_FORMATS.document, (decoder) => ({
    id: decoding.readVarUint(decoder),
    createdMs: decoding.readVarUint(decoder),
  }));
}

/** What is left of a deleted document: when it was deleted, in milliseconds since the epoch. */
export function encodeTombstone(deletedMs: number): Uint8Array {
  return encodeRecord(RECORD_FORMATS.tombstone, (encoder) => encoding.writeVarUint(encoder, deletedMs));
}

export function decodeTombstone(bytes: Uint8Array): number {
  return decodeRecord(bytes, RECORD_FORMATS.tombstone, decoding.readVarUint);
}

/**
 * A batch names few authors for many updates, so each author is written once and entries refer to it by index.
 *
 * Every flush of every document comes through here, so it is measured first and written once, into a piece of Node's
 * buffer pool: a small array of its own would get memory of its own as soon as LevelDB asks where it lies.
 */
export function encodeLogRecord(timeMs: number, entries: readonly LogEntry[]): Uint8Array {
  const [only] = entries;
  if (only !== undefined && entries.length === 1) return encodeSingle(timeMs, only);
  const authors = new Map<string, number>();
  let size = 1 + sizeOfVarUint(timeMs) + sizeOfVarUint(entries.length);
  for (const { update, author } of entries) {
    let index = authors.get(author);
    if (index === undefined) {
      index = authors.size;
      authors.set(author, index);
      const bytes = Buffer.byteLength(author);
      size += sizeOfVarUint(bytes) + bytes;
    }
    size += sizeOfVarUint(index) + sizeOfVarUint(update.byteLength) + update.byteLength;
  }
  const record = Buffer.allocUnsafe(size + sizeOfVarUint(authors.size));
  let at = writeVarUint(record, 0, RECORD_FORMATS.log);
  at = writeVarUint(record, at, timeMs);
  at = writeVarUint(record, at, authors.size);
  for (const author of authors.keys()) {
    at = writeVarUint(record, at, Buffer.byteLength(author));
    at += record.write(author, at);
  }
  at = writeVarUint(record, at, entries.length);
  for (const { update, author } of entries) {
    at = writeVarUint(record, at, authors.get(author) ?? 0);
    at = writeVarUint(record, at, update.byteLength);
    record.set(update, at);
    at += update.byteLength;
  }
  return record;
}

/** The same for one entry, as most records are: one author, at index 0. */
function encodeSingle(timeMs: number, { update, author }: LogEntry): Uint8Array {
  const authorBytes = Buffer.byteLength(author);
  const size =
    4 +
    sizeOfVarUint(timeMs) +
    sizeOfVarUint(authorBytes) +
    authorBytes +
    sizeOfVarUint(update.byteLength) +
    update.byteLength;
  const record = Buffer.allocUnsafe(size);
  record[0] = RECORD_FORMATS.log;
  let at = writeVarUint(record, 1, timeMs);
  record[at] = 1;
  at = writeVarUint(record, at + 1, authorBytes);
  at = writeText(record, at, author, authorBytes);
  record[at] = 1;
  record[at + 1] = 0;
  at = writeVarUint(record, at + 2, update.byteLength);
  copyBytes(record, at, update);
  return record;
}

/** Below this a loop is done sooner than the call of a native function. */
const MAX_LOOPED_BYTES = 64;

function writeText(bytes: Buffer, offset: number, text: string, byteLength: number): number {
  if (byteLength !== text.length || byteLength > MAX_LOOPED_BYTES) return offset + bytes.write(text, offset);
  for (let i = 0; i < byteLength; i++) bytes[offset + i] = text.charCodeAt(i); // as many bytes as characters: ASCII
  return offset + byteLength;
}

function copyBytes(bytes: Uint8Array, offset: number, from: Uint8Array): void {
  const { byteLength } = from;
  if (byteLength > MAX_LOOPED_BYTES) bytes.set(from, offset);
  else for (let i = 0; i < byteLength; i++) bytes[offset + i] = from[i] as number;
}

/** The updates are views of `bytes`: nothing is copied. */
export function decodeLogRecord(bytes: Uint8Array, sequence: number): LogRecord {
  return decodeRecord(bytes, RECORD_FORMATS.log, (decoder) => {
    const timeMs = decoding.readVarUint(decoder);
    const authors = readMany(decoder, () => decoding.readVarString(decoder));
    const entries = readMany(decoder, () => {
      const author = authors[decoding.readVarUint(decoder)];
      if (author === undefined) throw new Error('entry of an unknown author');
      return { update: decoding.readVarUint8Array(decoder), author };
    });
    return { sequence, timeMs, entries };
  });
}

/** Only the time of a log record, for listing. */
export function decodeLogTime(bytes: Uint8Array): number {
  const decoder = decoding.createDecoder(bytes);
  readFormat(decoder, RECORD_FORMATS.log);
  return decoding.readVarUint(decoder);
}

export function encodeSnapshotHeader(header: SnapshotHeader): Uint8Array {
  return encodeRecord(RECORD_FORMATS.snapshotHeader, (encoder) => {
    encoding.writeVarUint(encoder, header.sequence);
    encoding.writeVarUint(encoder, header.timeMs);
    encoding.writeVarUint(encoder, header.updateBytes);
    encoding.writeVarUint(encoder, header.packedBytes);
    encoding.writeVarUint(encoder, header.nextQuarantine);
    encoding.writeVarUint8Array(encoder, header.stateVector);
    encoding.writeVarUint8Array(encoder, header.deleteSet);
  });
}

export function decodeSnapshotHeader(bytes: Uint8Array): SnapshotHeader {
  return decodeRecord(bytes, RECORD_FORMATS.snapshotHeader, (decoder) => ({
    sequence: decoding.readVarUint(decoder),
    timeMs: decoding.readVarUint(decoder),
    updateBytes: decoding.readVarUint(decoder),
    packedBytes: decoding.readVarUint(decoder),
    nextQuarantine: decoding.readVarUint(decoder),
    stateVector: decoding.readVarUint8Array(decoder),
    deleteSet: decoding.readVarUint8Array(decoder),
  }));
}

/**
 * Bytes of a packed snapshot body in each part but the last. One value of the whole length would be in memory several
 * times at once while it is read (LevelDB's block, its copy, Node's copy), and memory of that size is not given back
 * to the system when it is freed. Parts are all of one size, so the memory of one serves the next.
 */
export const SNAPSHOT_PART_BYTES = 64 * 1024;

/** How many parts a packed body of this length has. */
export function snapshotPartCount(packedBytes: number): number {
  return Math.ceil(packedBytes / SNAPSHOT_PART_BYTES);
}

/** A piece of the packed body behind the format number. */
export function encodeSnapshotPart(piece: Uint8Array): Uint8Array {
  const bytes = new Uint8Array(piece.byteLength + 1);
  bytes[0] = RECORD_FORMATS.snapshotPart;
  bytes.set(piece, 1);
  return bytes;
}

/** All parts of a packed body. */
export function encodeSnapshotParts(packed: Uint8Array): readonly Uint8Array[] {
  const parts: Uint8Array[] = [];
  for (let offset = 0; offset < packed.byteLength; offset += SNAPSHOT_PART_BYTES) {
    parts.push(encodeSnapshotPart(packed.subarray(offset, offset + SNAPSHOT_PART_BYTES)));
  }
  return parts;
}

/** The piece, as a view of `bytes`. */
export function decodeSnapshotPart(bytes: Uint8Array): Uint8Array {
  readFormat(decoding.createDecoder(bytes), RECORD_FORMATS.snapshotPart);
  return bytes.subarray(1);
}

export function encodeWaiting(entry: LogEntry): Uint8Array {
  return encodeRecord(RECORD_FORMATS.waiting, (encoder) => {
    encoding.writeVarString(encoder, entry.author);
    encoding.writeVarUint8Array(encoder, entry.update);
  });
}

export function decodeWaiting(bytes: Uint8Array): LogEntry {
  return decodeRecord(bytes, RECORD_FORMATS.waiting, (decoder) => ({
    author: decoding.readVarString(decoder),
    update: decoding.readVarUint8Array(decoder),
  }));
}

export function encodeQuarantined(update: QuarantinedUpdate): Uint8Array {
  return encodeRecord(RECORD_FORMATS.quarantine, (encoder) => {
    encoding.writeVarUint(encoder, update.timeMs);
    encoding.writeVarString(encoder, update.author);
    encoding.writeVarString(encoder, update.reason);
    encoding.writeVarUint8Array(encoder, update.update);
  });
}

export function decodeQuarantined(bytes: Uint8Array): QuarantinedUpdate {
  return decodeRecord(bytes, RECORD_FORMATS.quarantine, (decoder) => ({
    timeMs: decoding.readVarUint(decoder),
    author: decoding.readVarString(decoder),
    reason: decoding.readVarString(decoder),
    update: decoding.readVarUint8Array(decoder),
  }));
}

function sizeOfVarUint(value: number): number {
  let size = 1;
  for (let rest = value; rest > 0x7f; rest = Math.floor(rest / 0x80)) size += 1;
  return size;
}

/** @returns where it ends */
function writeVarUint(bytes: Uint8Array, offset: number, value: number): number {
  let at = offset;
  let rest = value;
  for (; rest > 0x7f; rest = Math.floor(rest / 0x80)) {
    bytes[at] = 0x80 | (rest % 0x80);
    at += 1;
  }
  bytes[at] = rest;
  return at + 1;
}
