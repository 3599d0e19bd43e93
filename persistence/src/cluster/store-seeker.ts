import { access } from 'node:fs/promises';
import { join, resolve } from 'node:path';
import { HeadwaterError } from '@headwater/protocol';
import type { LevelStoreOptions } from '../level-options.ts';
import { LevelStore } from '../level-store.ts';
import { type HostLink, linkTo } from '../remote/host-link.ts';
import type { LinkOptions } from '../remote/remote-store.ts';
import type { FindStore, OpenedStore } from '../remote/store-search.ts';
import type { AnnouncedOwner, DirectoryEntry } from './owner-directory.ts';
import { missing, withoutDirectory } from './start-problems.ts';
import { type OwnershipOptions, otherStore, StoreOwnership } from './store-ownership.ts';

export interface SeekerOptions extends OwnershipOptions, LinkOptions {
  /** Directory of the store. */
  readonly data: string;
  readonly level: LevelStoreOptions;
  /** Called whenever the store was opened here. */
  readonly onOwner: () => void;
}

type Seeker = Parameters<FindStore>[0];

/**
 * Decides where the store of a cluster is: with the owner that is announced, when that answers; else here, when LevelDB's
 * lock can be had; else nowhere at the moment.
 *
 * The lock is what decides. The directory of owners is asked first because that is sooner, and spares everybody the attempt
 * to take a lock that is taken.
 */
export class StoreSeeker {
  readonly #options: SeekerOptions;
  /** The cluster's store, once that is known. */
  #storeId: string | undefined;
  /** Whom this instance was connected to last. */
  #lastOwner: AnnouncedOwner | undefined;
  /** What the data directory is to the cluster; unknown until it was looked into, or found locked. */
  #own: 'unknown' | 'the store' | 'unused' = 'unknown';
  /** Why the store could not be opened here the last time. */
  #lockError: HeadwaterError | undefined;
  /** Whom the directory named at the last look. */
  #announced: AnnouncedOwner | undefined;
  #isDirectoryAway = false;

  constructor(options: SeekerOptions) {
    this.#options = options;
  }

  /**
   * Looks once.
   *
   * @throws HW_CLUSTER_OTHER_STORE, HW_CLUSTER_STORE_OUTDATED, HW_CLUSTER_SECRET_WRONG, HW_CLUSTER_VERSIONS_DIFFER, and what
   * `LevelStore.open` throws but HW_STORE_LOCKED
   */
  async find(seeker: Seeker): Promise<HostLink | OpenedStore | undefined> {
    const entry = await this.#lookUp();
    const link = await this.#link(entry, seeker);
    if (link !== undefined) return link;
    return seeker.signal.aborted ? undefined : this.#open(entry);
  }

  /** Whether the directory of owners could not be asked at the last look. */
  get isDirectoryAway(): boolean {
    return this.#isDirectoryAway;
  }

  /** Why the last look found nothing, for somebody who waits for a start; `undefined` when there is no more to say. */
  get whyNothing(): HeadwaterError | undefined {
    const { data, owners } = this.#options;
    if (this.#isDirectoryAway) return withoutDirectory(data, this.#lockError !== undefined);
    if (this.#lockError !== undefined || this.#storeId === undefined) return this.#lockError;
    return missing(this.#storeId, this.#announced, data, owners.howToForget);
  }

  /** What the directory says; nothing when it cannot be reached. */
  async #lookUp(): Promise<DirectoryEntry | undefined> {
    try {
      const entry = await this.#options.owners.find();
      this.#storeId ??= entry.storeId;
      this.#announced = entry.owner;
      this.#isDirectoryAway = false;
      return entry;
    } catch {
      this.#isDirectoryAway = true;
      return undefined;
    }
  }

  async #link(entry: DirectoryEntry | undefined, seeker: Seeker): Promise<HostLink | undefined> {
    // While the directory cannot be asked, the owner is most likely still who it was.
    const owner = entry === undefined ? this.#lastOwner : entry.owner;
    if (owner === undefined || owner.instanceId === this.#options.instanceId) return undefined;
    const { secret, heartbeatMs, silenceMs, greetingMs } = this.#options;
    let link: HostLink;
    try {
      link = await linkTo(owner, { secret, heartbeatMs, silenceMs, greetingMs, ...seeker });
    } catch (error) {
      if (error instanceof HeadwaterError && error.code === 'HW_STORE_UNAVAILABLE') return undefined; // it may be gone
      throw error;
    }
    try {
      if (this.#own === 'unknown') await this.#lookInto(link);
    } catch (error) {
      link.channel.destroy();
      throw error;
    }
    this.#storeId ??= link.storeId;
    if (owner.instanceId !== this.#lastOwner?.instanceId) this.#noteOwner(owner);
    this.#lastOwner = owner;
    this.#options.onConfirmed();
    return link;
  }

  #noteOwner({ instanceId, host, port }: AnnouncedOwner): void {
    const { logger, data } = this.#options;
    const rest = this.#own === 'unused' ? 'the data directory of this one is left unused' : 'this one may take over';
    const fields = { owner: instanceId, address: `${host}:${port}`, data: resolve(data) };
    logger.info(fields, `the store is with another instance; ${rest}`);
  }

  /** Before the store of another instance is used: what is in the directory of this one? */
  async #lookInto(link: HostLink): Promise<void> {
    const { data } = this.#options;
    const level = (await hasStore(data)) ? await this.#openLevel() : undefined;
    if (level === undefined) {
      this.#own = (await hasStore(data)) ? 'the store' : 'unused';
      return;
    }
    const isEmpty = await isEmptyStore(level);
    await level.close();
    if (level.storeId !== link.storeId) {
      if (!isEmpty) throw otherStore(level.storeId, link.storeId);
      this.#own = 'unused';
    } else if (link.channel.isOpen) {
      throw copyOf(link.storeId, data);
    }
  }

  async #open(entry: DirectoryEntry | undefined): Promise<OpenedStore | undefined> {
    const { data } = this.#options;
    if (this.#own === 'unused') return undefined;
    // No store is made where the cluster has one elsewhere, or may have one.
    if ((entry === undefined || this.#storeId !== undefined) && !(await hasStore(data))) return undefined;
    const level = await this.#openLevel();
    if (level === undefined) return undefined;
    const clusters = entry?.storeId ?? this.#storeId;
    const ownership = clusters === undefined || clusters === level.storeId ? await this.#begin(level) : undefined;
    if (ownership === undefined) {
      await this.#leave(level);
      return undefined;
    }
    this.#own = 'the store';
    this.#storeId = level.storeId;
    const { logger, instanceId, onOwner } = this.#options;
    logger.info({ instanceId, data: resolve(data) }, 'this instance has the store now, and serves it to the others');
    onOwner();
    return ownership;
  }

  /** @returns `undefined` while somebody else has it open */
  async #openLevel(): Promise<LevelStore | undefined> {
    try {
      const level = await LevelStore.open(this.#options.data, this.#options.level);
      this.#lockError = undefined;
      return level;
    } catch (error) {
      if (!(error instanceof HeadwaterError) || error.code !== 'HW_STORE_LOCKED') throw error;
      this.#lockError = error;
      return undefined;
    }
  }

  async #begin(level: LevelStore): Promise<StoreOwnership | undefined> {
    try {
      return await StoreOwnership.begin(level, this.#options);
    } catch (error) {
      await level.close();
      throw error;
    }
  }

  /** The cluster has another store. An empty one is left as it is, and never taken for the cluster's. */
  async #leave(level: LevelStore): Promise<void> {
    const isEmpty = await isEmptyStore(level);
    await level.close();
    const { storeId } = (await this.#lookUp()) ?? { storeId: this.#storeId };
    if (!isEmpty) throw otherStore(level.storeId, storeId);
    this.#own = 'unused';
  }
}

/** Whether there is a LevelDB in a directory. */
async function hasStore(directory: string): Promise<boolean> {
  return access(join(directory, 'CURRENT')).then(
    () => true,
    () => false,
  );
}

async function isEmptyStore(level: LevelStore): Promise<boolean> {
  for await (const _ of level.list({ limit: 1 })) return false;
  return true;
}

function copyOf(storeId: string, data: string): HeadwaterError {
  return new HeadwaterError(
    'HW_CLUSTER_OTHER_STORE',
    `"${data}" holds a copy of store ${storeId}, which another instance of the cluster serves from its own directory: ` +
      'the copy would be taken for the store one day. Start with the same directory, or with an empty --data',
  );
}
