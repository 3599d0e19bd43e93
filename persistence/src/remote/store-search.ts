import { HeadwaterError } from '@headwater/protocol';
import { Backoff } from '../backoff.ts';
import type { DocumentStore } from '../document-store.ts';
import { type StoreLogger, SYSTEM_CLOCK } from '../level-options.ts';
import type { HostClient } from './host-client.ts';
import type { HostLink } from './host-link.ts';

/** A store that was opened in this process. */
export interface OpenedStore {
  readonly store: DocumentStore & { readonly storeId: string };
  /** What is wrong with using it, although it is open. */
  readonly problem?: Error | undefined;
  /** Resolves, with the reason, when another process has it instead and serves it. */
  readonly whenLost?: Promise<Error> | undefined;
  /** Closes it, and what was opened with it. */
  close(): Promise<void>;
}

/**
 * Looks for the store once: a connection to whoever serves it, the store itself when it could be opened here, or
 * `undefined` when there is neither at the moment.
 */
export type FindStore = (seeker: {
  readonly clientId: string;
  readonly signal: AbortSignal;
}) => Promise<HostLink | OpenedStore | undefined>;

interface SearchOptions {
  readonly logger: StoreLogger;
  /** Milliseconds between two looks, at most. */
  readonly seekMaxMs: number;
  /** Called whenever the store was lost and is there again. */
  readonly onFound: () => void;
}

/** Where the store is: open here, with a host that the client is linked to, or nowhere, and then it is looked for. */
export class StoreSearch {
  readonly #find: FindStore;
  readonly #client: HostClient;
  readonly #options: SearchOptions;
  readonly #backoff: Backoff;
  readonly #stopping = new AbortController();
  #storeId: string | undefined;
  #opened: OpenedStore | undefined;
  #problem: Error | undefined;
  #seeking: Promise<void> | undefined;
  #whenFound: (() => void)[] = [];

  constructor(find: FindStore, client: HostClient, options: SearchOptions) {
    this.#find = find;
    this.#client = client;
    this.#options = options;
    this.#backoff = new Backoff({ minMs: 20, maxMs: options.seekMaxMs, random: Math.random });
  }

  /** Of the store, once it was found. */
  get storeId(): string | undefined {
    return this.#storeId;
  }

  /** The store while it is open here. */
  get opened(): OpenedStore | undefined {
    return this.#opened;
  }

  /** Why it could not be found the last time; `undefined` when it was. */
  get problem(): Error | undefined {
    return this.#problem;
  }

  /** Looks once. @throws HW_STORE_UNAVAILABLE when there is none at present; what `find` throws */
  async start(): Promise<void> {
    const found = await this.#look();
    if (found === undefined) {
      throw new HeadwaterError('HW_STORE_UNAVAILABLE', 'nobody serves the store at present');
    }
    await this.#use(found);
  }

  /** The connection to whoever served it has ended: looks until it is found. */
  lost(reason: Error | undefined): void {
    this.#options.logger.warn({ err: reason }, 'the owner of the store is away; what is not saved is kept');
    this.#seeking = this.#seek();
  }

  /** Resolves when it is found or looked for no more; at the latest after so many milliseconds. */
  async untilFound(ms: number): Promise<void> {
    if (this.#opened !== undefined || this.#client.isLinked || this.#stopping.signal.aborted) return;
    await inTime(new Promise<void>((resolve) => this.#whenFound.push(resolve)), ms);
  }

  /** Looks for it no more, and stays where it is. */
  async stop(): Promise<void> {
    this.#stopping.abort();
    this.#noticeFound();
    await this.#seeking; // it may just have opened the store
  }

  #noticeFound(): void {
    for (const resolve of this.#whenFound.splice(0)) resolve();
  }

  #look(): ReturnType<FindStore> {
    return this.#find({ clientId: this.#client.id, signal: this.#stopping.signal });
  }

  async #seek(): Promise<void> {
    const { signal } = this.#stopping;
    while (!signal.aborted) {
      try {
        const found = await this.#look();
        if (found !== undefined) {
          await this.#use(found);
          this.#backoff.reset();
          this.#options.logger.info({}, 'the store is there again');
          this.#options.onFound();
          return;
        }
      } catch (error) {
        this.#report(error as Error);
      }
      await SYSTEM_CLOCK.sleep(this.#backoff.nextMs(), signal);
    }
  }

  /** @throws HW_CLUSTER_OTHER_STORE */
  async #use(found: HostLink | OpenedStore): Promise<void> {
    const storeId = 'channel' in found ? found.storeId : found.store.storeId;
    this.#storeId ??= storeId;
    if (storeId !== this.#storeId) {
      if ('channel' in found) found.channel.destroy();
      else await found.close();
      const problem = `the owner serves store ${storeId} and not ${this.#storeId}, which this instance has used so far`;
      throw new HeadwaterError('HW_CLUSTER_OTHER_STORE', problem);
    }
    if ('channel' in found) this.#client.attach(found);
    else await this.#moveInto(found);
    this.#problem = undefined;
    this.#noticeFound();
  }

  async #moveInto(opened: OpenedStore): Promise<void> {
    try {
      await this.#client.moveTo(opened.store, () => {
        this.#opened = opened;
      });
    } catch (error) {
      await opened.close(); // somebody else may have it
      throw error;
    }
    void opened.whenLost?.then((reason) => this.#leave(opened, reason));
  }

  /** From now on it is the store of another process, as if it had never been opened here. */
  #leave(opened: OpenedStore, reason: Error): void {
    if (this.#opened !== opened || this.#stopping.signal.aborted) return;
    this.#opened = undefined;
    this.#options.logger.error({ err: reason }, 'another instance has the store by now; it is used from there');
    this.#seeking = this.#follow(opened);
  }

  async #follow(opened: OpenedStore): Promise<void> {
    try {
      await opened.close();
    } catch (error) {
      this.#options.logger.warn({ err: error }, 'what could not be saved here goes to the instance that has the store');
    }
    await this.#seek();
  }

  #report(error: Error): void {
    const isNews = this.#problem?.message !== error.message;
    this.#problem = error;
    if (isNews) this.#options.logger.warn({ err: error }, 'the owner of the store cannot be reached; it is looked for');
  }
}

/** Resolves with the work, or when its time is up. */
export async function inTime(work: Promise<void>, ms: number): Promise<void> {
  let timer: NodeJS.Timeout | undefined;
  const timeout = new Promise<void>((resolve) => {
    timer = setTimeout(resolve, ms);
  });
  await Promise.race([work, timeout]);
  clearTimeout(timer);
}
