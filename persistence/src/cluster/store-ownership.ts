import { HeadwaterError } from '@headwater/protocol';
import { type StoreLogger, SYSTEM_CLOCK } from '../level-options.ts';
import type { LevelStore } from '../level-store.ts';
import type { OpenedStore } from '../remote/remote-store.ts';
import { StoreHost, type StoreHostOptions } from '../remote/store-host.ts';
import { announcedHost } from './announced-host.ts';
import type { AnnouncedOwner, OwnerDirectory, StoreOwner } from './owner-directory.ts';

export interface OwnershipOptions extends Omit<StoreHostOptions, 'storeId'> {
  readonly instanceId: string;
  readonly owners: OwnerDirectory;
  /** Milliseconds for which others take this instance for the owner without hearing of it. */
  readonly leaseMs: number;
  readonly logger: StoreLogger;
}

/** How many renewals there are in a lease: one may fail, and the next is in time. */
const RENEWALS_PER_LEASE = 3;

/** What becomes of a store when it was opened for a cluster: it is served to the others, and they are told where. */
export class StoreOwnership implements OpenedStore {
  readonly store: LevelStore;
  readonly #host: StoreHost;
  readonly #options: OwnershipOptions;
  readonly #stopping = new AbortController();
  #announced: AnnouncedOwner | undefined;
  #problem: HeadwaterError | undefined;
  #lastWarning: string | undefined;
  #renewing: Promise<void> | undefined;
  #closing: Promise<void> | undefined;

  private constructor(store: LevelStore, host: StoreHost, options: OwnershipOptions) {
    this.store = store;
    this.#host = host;
    this.#options = options;
  }

  /**
   * Serves a store and announces it. A directory that cannot be reached is tried again for as long as it takes.
   *
   * @returns `undefined`, with the store open and not served, when the cluster has another store
   * @throws HW_LISTEN_FAILED
   */
  static async begin(store: LevelStore, options: OwnershipOptions): Promise<StoreOwnership | undefined> {
    const host = await StoreHost.start(store, { ...options, storeId: store.storeId });
    const ownership = new StoreOwnership(store, host, options);
    await ownership.#announce();
    if (ownership.#problem !== undefined) {
      await host.close();
      return undefined;
    }
    ownership.#renewing = ownership.#renew();
    return ownership;
  }

  /**
   * Why the cluster cannot use the store although it is open: its directory was out of reach at the start, and it has turned
   * out that the cluster has another one.
   */
  get problem(): Error | undefined {
    return this.#problem;
  }

  /** Others are sent away, what they are waiting for is saved, and then the lock is free. */
  close(): Promise<void> {
    this.#closing ??= this.#shutDown();
    return this.#closing;
  }

  async #shutDown(): Promise<void> {
    this.#stopping.abort();
    this.#host.stopAccepting();
    await this.#renewing;
    const withdrawing = this.#withdraw();
    try {
      await this.store.close();
    } finally {
      await this.#host.close();
      await withdrawing;
    }
  }

  async #withdraw(): Promise<void> {
    if (this.#announced === undefined) return;
    await this.#options.owners.withdraw(this.#announced).catch(() => {}); // then the lease runs out
  }

  async #renew(): Promise<void> {
    const { leaseMs } = this.#options;
    const { signal } = this.#stopping;
    for (;;) {
      await SYSTEM_CLOCK.sleep(leaseMs / RENEWALS_PER_LEASE, signal);
      if (signal.aborted) return;
      await this.#announce();
    }
  }

  /** Sees to it that the directory says what is: an entry that was lost, as by a Redis that was flushed, is made again. */
  async #announce(): Promise<void> {
    const { owners, leaseMs } = this.#options;
    try {
      if (this.#announced !== undefined && (await owners.renew(this.#announced, leaseMs))) return;
      this.#announced = await owners.announce(this.#owner(), leaseMs);
      if (this.#announced !== undefined) this.#problem = undefined;
      else this.#report(otherStore(this.store.storeId, (await owners.find()).storeId));
    } catch (error) {
      this.#warn(error as Error);
    }
  }

  #owner(): StoreOwner {
    const { host, port } = this.#host.address;
    return { instanceId: this.#options.instanceId, storeId: this.store.storeId, host: announcedHost(host), port };
  }

  #report(problem: HeadwaterError): void {
    if (this.#problem?.message === problem.message) return;
    this.#problem = problem;
    this.#options.logger.error({ err: problem }, 'this instance has a store that is not the one of its cluster');
  }

  #warn(error: Error): void {
    if (this.#lastWarning === error.message) return;
    this.#lastWarning = error.message;
    this.#options.logger.warn({ err: error }, 'other instances cannot be told who has the store; it is tried again');
  }
}

/** What an operator has to know to get out of it. */
export function otherStore(own: string, clusters: string | undefined): HeadwaterError {
  return new HeadwaterError(
    'HW_CLUSTER_OTHER_STORE',
    `the data directory holds store ${own} and has documents in it, and the cluster uses store ${clusters}. ` +
      'To bring them over, export them (headwater export), start with an empty --data, and import them (headwater import); ' +
      'or start with an empty --data to do without them',
  );
}
