import { randomUUID } from 'node:crypto';
import { HeadwaterError } from '@headwater/protocol';
import { CLEARED_RANGE, DOCUMENTS_RANGE, idOfKey, type KeyRange, META_KEYS } from './level-keys.ts';
import type { LevelDatabase } from './level-open.ts';

/** The layout of the whole store. A store with a higher number was written by a newer Headwater, and is not touched. */
export const STORE_FORMAT = 1;

/** What a store says about itself. */
export interface StoreMeta {
  readonly storeId: string;
  /** The id the next new document gets. */
  readonly nextId: number;
  /** Who opened the store last. */
  readonly owner: string | undefined;
  /** How often it was opened. */
  readonly epoch: number;
}

const encoder = new TextEncoder();
const decoder = new TextDecoder();

/**
 * Reads what the store says about itself; an empty one is made a store.
 *
 * @throws HW_STORE_NEWER_FORMAT, HW_STORE_CORRUPT, HW_STORE_UNUSABLE for a LevelDB that was made by something else
 */
export async function readMeta(db: LevelDatabase, directory: string): Promise<StoreMeta> {
  const [format, storeId, nextId, owner, epoch] = await db.getMany([
    META_KEYS.format,
    META_KEYS.storeId,
    META_KEYS.nextId,
    META_KEYS.owner,
    META_KEYS.epoch,
  ]);
  if (format === undefined) return createMeta(db, directory);

  const number = Number(decoder.decode(format));
  if (number > STORE_FORMAT) {
    throw new HeadwaterError(
      'HW_STORE_NEWER_FORMAT',
      `the store in "${directory}" has format ${number}, this Headwater knows ${STORE_FORMAT}; use a newer Headwater`,
    );
  }
  const [reserved, opened] = [numberOr(1, nextId), numberOr(0, epoch)];
  if (number !== STORE_FORMAT || storeId === undefined || !Number.isSafeInteger(reserved + opened)) {
    throw new HeadwaterError(
      'HW_STORE_CORRUPT',
      `the store in "${directory}" has unreadable meta records; restore a backup`,
    );
  }
  // A power cut may take the batch that gave an id and leave a later one that used it: nobody else may get that id.
  const next = Math.max(reserved, (await lastId(db, DOCUMENTS_RANGE)) + 1, (await lastId(db, CLEARED_RANGE)) + 1);
  return { storeId: decoder.decode(storeId), nextId: next, owner: owner && decoder.decode(owner), epoch: opened };
}

function numberOr(absent: number, value: Uint8Array | undefined): number {
  return value === undefined ? absent : Number(decoder.decode(value));
}

async function lastId(db: LevelDatabase, range: KeyRange): Promise<number> {
  const [key] = await db.keys({ ...range, reverse: true, limit: 1 }).all();
  return key === undefined ? 0 : idOfKey(key);
}

/**
 * How often the store was taken up by a cluster.
 *
 * @throws HW_STORE_CORRUPT
 */
export async function readGeneration(db: LevelDatabase): Promise<number> {
  const value = await db.get(META_KEYS.generation);
  const generation = numberOr(0, value);
  if (Number.isSafeInteger(generation)) return generation;
  throw new HeadwaterError('HW_STORE_CORRUPT', 'the store has an unreadable generation; restore a backup');
}

export function encodeMeta(value: string | number): Uint8Array {
  return encoder.encode(String(value));
}

async function createMeta(db: LevelDatabase, directory: string): Promise<StoreMeta> {
  if ((await db.keys({ limit: 1 }).all()).length > 0) {
    throw new HeadwaterError('HW_STORE_UNUSABLE', `"${directory}" holds a LevelDB that is not a Headwater store`);
  }
  const storeId = randomUUID();
  await db.batch(
    [
      { type: 'put', key: META_KEYS.format, value: encodeMeta(STORE_FORMAT) },
      { type: 'put', key: META_KEYS.storeId, value: encodeMeta(storeId) },
    ],
    { sync: true },
  );
  return { storeId, nextId: 1, owner: undefined, epoch: 0 };
}
