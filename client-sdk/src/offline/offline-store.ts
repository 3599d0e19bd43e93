import { HeadwaterError } from '@headwater/protocol';
import type { IndexeddbPersistence } from 'y-indexeddb';
import type * as Y from 'yjs';

/** Keeps a document in this browser, by `y-indexeddb`. */
export class OfflineStore {
  /** Resolves when everything kept is in the document, or cannot be had. */
  readonly loaded: Promise<void>;
  #persistence: IndexeddbPersistence | undefined;
  #isClosed = false;

  /** @param fail - told why nothing can be kept; everything else goes on */
  constructor(key: string, document: Y.Doc, fail: (error: HeadwaterError) => void) {
    this.loaded = this.#load(key, document).catch((cause: unknown) => {
      const why = cause instanceof Error ? cause.message : String(cause);
      if (!this.#isClosed) {
        fail(new HeadwaterError('HW_OFFLINE_UNAVAILABLE', `the document cannot be kept offline: ${why}`, { cause }));
      }
    });
  }

  /** What is kept stays. */
  close(): void {
    this.#isClosed = true;
    void this.#persistence?.destroy().catch(() => {}); // one that could not be opened
  }

  async #load(key: string, document: Y.Doc): Promise<void> {
    if (typeof indexedDB === 'undefined') throw new Error('there is no IndexedDB here');
    const { IndexeddbPersistence } = await importPeer();
    if (this.#isClosed) return;
    const persistence = new IndexeddbPersistence(key, document);
    this.#persistence = persistence;
    await Promise.race([persistence.whenSynced, persistence._db.then(() => new Promise<never>(() => {}))]);
  }
}

/** In a `try`, which tells bundlers that an application may do without. */
async function importPeer(): Promise<typeof import('y-indexeddb')> {
  try {
    return await import('y-indexeddb');
  } catch (cause) {
    throw new Error('install y-indexeddb', { cause });
  }
}
