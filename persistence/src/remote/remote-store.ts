import { HeadwaterError } from '@headwater/protocol';
import { Deferred } from '../deferred.ts';
import { checkDocumentName } from '../document-name.ts';
import type {
  Append,
  DeletedDocument,
  DeleteOptions,
  DocumentChange,
  DocumentInfo,
  DocumentStore,
  LogEnd,
  QuarantinedUpdate,
  Snapshot,
  StoredDocument,
  StoreHealth,
} from '../document-store.ts';
import type {
  AttributedRange,
  HistoryChange,
  HistoryOutline,
  KeyFrame,
  RecordBlock,
} from '../history/history-store.ts';
import { SILENT, type StoreLogger } from '../level-options.ts';
import { CallLostError } from './calls.ts';
import type { ChannelTimes } from './channel.ts';
import type { ClusterSecret } from './greeting.ts';
import { HostClient } from './host-client.ts';
import { type HostAddress, linkTo } from './host-link.ts';
import { METHODS, type Method } from './methods.ts';
import { type FindStore, inTime, type OpenedStore, StoreSearch } from './store-search.ts';

const LIST_PAGE = 100;

export interface RemoteStoreOptions {
  /** @defaultValue silent */
  readonly logger?: StoreLogger | undefined;
  /** Milliseconds after which an append that is not answered counts as one whose first attempt failed. @defaultValue `1_000` */
  readonly attemptMs?: number | undefined;
  /** Milliseconds a read waits while nobody serves the store. @defaultValue `10_000` */
  readonly patienceMs?: number | undefined;
  /** Milliseconds a close waits for what is not saved. @defaultValue `5_000` */
  readonly closeTimeoutMs?: number | undefined;
  /** While nobody serves the store it is looked for after at most this many milliseconds. @defaultValue `1_000` */
  readonly seekMaxMs?: number | undefined;
  /** Called whenever the store was lost and is there again, with whom or here: what was said meanwhile may have been missed. */
  readonly onFound?: (() => void) | undefined;
}

/** How to talk to a host. */
export interface LinkOptions extends ChannelTimes {
  readonly secret: ClusterSecret;
}

export const REMOTE_STORE_DEFAULTS = {
  attemptMs: 1_000,
  patienceMs: 10_000,
  closeTimeoutMs: 5_000,
  seekMaxMs: 1_000,
  onFound: () => {},
} as const satisfies RemoteStoreOptions;

/**
 * The store of another process, served by its `StoreHost`. It keeps the contract of a store whose disk may fail: when the
 * connection breaks or the host dies, everything that is not known to be saved is kept, in order, and sent again to whoever
 * serves the store next; meanwhile {@link RemoteStore.health} says degraded, and reads wait.
 *
 * What a host had taken is not stored twice when the connection comes back, and what a dead host had written is not stored
 * twice by the next one. Only an append whose host died before it could answer may be.
 *
 * @example
 * ```ts
 * await using store = await RemoteStore.connect({ host: '10.0.0.7', port: 7234 }, { secret });
 * await store.append('notes', { timeMs: Date.now(), entries: [{ update, author: 'ada' }] }).durable;
 * ```
 */
export class RemoteStore implements DocumentStore {
  readonly #patienceMs: number;
  readonly #closeTimeoutMs: number;
  readonly #client: HostClient;
  readonly #search: StoreSearch;
  #isClosed = false;
  #closing: Promise<void> | undefined;

  private constructor(find: FindStore, options: RemoteStoreOptions) {
    this.#patienceMs = options.patienceMs ?? REMOTE_STORE_DEFAULTS.patienceMs;
    this.#closeTimeoutMs = options.closeTimeoutMs ?? REMOTE_STORE_DEFAULTS.closeTimeoutMs;
    this.#client = new HostClient({
      attemptMs: options.attemptMs ?? REMOTE_STORE_DEFAULTS.attemptMs,
      onLost: (reason) => {
        if (!this.#isClosed) this.#search.lost(reason);
      },
    });
    this.#search = new StoreSearch(find, this.#client, {
      logger: options.logger ?? SILENT,
      seekMaxMs: options.seekMaxMs ?? REMOTE_STORE_DEFAULTS.seekMaxMs,
      onFound: options.onFound ?? REMOTE_STORE_DEFAULTS.onFound,
    });
  }

  /**
   * Looks for the store, and uses what was found; looks again whenever that is lost.
   *
   * @throws HW_STORE_UNAVAILABLE when there is none at present; what `find` throws
   */
  static async open(find: FindStore, options: RemoteStoreOptions = {}): Promise<RemoteStore> {
    const remote = new RemoteStore(find, options);
    await remote.#search.start();
    return remote;
  }

  /**
   * The store that is served at an address.
   *
   * @throws HW_CLUSTER_SECRET_WRONG, HW_CLUSTER_VERSIONS_DIFFER, HW_STORE_UNAVAILABLE when nobody answers there
   */
  static connect(
    address: HostAddress,
    { secret, heartbeatMs, silenceMs, greetingMs, ...options }: RemoteStoreOptions & LinkOptions,
  ): Promise<RemoteStore> {
    const times = { heartbeatMs, silenceMs, greetingMs };
    const find: FindStore = async (seeker) => linkTo(address, { secret, ...times, ...seeker });
    return RemoteStore.open(find, options);
  }

  /** Of the store, whoever serves it. */
  get storeId(): string {
    return this.#search.storeId ?? '';
  }

  /** Of the store as it was found last. */
  get epoch(): number {
    return this.#search.opened?.store.epoch ?? this.#client.epoch;
  }

  /** Whether it is open in this process at present. */
  get isOpenedHere(): boolean {
    return this.#search.opened !== undefined;
  }

  get health(): StoreHealth {
    const { opened, problem } = this.#search;
    if (opened !== undefined) return healthOf(opened);
    const { health } = this.#client;
    return problem === undefined || this.#client.isLinked ? health : { ...health, error: problem };
  }

  append(documentName: string, change: DocumentChange): Append {
    const { opened } = this.#search;
    if (opened !== undefined) return opened.store.append(documentName, change);
    try {
      this.#assertOpen();
      checkDocumentName(documentName);
    } catch (error) {
      return refusedAppend(error as Error);
    }
    return this.#client.append(documentName, change);
  }

  async load(documentName: string): Promise<StoredDocument> {
    return this.#ask(METHODS.load, { documentName }, documentName);
  }

  async quarantined(documentName: string): Promise<readonly QuarantinedUpdate[]> {
    return this.#ask(METHODS.quarantined, { documentName }, documentName);
  }

  async info(documentName: string): Promise<DocumentInfo | undefined> {
    return this.#ask(METHODS.info, { documentName }, documentName);
  }

  async logEnds(documentNames: readonly string[]): Promise<readonly LogEnd[]> {
    for (const name of documentNames) checkDocumentName(name);
    return this.#ask(METHODS.logEnds, { documentNames });
  }

  async *list(
    range: { readonly after?: string | undefined; readonly limit?: number | undefined } = {},
  ): AsyncIterable<DocumentInfo> {
    yield* this.#pages(METHODS.page, range);
  }

  async *listDeleted(
    range: { readonly after?: string | undefined; readonly limit?: number | undefined } = {},
  ): AsyncIterable<DeletedDocument> {
    yield* this.#pages(METHODS.deletedPage, range);
  }

  async history(documentName: string): Promise<HistoryOutline | undefined> {
    return this.#ask(METHODS.history, { documentName }, documentName);
  }

  async *recordBlocks(
    documentName: string,
    { after, upTo }: { readonly after: number; readonly upTo?: number | undefined },
  ): AsyncIterable<RecordBlock> {
    let at = after;
    for (;;) {
      const block = await this.#ask(METHODS.block, { documentName, after: at, upTo }, documentName);
      if (block === undefined) return;
      yield block;
      at = block.last;
    }
  }

  async keyFrame(documentName: string, sequence: number): Promise<KeyFrame | undefined> {
    return this.#ask(METHODS.keyFrame, { documentName, sequence }, documentName);
  }

  async attribution(documentName: string): Promise<readonly AttributedRange[]> {
    return this.#ask(METHODS.attribution, { documentName }, documentName);
  }

  /** @throws HW_STORE_UNAVAILABLE also when the connection broke before it was known whether it was done */
  async replaceSnapshot(
    documentName: string,
    snapshot: Snapshot,
    quarantine: readonly QuarantinedUpdate[] = [],
    documentId?: number,
  ): Promise<void> {
    await this.#ask(METHODS.replaceSnapshot, { documentName, snapshot, quarantine, documentId }, documentName);
  }

  /** @throws HW_STORE_UNAVAILABLE also when the connection broke before it was known whether it was done */
  async changeHistory(documentName: string, change: HistoryChange): Promise<void> {
    await this.#ask(METHODS.changeHistory, { documentName, change }, documentName);
  }

  /**
   * @throws HW_STORE_UNAVAILABLE while nobody serves the store, since what is appended in the meantime is not to be removed
   * with it; and when the connection broke before it was known whether it was done
   */
  async delete(documentName: string, { allowReuse = false, deletedForMs = 0 }: DeleteOptions = {}): Promise<boolean> {
    if (this.#search.opened === undefined) {
      this.#assertOpen();
      checkDocumentName(documentName);
      if (!this.#client.isLinked) throw unavailable('nobody serves the store at present: nothing was deleted');
      this.#client.dropUploads(documentName);
    }
    return this.#ask(METHODS.delete, { documentName, allowReuse, deletedForMs }, documentName);
  }

  /**
   * Waits for what is not saved, for as long as `closeTimeoutMs`, and closes.
   *
   * @throws HW_STORE_WRITE_FAILED when there were changes of which nobody said that they are saved; it is closed all the same
   */
  close(): Promise<void> {
    this.#closing ??= this.#shutDown();
    return this.#closing;
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.close();
  }

  async #shutDown(): Promise<void> {
    this.#isClosed = true;
    if (this.#search.opened === undefined) await inTime(this.#client.whenDone(), this.#closeTimeoutMs);
    await this.#search.stop();
    const { opened } = this.#search;
    const lostBytes = this.#client.close();
    await opened?.close();
    if (opened === undefined && lostBytes > 0) {
      const problem = `the store was closed with ${lostBytes} bytes of which nobody said that they are saved`;
      throw new HeadwaterError('HW_STORE_WRITE_FAILED', problem);
    }
  }

  async *#pages<T extends { readonly documentName: string }>(
    method: Method<{ readonly after: string | undefined; readonly limit: number }, readonly T[]>,
    range: { readonly after?: string | undefined; readonly limit?: number | undefined },
  ): AsyncIterable<T> {
    let { after } = range;
    let left = range.limit ?? Number.POSITIVE_INFINITY;
    do {
      const limit = Math.min(left, LIST_PAGE);
      const page = await this.#ask(method, { after, limit });
      yield* page;
      left -= page.length;
      if (page.length < limit) return;
      after = page.at(-1)?.documentName;
    } while (left > 0);
  }

  /** Asks whoever serves the store; waits for somebody when nobody does. Asked at once when somebody does: order counts. */
  async #ask<A, R>(method: Method<A, R>, args: A, documentName?: string): Promise<R> {
    if (documentName !== undefined) checkDocumentName(documentName);
    const deadline = performance.now() + this.#patienceMs;
    const { epoch } = this;
    for (;;) {
      // What a change says of a log, its caller knows of the epoch in which it was called.
      if (!method.isRead && this.epoch !== epoch) throw unavailable('the store is in other hands by now: try again');
      const { opened } = this.#search;
      if (opened !== undefined) return method.run(opened.store, args);
      this.#assertOpen();
      if (this.#client.isLinked) {
        try {
          return await this.#client.call(method, args, method.isRead ? undefined : documentName);
        } catch (error) {
          if (!(error instanceof CallLostError)) throw error;
          if (!method.isRead) throw unavailable('the connection to the owner of the store broke: try again', error);
        }
      }
      await this.#untilFound(deadline);
    }
  }

  async #untilFound(deadline: number): Promise<void> {
    if (this.#search.opened !== undefined || this.#client.isLinked || this.#isClosed) return;
    const leftMs = deadline - performance.now();
    if (leftMs <= 0) throw unavailable('nobody serves the store at present', this.#search.problem);
    await this.#search.untilFound(leftMs);
  }

  #assertOpen(): void {
    if (this.#isClosed) throw new HeadwaterError('HW_STORE_CLOSED', 'the store is closed');
  }
}

function healthOf({ store, problem }: OpenedStore): StoreHealth {
  const { health } = store;
  return problem === undefined ? health : { status: 'degraded', error: problem, unsavedBytes: health.unsavedBytes };
}

function refusedAppend(error: Error): Append {
  const refused = new Deferred<number>();
  refused.reject(error);
  return { written: refused.promise, durable: refused.promise };
}

function unavailable(problem: string, cause?: unknown): HeadwaterError {
  return new HeadwaterError('HW_STORE_UNAVAILABLE', problem, { cause });
}
