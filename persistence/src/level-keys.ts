import { createHash } from 'node:crypto';
import { encodeDocumentName } from './document-name.ts';

/**
 * Where things lie (docs/decisions/0001-store-layout.md):
 *
 * ```
 * meta/format  meta/store-id  meta/next-id  meta/owner  meta/epoch  meta/generation
 * n <name, UTF-8>                    the document's record: its id
 * d <id> h                           snapshot header
 * d <id> b <part>                    part of the snapshot body
 * d <id> l <sequence>                log record
 * d <id> q <n>                       quarantined update
 * d <id> w <hash of its bytes>       waiting update
 * d <id> c <last sequence>           history chunk: its header
 * d <id> r <last sequence>           history chunk: its records
 * d <id> f <sequence>                key frame: its header
 * d <id> p <sequence> <part>         key frame: part of its body
 * d <id> v <version id, UTF-8>       named version
 * d <id> a <last sequence>           attribution of records that were thinned
 * d <id> o                           the document's own retention
 * t <name, UTF-8>                    tombstone: the document was deleted, and its name is not to be used again
 * x <id>                             a deleted document whose range is still being cleared
 * ```
 *
 * No range lies right in front of the log: a scan looks one key past its end, and would go over all the records there that
 * were removed and not cleared away yet.
 *
 * Numbers are 6 bytes, big-endian, so keys sort as numbers do. Everything of one document is one range.
 */
export const META_KEYS = {
  format: metaKey('meta/format'),
  storeId: metaKey('meta/store-id'),
  /** The id the next new document gets. */
  nextId: metaKey('meta/next-id'),
  /** Who opened the store last. */
  owner: metaKey('meta/owner'),
  /** How often it was opened, as text. */
  epoch: metaKey('meta/epoch'),
  /** How often the store was taken up by a cluster, as text; absent where it never was. */
  generation: metaKey('meta/generation'),
};

/** A half-open range of keys. */
export interface KeyRange {
  readonly gte: Uint8Array;
  readonly lt: Uint8Array;
}

const NUMBER_BYTES = 6;
const PREFIX_BYTES = 1 + NUMBER_BYTES + 1;

const TAG = { document: 0x64, name: 0x6e, tombstone: 0x74, cleared: 0x78 } as const;
const KIND = {
  attribution: 0x61,
  body: 0x62,
  chunk: 0x63,
  keyFrame: 0x66,
  header: 0x68,
  log: 0x6c,
  retention: 0x6f,
  keyFramePart: 0x70,
  quarantine: 0x71,
  chunkRecords: 0x72,
  version: 0x76,
  waiting: 0x77,
} as const;

export const NAME_RANGE: KeyRange = { gte: Uint8Array.of(TAG.name), lt: Uint8Array.of(TAG.name + 1) };
export const TOMBSTONE_RANGE: KeyRange = {
  gte: Uint8Array.of(TAG.tombstone),
  lt: Uint8Array.of(TAG.tombstone + 1),
};
export const DOCUMENTS_RANGE: KeyRange = { gte: Uint8Array.of(TAG.document), lt: Uint8Array.of(TAG.document + 1) };
export const CLEARED_RANGE: KeyRange = { gte: Uint8Array.of(TAG.cleared), lt: Uint8Array.of(TAG.cleared + 1) };

/** @throws HW_NAME_INVALID */
export function nameKey(documentName: string): Uint8Array {
  return textKey(TAG.name, encodeDocumentName(documentName));
}

/** For a place between names, which need not be a valid name itself. */
export function namePosition(text: string): Uint8Array {
  return textKey(TAG.name, new TextEncoder().encode(text));
}

/** @throws HW_NAME_INVALID */
export function tombstoneKey(documentName: string): Uint8Array {
  return textKey(TAG.tombstone, encodeDocumentName(documentName));
}

/** For a place between tombstones: see {@link namePosition}. */
export function tombstonePosition(text: string): Uint8Array {
  return textKey(TAG.tombstone, new TextEncoder().encode(text));
}

/** The document's name in the key of its record or its tombstone. */
export function nameOfKey(key: Uint8Array): string {
  return new TextDecoder('utf-8', { fatal: true, ignoreBOM: true }).decode(key.subarray(1));
}

export function snapshotHeaderKey(id: number): Uint8Array {
  return documentKey(id, KIND.header);
}

export function snapshotPartKey(id: number, part: number): Uint8Array {
  return numberedKey(id, KIND.body, part);
}

export function logKey(id: number, sequence: number): Uint8Array {
  return numberedKey(id, KIND.log, sequence);
}

export function quarantineKey(id: number, n: number): Uint8Array {
  return numberedKey(id, KIND.quarantine, n);
}

/** By content, so the same update waits once, and leaves without being looked for. 128 bits of SHA-256 do not collide. */
export function waitingKey(id: number, update: Uint8Array): Uint8Array {
  const hash = createHash('sha256').update(update).digest();
  const key = new Uint8Array(PREFIX_BYTES + 16);
  key.set(documentKey(id, KIND.waiting));
  key.set(hash.subarray(0, 16), PREFIX_BYTES);
  return key;
}

/** Chunks are found by their last sequence: the first key from a sequence on is the chunk that holds it. */
export function chunkKey(id: number, lastSequence: number): Uint8Array {
  return numberedKey(id, KIND.chunk, lastSequence);
}

export function chunkRecordsKey(id: number, lastSequence: number): Uint8Array {
  return numberedKey(id, KIND.chunkRecords, lastSequence);
}

export function keyFrameKey(id: number, sequence: number): Uint8Array {
  return numberedKey(id, KIND.keyFrame, sequence);
}

export function keyFramePartKey(id: number, sequence: number, part: number): Uint8Array {
  const key = new Uint8Array(PREFIX_BYTES + 2 * NUMBER_BYTES);
  key.set(numberedKey(id, KIND.keyFramePart, sequence));
  writeNumber(key, PREFIX_BYTES + NUMBER_BYTES, part);
  return key;
}

export function versionKey(id: number, versionId: string): Uint8Array {
  const name = new TextEncoder().encode(versionId);
  const key = new Uint8Array(PREFIX_BYTES + name.byteLength);
  key.set(documentKey(id, KIND.version));
  key.set(name, PREFIX_BYTES);
  return key;
}

export function attributionKey(id: number, lastSequence: number): Uint8Array {
  return numberedKey(id, KIND.attribution, lastSequence);
}

export function retentionKey(id: number): Uint8Array {
  return documentKey(id, KIND.retention);
}

export function clearedKey(id: number): Uint8Array {
  const key = new Uint8Array(1 + NUMBER_BYTES);
  key[0] = TAG.cleared;
  writeNumber(key, 1, id);
  return key;
}

/** The document's id in any key but a name's or a tombstone's. */
export function idOfKey(key: Uint8Array): number {
  return readNumber(key, 1);
}

/** The number of a log, snapshot part, quarantine, chunk, key frame or attribution key. */
export function numberOfKey(key: Uint8Array): number {
  return readNumber(key, PREFIX_BYTES);
}

/** What a key of a numbered part ends with. */
export function lastNumberOfKey(key: Uint8Array): number {
  return readNumber(key, key.byteLength - NUMBER_BYTES);
}

/** Log records from `firstSequence` on. */
export function logRange(id: number, firstSequence = 0): KeyRange {
  return { gte: logKey(id, firstSequence), lt: documentKey(id, KIND.log + 1) };
}

/** The parts of the snapshot body, in order. */
export function snapshotPartRange(id: number): KeyRange {
  return { gte: documentKey(id, KIND.body), lt: documentKey(id, KIND.body + 1) };
}

export function quarantineRange(id: number): KeyRange {
  return { gte: documentKey(id, KIND.quarantine), lt: documentKey(id, KIND.quarantine + 1) };
}

export function waitingRange(id: number): KeyRange {
  return { gte: documentKey(id, KIND.waiting), lt: documentKey(id, KIND.waiting + 1) };
}

/** Headers of the chunks that hold records from `firstSequence` on. */
export function chunkRange(id: number, firstSequence = 0): KeyRange {
  return { gte: chunkKey(id, firstSequence), lt: documentKey(id, KIND.chunk + 1) };
}

/** Headers of the key frames from `firstSequence` on. */
export function keyFrameRange(id: number, firstSequence = 0): KeyRange {
  return { gte: keyFrameKey(id, firstSequence), lt: documentKey(id, KIND.keyFrame + 1) };
}

/** The parts of one key frame, in order. */
export function keyFramePartRange(id: number, sequence: number): KeyRange {
  return { gte: keyFramePartKey(id, sequence, 0), lt: keyFramePartKey(id, sequence + 1, 0) };
}

export function versionRange(id: number): KeyRange {
  return { gte: documentKey(id, KIND.version), lt: documentKey(id, KIND.version + 1) };
}

export function attributionRange(id: number): KeyRange {
  return { gte: documentKey(id, KIND.attribution), lt: documentKey(id, KIND.attribution + 1) };
}

/** Everything kept with a document but its name. */
export function documentRange(id: number): KeyRange {
  return { gte: documentKey(id, 0), lt: documentKey(id, 0xff) };
}

function metaKey(text: string): Uint8Array {
  return new TextEncoder().encode(text);
}

function textKey(tag: number, text: Uint8Array): Uint8Array {
  const key = new Uint8Array(1 + text.byteLength);
  key[0] = tag;
  key.set(text, 1);
  return key;
}

function documentKey(id: number, kind: number): Uint8Array {
  const key = new Uint8Array(PREFIX_BYTES);
  key[0] = TAG.document;
  writeNumber(key, 1, id);
  key[1 + NUMBER_BYTES] = kind;
  return key;
}

function numberedKey(id: number, kind: number, n: number): Uint8Array {
  const key = Buffer.allocUnsafe(PREFIX_BYTES + NUMBER_BYTES); // from Node's pool, see `encodeLogRecord`
  key[0] = TAG.document;
  writeNumber(key, 1, id);
  key[1 + NUMBER_BYTES] = kind;
  writeNumber(key, PREFIX_BYTES, n);
  return key;
}

function writeNumber(key: Uint8Array, offset: number, value: number): void {
  let rest = value;
  for (let at = offset + NUMBER_BYTES - 1; at >= offset; at -= 1) {
    key[at] = rest % 0x100;
    rest = Math.floor(rest / 0x100);
  }
}

function readNumber(key: Uint8Array, offset: number): number {
  const view = new DataView(key.buffer, key.byteOffset + offset, NUMBER_BYTES);
  return view.getUint16(0) * 2 ** 32 + view.getUint32(2);
}
