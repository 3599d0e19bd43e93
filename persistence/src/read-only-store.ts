import { access } from 'node:fs/promises';
import { join } from 'node:path';
import { HeadwaterError } from '@headwater/protocol';
import type {
  Append,
  DeletedDocument,
  DocumentInfo,
  DocumentStore,
  LogEnd,
  QuarantinedUpdate,
  StoredDocument,
  StoreHealth,
} from './document-store.ts';
import type { AttributedRange, HistoryOutline, KeyFrame, RecordBlock } from './history/history-store.ts';
import type { LevelStoreOptions } from './level-options.ts';
import { LevelStore } from './level-store.ts';

/**
 * A store to look into: for reports, tests and replays of a backup. Everything that would change a document is refused.
 *
 * LevelDB has no mode for this: the directory must be writable and nobody else may have it open, and LevelDB may put its own
 * files in order. While a server runs, ask it instead (`HistoryClient` of `@headwater/client/history`).
 *
 * @example
 * ```ts
 * await using store = await ReadOnlyStore.open('./backup');
 * for await (const { documentName } of store.list()) console.log(documentName);
 * const history = new DocumentHistory(store);
 * ```
 */
export class ReadOnlyStore implements DocumentStore {
  readonly #store: DocumentStore;

  private constructor(store: DocumentStore) {
    this.#store = store;
  }

  /**
   * Opens the store in a directory, and makes none where there is none.
   *
   * @throws HW_STORE_UNUSABLE when there is no store, and what `LevelStore.open` throws
   */
  static async open(directory: string, options: Omit<LevelStoreOptions, 'onTakenOver'> = {}): Promise<ReadOnlyStore> {
    try {
      await access(join(directory, 'CURRENT'));
    } catch (cause) {
      throw new HeadwaterError('HW_STORE_UNUSABLE', `there is no store in "${directory}"`, { cause });
    }
    return new ReadOnlyStore(await LevelStore.open(directory, options));
  }

  get health(): StoreHealth {
    return this.#store.health;
  }

  load(documentName: string): Promise<StoredDocument> {
    return this.#store.load(documentName);
  }

  quarantined(documentName: string): Promise<readonly QuarantinedUpdate[]> {
    return this.#store.quarantined(documentName);
  }

  list(range?: {
    readonly after?: string | undefined;
    readonly limit?: number | undefined;
  }): AsyncIterable<DocumentInfo> {
    return this.#store.list(range);
  }

  info(documentName: string): Promise<DocumentInfo | undefined> {
    return this.#store.info(documentName);
  }

  listDeleted(range?: {
    readonly after?: string | undefined;
    readonly limit?: number | undefined;
  }): AsyncIterable<DeletedDocument> {
    return this.#store.listDeleted(range);
  }

  get epoch(): number {
    return this.#store.epoch;
  }

  logEnds(documentNames: readonly string[]): Promise<readonly LogEnd[]> {
    return this.#store.logEnds(documentNames);
  }

  history(documentName: string): Promise<HistoryOutline | undefined> {
    return this.#store.history(documentName);
  }

  recordBlocks(
    documentName: string,
    range: { readonly after: number; readonly upTo?: number | undefined },
  ): AsyncIterable<RecordBlock> {
    return this.#store.recordBlocks(documentName, range);
  }

  keyFrame(documentName: string, sequence: number): Promise<KeyFrame | undefined> {
    return this.#store.keyFrame(documentName, sequence);
  }

  attribution(documentName: string): Promise<readonly AttributedRange[]> {
    return this.#store.attribution(documentName);
  }

  append(): Append {
    const refused = Promise.reject<number>(readOnly());
    refused.catch(() => {}); // callers may look at one of the two, or at none
    return { written: refused, durable: refused };
  }

  async replaceSnapshot(): Promise<void> {
    throw readOnly();
  }

  async changeHistory(): Promise<void> {
    throw readOnly();
  }

  async delete(): Promise<boolean> {
    throw readOnly();
  }

  close(): Promise<void> {
    return this.#store.close();
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.close();
  }
}

function readOnly(): HeadwaterError {
  return new HeadwaterError(
    'HW_STORE_READ_ONLY',
    'this store was opened to be read: open it with LevelStore to change it',
  );
}
