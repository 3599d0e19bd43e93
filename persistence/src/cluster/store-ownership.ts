import { HeadwaterError } from '@headwater/protocol';
import { Deferred } from '../deferred.ts';
import { type StoreLogger, SYSTEM_CLOCK } from '../level-options.ts';
import type { LevelStore } from '../level-store.ts';
import { StoreHost, type StoreHostOptions } from '../remote/store-host.ts';
import type { OpenedStore } from '../remote/store-search.ts';
import { announcedHost } from './announced-host.ts';
import type { AnnouncedOwner, DirectoryEntry, OwnerDirectory, StoreOwner } from './owner-directory.ts';
import { Pause } from './pause.ts';

export interface OwnershipOptions extends Omit<StoreHostOptions, 'storeId'> {
  readonly instanceId: string;
  readonly owners: OwnerDirectory;
  /** Milliseconds for which others take this instance for the owner without hearing of it. */
  readonly leaseMs: number;
  /** Milliseconds after which the generation is raised again. */
  readonly raiseMs: number;
  /** Called whenever the store was announced. */
  readonly onConfirmed: () => void;
  /** Called when it cannot be, and was taken to be the cluster's so far. */
  readonly onRefused: (problem: HeadwaterError) => void;
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
  readonly #pause = new Pause();
  readonly #lost = new Deferred<Error>();
  #announced: AnnouncedOwner | undefined;
  /** When it was announced last, by `performance.now()`. */
  #announcedAtMs = 0;
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
   * @throws HW_LISTEN_FAILED, HW_CLUSTER_STORE_OUTDATED
   */
  static async begin(store: LevelStore, options: OwnershipOptions): Promise<StoreOwnership | undefined> {
    const host = await StoreHost.start(store, { ...options, storeId: store.storeId });
    const ownership = new StoreOwnership(store, host, options);
    await ownership.#announce();
    const problem = ownership.#problem;
    if (problem !== undefined) {
      await host.close();
      if (problem.code === 'HW_CLUSTER_OTHER_STORE') return undefined;
      throw problem;
    }
    ownership.#renewing = ownership.#renew();
    return ownership;
  }

  /**
   * Why the cluster cannot use the store although it is open: its directory was out of reach at the start, and it has turned
   * out that the cluster has another one, or a newer one of the same id.
   */
  get problem(): Error | undefined {
    return this.#problem;
  }

  /**
   * A disk that failed makes LevelDB be opened anew, and another instance may be sooner. The lock is waited for while nobody is
   * known to have it; once another owner is announced, the store is lost.
   */
  get whenLost(): Promise<Error> {
    return this.#lost.promise;
  }

  /** Others are sent away, what they are waiting for is saved, and then the lock is free. */
  close(): Promise<void> {
    this.#closing ??= this.#shutDown();
    return this.#closing;
  }

  async #shutDown(): Promise<void> {
    this.#stopping.abort();
    this.#pause.cutShort();
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
    const { owners, leaseMs } = this.#options;
    const { signal } = this.#stopping;
    const ignore = owners.onReachable(() => this.#pause.cutShort());
    for (;;) {
      await this.#pause.take(leaseMs / RENEWALS_PER_LEASE);
      if (signal.aborted) break;
      await this.#announce();
    }
    ignore();
  }

  /** Sees to it that the directory says what is: an entry that was lost, as by a Redis that was flushed, is made again. */
  async #announce(): Promise<void> {
    const { owners, leaseMs, raiseMs } = this.#options;
    try {
      const isLockedOut = this.#lockError() !== undefined; // then whoever has the lock is to be announced
      if (!isLockedOut && this.#announced !== undefined && (await owners.renew(this.#announced, leaseMs))) {
        // A store that cannot save is raised later, and announced all the same.
        const isRecent = performance.now() - this.#announcedAtMs < raiseMs;
        if (isRecent || this.store.health.status === 'degraded') return;
      }
      await this.#announceAnew();
    } catch (error) {
      if (!this.#stopping.signal.aborted) this.#warn(error as Error);
    }
  }

  /**
   * Announces the store in a generation that it had in no other directory: raised and durable here before the cluster hears of
   * it, so that a crash in between leaves this directory ahead, and never behind.
   */
  async #announceAnew(): Promise<void> {
    const { owners, leaseMs } = this.#options;
    const entry = await owners.find();
    const lockError = this.#lockError();
    if (lockError !== undefined && entry.owner !== undefined && entry.owner.instanceId !== this.#options.instanceId) {
      this.#lost.resolve(lockError);
      return;
    }
    const generation = await this.store.generation();
    this.#report(this.#problemWith(entry, generation));
    if (this.#problem !== undefined) return;
    await this.#setGeneration(generation + 1);
    const announced = await owners.announce(this.#owner(generation + 1), leaseMs);
    if (announced === undefined) {
      // Another directory was sooner, and must stay the newer one.
      await this.#setGeneration(generation);
      this.#report(this.#problemWith(await owners.find(), generation));
      return;
    }
    this.#announced = announced;
    this.#announcedAtMs = performance.now();
    this.#options.onConfirmed();
  }

  /** Why the store is not open at present, if that is because somebody else has it. */
  #lockError(): HeadwaterError | undefined {
    const { error } = this.store.health;
    return error instanceof HeadwaterError && error.code === 'HW_STORE_LOCKED' ? error : undefined;
  }

  #problemWith({ storeId, generation: last }: DirectoryEntry, generation: number): HeadwaterError | undefined {
    if (storeId === undefined) return undefined;
    if (storeId !== this.store.storeId) return otherStore(this.store.storeId, storeId);
    return generation < last ? outdated(storeId, generation, last, this.#options.owners.howToForget) : undefined;
  }

  /** A disk that takes its time keeps no lease from being renewed. */
  async #setGeneration(generation: number): Promise<void> {
    const isOver = new AbortController();
    const signal = AbortSignal.any([this.#stopping.signal, isOver.signal]);
    const late = async (): Promise<void> => {
      await SYSTEM_CLOCK.sleep(this.#options.leaseMs / RENEWALS_PER_LEASE, signal);
      throw new HeadwaterError('HW_STORE_UNAVAILABLE', 'the generation of the store could not be saved in time');
    };
    try {
      await Promise.race([this.store.setGeneration(generation), late()]);
    } finally {
      isOver.abort();
    }
  }

  #owner(generation: number): StoreOwner {
    const { host, port } = this.#host.address;
    const { storeId } = this.store;
    return { instanceId: this.#options.instanceId, storeId, generation, host: announcedHost(host), port };
  }

  #report(problem: HeadwaterError | undefined): void {
    if (problem === undefined) {
      this.#problem = undefined;
      return;
    }
    if (this.#problem?.message === problem.message) return;
    this.#problem = problem;
    if (this.#renewing === undefined) return; // at the start it is for the caller to say
    this.#options.logger.error({ err: problem }, 'the cluster cannot use the store of this instance');
    this.#options.onRefused(problem);
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

function outdated(storeId: string, generation: number, last: number, howToForget: string): HeadwaterError {
  return new HeadwaterError(
    'HW_CLUSTER_STORE_OUTDATED',
    `the data directory holds store ${storeId} in generation ${generation}, and the cluster has used generation ${last} of it: ` +
      'this is an older copy. Start with the directory that was used last. To go on with this one on purpose, as after ' +
      `putting back a backup, stop all instances, put the other directory away, and have the cluster forget it: ${howToForget}`,
  );
}
