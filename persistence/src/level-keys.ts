import { createHash } from 'node:crypto';
import { encodeDocumentName } from './document-name.ts';

/**
 * Where things lie (docs/decisions/0001-store-layout.md):
 *
 * ```
 * meta/format  meta/store-id  meta/next-id  meta/owner
 * n <name, UTF-8>                    the document's record: its id
 * d <id> h                           snapshot header
 * d <id> b <part>                    part of the snapshot body
 * d <id> l <sequence>                log record
 * d <id> q <n>                       quarantined update
 * d <id> w <hash of its bytes>       waiting update
 * x <id>                             a deleted document whose range is still being cleared
 * ```
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
};

/** A half-open range of keys. */
export interface KeyRange {
  readonly gte: Uint8Array;
  readonly lt: Uint8Array;
}

const NUMBER_BYTES = 6;
const PREFIX_BYTES = 1 + NUMBER_BYTES + 1;

const TAG = { document: 0x64, name: 0x6e, cleared: 0x78 } as const;
const KIND = { body: 0x62, header: 0x68, log: 0x6c, quarantine: 0x71, waiting: 0x77 } as const;

export const NAME_RANGE: KeyRange = { gte: Uint8Array.of(TAG.name), lt: Uint8Array.of(TAG.name + 1) };
export const DOCUMENTS_RANGE: KeyRange = { gte: Uint8Array.of(TAG.document), lt: Uint8Array.of(TAG.document + 1) };
export const CLEARED_RANGE: KeyRange = { gte: Uint8Array.of(TAG.cleared), lt: Uint8Array.of(TAG.cleared + 1) };

/** @throws HW_NAME_INVALID */
export function nameKey(documentName: string): Uint8Array {
  return nameKeyOf(encodeDocumentName(documentName));
}

/** For a place between names, which need not be a valid name itself. */
export function namePosition(text: string): Uint8Array {
  return nameKeyOf(new TextEncoder().encode(text));
}

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

export function clearedKey(id: number): Uint8Array {
  const key = new Uint8Array(1 + NUMBER_BYTES);
  key[0] = TAG.cleared;
  writeNumber(key, 1, id);
  return key;
}

/** The document's id in any key but a name's. */
export function idOfKey(key: Uint8Array): number {
  return readNumber(key, 1);
}

/** The last number of a log, snapshot part or quarantine key. */
export function numberOfKey(key: Uint8Array): number {
  return readNumber(key, PREFIX_BYTES);
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

/** Everything kept with a document but its name. */
export function documentRange(id: number): KeyRange {
  return { gte: documentKey(id, 0), lt: documentKey(id, 0xff) };
}

function metaKey(text: string): Uint8Array {
  return new TextEncoder().encode(text);
}

function nameKeyOf(name: Uint8Array): Uint8Array {
  const key = new Uint8Array(1 + name.byteLength);
  key[0] = TAG.name;
  key.set(name, 1);
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
