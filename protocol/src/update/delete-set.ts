import { ByteReader } from '../byte-reader.ts';
import type { ByteWriter } from '../byte-writer.ts';
import { MAX_CLOCK } from './max-clock.ts';
import { mergedRanges, type Ranges } from './ranges.ts';

/** A delete set taken apart: per client what is deleted. */
export interface DeleteSet {
  readonly clients: ReadonlyMap<number, Ranges>;
  /**
   * Whether the bytes list every client once and its ranges in ascending order, as Yjs writes them. Others are read too, but
   * never passed on as they are: Yjs garbles an unsorted delete set when part of it has to wait for structs.
   */
  readonly isCanonical: boolean;
}

/**
 * Ranges that may come in any order. Yjs writes them in order, so a delete set that is not is somebody's own; sorting a few
 * is a kindness, sorting millions blocks for seconds.
 */
export const MAX_UNSORTED_RANGES = 10_000;

const NO_DELETIONS: DeleteSet = { clients: new Map(), isCanonical: true };

/** Stands for all known deletions and no other: none is left, and the bytes are not passed on as they are. */
export const NOTHING_NEW: DeleteSet = { clients: new Map(), isCanonical: false };

/** Node's own comparison: a server compares the delete set of every client that comes back. Browsers have none, and use a loop. */
const nodeBuffer = (globalThis as { readonly Buffer?: { compare(a: Uint8Array, b: Uint8Array): number } }).Buffer;

/** Whether the update ends, from `at` on, with exactly this delete set. */
export function isDeleteSetAt(update: Uint8Array, at: number, deleteSet: Uint8Array): boolean {
  if (update.length - at !== deleteSet.length) return false;
  const end = update.subarray(at);
  if (nodeBuffer !== undefined) return nodeBuffer.compare(end, deleteSet) === 0;
  return end.every((byte, i) => byte === deleteSet[i]);
}

/** @throws HeadwaterError `HW_UPDATE_MALFORMED` */
export function decodeDeleteSet(bytes: Uint8Array): DeleteSet {
  const reader = new ByteReader(bytes, 'HW_UPDATE_MALFORMED', 'delete set');
  const deleteSet = readDeleteSet(reader);
  reader.expectEnd();
  return deleteSet;
}

export function readDeleteSet(reader: ByteReader): DeleteSet {
  const clientCount = reader.count('number of clients with deletions', 2);
  if (clientCount === 0) return NO_DELETIONS;
  const clients = new Map<number, number[]>();
  /** Clients whose ranges have to be sorted; once, at the end, or a client listed a million times would cost its square. */
  const unsorted = new Set<number>();
  let rangeCount = 0;
  for (let i = 0; i < clientCount; i++) {
    const at = reader.pos;
    const clientId = reader.varUint('client id');
    const count = reader.count('number of deletions', 2);
    rangeCount += count;
    let ranges = clients.get(clientId);
    if (ranges !== undefined) unsorted.add(clientId);
    ranges ??= [];
    if (!readRanges(reader, count, ranges)) unsorted.add(clientId);
    if (unsorted.size > 0 && rangeCount > MAX_UNSORTED_RANGES) reader.fail('too many deletions out of order', at);
    if (count > 0) clients.set(clientId, ranges);
  }
  for (const clientId of unsorted) clients.set(clientId, mergedRanges(clients.get(clientId) ?? []));
  return { clients, isCanonical: unsorted.size === 0 };
}

/** Appends to `ranges` and says whether they are in ascending order. Ranges that touch become one. */
function readRanges(reader: ByteReader, count: number, ranges: number[]): boolean {
  let isAscending = true;
  let lastEnd = ranges.at(-1) ?? -1;
  for (let i = 0; i < count; i++) {
    const at = reader.pos;
    const start = reader.varUint('deleted clock');
    const length = reader.varUint('deleted length');
    const end = start + length;
    if (length === 0) reader.fail('deletion of length 0', at);
    if (end > MAX_CLOCK) reader.fail('deletion ends past the last clock', at);
    if (start === lastEnd) {
      ranges[ranges.length - 1] = end;
    } else {
      if (start < lastEnd) isAscending = false;
      ranges.push(start, end);
    }
    lastEnd = end;
  }
  return isAscending;
}

/** Clients in descending order, as Yjs writes them. */
export function writeDeleteSet(writer: ByteWriter, clients: ReadonlyMap<number, Ranges>): void {
  writer.varUint(clients.size);
  for (const [clientId, ranges] of [...clients].sort(([a], [b]) => b - a)) {
    writer.varUint(clientId);
    writer.varUint(ranges.length / 2);
    for (let i = 0; i < ranges.length; i += 2) {
      const start = ranges[i] as number;
      writer.varUint(start);
      writer.varUint((ranges[i + 1] as number) - start);
    }
  }
}

/** @returns An update without structs that deletes what `deleteSet` (encoded) says. The bytes are not checked. */
export function updateOfDeleteSet(deleteSet: Uint8Array): Uint8Array {
  const update = new Uint8Array(1 + deleteSet.length);
  update.set(deleteSet, 1);
  return update;
}
