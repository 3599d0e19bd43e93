/** An instance that has the store of a cluster open, and where it serves it to the others. */
export interface StoreOwner {
  readonly instanceId: string;
  /** The id the store was given when it was made: `LevelStore.storeId`. */
  readonly storeId: string;
  /** How often the store was taken up so far, as its own directory has it: `LevelStore.generation`. */
  readonly generation: number;
  /** Where other instances reach it. */
  readonly host: string;
  readonly port: number;
}

/** An owner as it was announced. */
export interface AnnouncedOwner extends StoreOwner {
  /**
   * Fencing number: larger with every announcement, so that whoever comes late with an old one changes nothing. A directory that was
   * lost begins anew: an announcement is told by its instance as well.
   */
  readonly fence: number;
}

/** What a directory knows. */
export interface DirectoryEntry {
  /** The store of this cluster, whether anybody has it open or not; `undefined` until one was announced. */
  readonly storeId: string | undefined;
  /** The generation with which that store was announced last; `0` until one was. Kept for as long as the id. */
  readonly generation: number;
  /** Who announced it last, as long as the lease runs. */
  readonly owner: AnnouncedOwner | undefined;
}

/**
 * Where the instances of a cluster find the one that has the store. A signpost and no lock: who may write is decided by
 * LevelDB's lock alone, so an entry that is late, lost or wrong costs time, and never an edit.
 * `test/contracts/owner-directory.ts` is the contract as code.
 *
 * Every method rejects within seconds while the directory cannot be reached; what a rejected call has changed is unknown.
 */
export interface OwnerDirectory {
  /** What an operator types to have the cluster forget its store, when that is gone for good or replaced on purpose. */
  readonly howToForget: string;

  find(): Promise<DirectoryEntry>;

  /** Calls back whenever it can be reached again after it could not be; it may be empty by then. @returns what ends that */
  onReachable(listener: () => void): () => void;

  /**
   * Announces an owner for the length of a lease, in place of whoever was announced: it has the lock, so nobody else
   * can have it. The first store that is announced is the cluster's for good, and each announcement needs a higher generation
   * than the one before: of two copies of a store only one goes on.
   *
   * @returns the announcement, with the highest fencing number so far; `undefined`, and nothing is changed, when the cluster
   * has another store, or has had this one in a generation that is not lower
   */
  announce(owner: StoreOwner, leaseMs: number): Promise<AnnouncedOwner | undefined>;

  /**
   * Begins the lease of an announcement anew.
   *
   * @returns `false`, and nothing is changed, when that is not what is announced any more: it ran out, was lost, or somebody
   * was announced after it
   */
  renew(announced: AnnouncedOwner, leaseMs: number): Promise<boolean>;

  /** Takes an announcement back, unless it is another one by now. The cluster's store stays known. */
  withdraw(announced: AnnouncedOwner): Promise<void>;
}
