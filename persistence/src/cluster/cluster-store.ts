import { HeadwaterError } from '@headwater/protocol';
import { type LevelStoreOptions, SILENT, type StoreLogger, SYSTEM_CLOCK } from '../level-options.ts';
import type { ChannelTimes } from '../remote/channel.ts';
import type { ClusterSecret } from '../remote/greeting.ts';
import { RemoteStore, type RemoteStoreOptions } from '../remote/remote-store.ts';
import type { OwnerDirectory } from './owner-directory.ts';
import { StoreSeeker } from './store-seeker.ts';

export interface ClusterStoreOptions extends RemoteStoreOptions, ChannelTimes {
  /** Directory of the store. Instances that are given the same one take over from each other. */
  readonly data: string;
  /** This instance, among all of the cluster. */
  readonly instanceId: string;
  readonly owners: OwnerDirectory;
  readonly secret: ClusterSecret;
  /** Address to serve the store on, when it is opened here. @defaultValue `'127.0.0.1'` */
  readonly host?: string | undefined;
  /** Port to serve it on. @defaultValue `0`, a free one */
  readonly port?: number | undefined;
  /** For the `LevelStore`, when it is opened here. */
  readonly level?: LevelStoreOptions | undefined;
  /** Called whenever the store was opened here. */
  readonly onOwner?: (() => void) | undefined;
  /**
   * Called when the store is known to be the cluster's: opened from its owner, or announced. While the directory of owners is out of
   * reach a store is opened without.
   */
  readonly onConfirmed?: (() => void) | undefined;
  /**
   * Called when a store that was opened without the directory of owners turns out not to be the cluster's: with
   * HW_CLUSTER_OTHER_STORE or HW_CLUSTER_STORE_OUTDATED. Nothing that is written to it reaches the others: close it.
   */
  readonly onRefused?: ((problem: HeadwaterError) => void) | undefined;
  /** Milliseconds for which an owner is announced; it renews that in time. @defaultValue `6_000` */
  readonly leaseMs?: number | undefined;
  /**
   * Milliseconds after which an owner raises the generation of the store again: a copy that was made of it while it was in use
   * is refused when it is older than that. @defaultValue `60_000`
   */
  readonly raiseMs?: number | undefined;
  /** Milliseconds an opening waits for somebody who serves the store. @defaultValue `30_000` */
  readonly startTimeoutMs?: number | undefined;
}

export const CLUSTER_STORE_DEFAULTS = {
  leaseMs: 6_000,
  raiseMs: 60_000,
  startTimeoutMs: 30_000,
} as const satisfies Partial<ClusterStoreOptions>;

/** Between two looks for an owner at the start. */
const LOOK_EVERY_MS = 200;

/**
 * The one store of a cluster, wherever it is open: in this instance, which then serves it to the others, or in another one.
 * When the owner goes, an instance that has the same directory opens it in its place; what was on the way is kept, and stored.
 *
 * @example
 * ```ts
 * const cluster = await ClusterStore.open({ data: './data', instanceId, owners, secret });
 * cluster.isOwner; // whether LevelDB is open here
 * await cluster.store.append('notes', { timeMs: Date.now(), entries: [{ update, author: 'ada' }] }).durable;
 * await cluster.store.close();
 * ```
 */
export class ClusterStore {
  /** Closing it leaves the cluster; an owner that closes lets another instance take over. */
  readonly store: RemoteStore;

  private constructor(store: RemoteStore) {
    this.store = store;
  }

  /**
   * Opens the store of the cluster that `owners` belongs to: makes one when it has none yet.
   *
   * @throws HW_CLUSTER_OTHER_STORE when the data directory has documents and is not what the cluster uses
   * @throws HW_CLUSTER_STORE_OUTDATED when it has an older copy of what the cluster uses
   * @throws HW_CLUSTER_SECRET_WRONG, HW_CLUSTER_VERSIONS_DIFFER when the owner does not let this instance in
   * @throws HW_STORE_LOCKED when somebody has the directory open and does not serve it
   * @throws HW_STORE_UNAVAILABLE when the cluster's store is with nobody, or nobody can say where it is
   * @throws HW_LISTEN_FAILED, and what `LevelStore.open` throws
   */
  static async open(options: ClusterStoreOptions): Promise<ClusterStore> {
    const { leaseMs = CLUSTER_STORE_DEFAULTS.leaseMs, raiseMs = CLUSTER_STORE_DEFAULTS.raiseMs } = options;
    const { logger = SILENT, level = {}, onOwner = noop, onConfirmed = noop, onRefused = noop } = options;
    const seeker = new StoreSeeker({
      ...options,
      leaseMs,
      raiseMs,
      logger,
      level,
      onOwner,
      onConfirmed,
      onRefused,
    });
    const deadline = performance.now() + (options.startTimeoutMs ?? CLUSTER_STORE_DEFAULTS.startTimeoutMs);
    const noted = new Set<string>();
    for (;;) {
      try {
        return new ClusterStore(await RemoteStore.open((request) => seeker.find(request), options));
      } catch (error) {
        if (!isNobodyThere(error)) throw error;
        const { whyNothing = error, isDirectoryAway } = seeker;
        if (performance.now() > deadline) throw whyNothing;
        if (!noted.has(whyNothing.message)) noteWait(logger, whyNothing, isDirectoryAway);
        noted.add(whyNothing.message);
      }
      await SYSTEM_CLOCK.sleep(LOOK_EVERY_MS, new AbortController().signal);
    }
  }

  /** Whether the store is open in this instance. */
  get isOwner(): boolean {
    return this.store.isOpenedHere;
  }
}

const noop = (): void => {};

/** Somebody has the store, or is about to: that is no failure yet. Without the directory of owners it takes an operator. */
function noteWait(logger: StoreLogger, { code, message }: HeadwaterError, isDirectoryAway: boolean): void {
  if (isDirectoryAway) logger.warn({ code }, message);
  else logger.info({}, 'waiting for the instance that has the store');
}

function isNobodyThere(error: unknown): error is HeadwaterError {
  return error instanceof HeadwaterError && error.code === 'HW_STORE_UNAVAILABLE';
}
