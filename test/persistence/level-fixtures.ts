import type { DocumentStore, LevelStoreOptions, StoreClock, StoreHealth } from '@headwater/persistence';
import { type LevelDatabase, openLevel } from '../../persistence/src/level-open.ts';
import { LEVEL_STORE_DEFAULTS } from '../../persistence/src/level-options.ts';
import { LevelStore } from '../../persistence/src/level-store.ts';
import { FaultyDisk } from './faulty-disk.ts';

export const TIME_MS = 1_700_000_000_000;

/** Retries at once, but in another turn, so that whoever listens sees what happens in between. */
export const IMPATIENT: StoreClock = {
  now: () => TIME_MS,
  sleep: () => new Promise((resolve) => setImmediate(resolve)),
};

/** An append of one update that is the UTF-8 of `text`. */
export function text(value: string): { timeMs: number; entries: { update: Uint8Array; author: string }[] } {
  return { timeMs: TIME_MS, entries: [{ update: new TextEncoder().encode(value), author: 'ada' }] };
}

/** What {@link text} appended, record by record. */
export async function texts(store: DocumentStore, documentName: string): Promise<string[]> {
  const { tail } = await store.load(documentName);
  return tail.flatMap(({ entries }) => entries.map(({ update }) => new TextDecoder().decode(update)));
}

/** A store whose disk fails on demand. */
export async function openFaulty(
  directory: string,
  options: LevelStoreOptions = {},
): Promise<{ store: LevelStore; disk: FaultyDisk; healths: StoreHealth[]; takeovers: () => number }> {
  let disk: FaultyDisk | undefined;
  const healths: StoreHealth[] = [];
  let takeovers = 0;
  const store = await LevelStore.open(
    directory,
    { clock: IMPATIENT, ...options, onHealth: (health) => healths.push(health), onTakenOver: () => takeovers++ },
    (real) => {
      disk = new FaultyDisk(real);
      return disk;
    },
  );
  if (disk === undefined) throw new Error('the store was opened without its disk');
  return { store, disk, healths, takeovers: () => takeovers };
}

/** LevelDB itself, to look at a store from below, or to damage it. */
export async function withLevel<T>(directory: string, work: (db: LevelDatabase) => Promise<T>): Promise<T> {
  const db = await openLevel(directory, LEVEL_STORE_DEFAULTS, 'create');
  try {
    return await work(db);
  } finally {
    await db.close();
  }
}
