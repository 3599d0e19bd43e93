import type { AnnouncedOwner, DirectoryEntry, OwnerDirectory, StoreOwner } from '@headwater/persistence';

/** A directory in memory, which can be lost or out of reach as Redis can. */
export class MemoryOwnerDirectory implements OwnerDirectory {
  readonly howToForget = 'flush()';
  readonly #listeners = new Set<() => void>();
  #failure: Error | undefined;
  #storeId: string | undefined;
  #generation = 0;
  #announced: { readonly owner: AnnouncedOwner; readonly untilMs: number } | undefined;
  #lastFence = 0;

  /** While it is set every call rejects with it. */
  get failure(): Error | undefined {
    return this.#failure;
  }

  set failure(failure: Error | undefined) {
    this.#failure = failure;
    if (failure === undefined) for (const listener of this.#listeners) listener();
  }

  onReachable(listener: () => void): () => void {
    this.#listeners.add(listener);
    return () => void this.#listeners.delete(listener);
  }

  async find(): Promise<DirectoryEntry> {
    this.#assertReachable();
    return { storeId: this.#storeId, generation: this.#generation, owner: this.#current() };
  }

  async announce(owner: StoreOwner, leaseMs: number): Promise<AnnouncedOwner | undefined> {
    this.#assertReachable();
    this.#storeId ??= owner.storeId;
    if (this.#storeId !== owner.storeId || owner.generation <= this.#generation) return undefined;
    this.#generation = owner.generation;
    this.#lastFence += 1;
    return this.#set({ ...owner, fence: this.#lastFence }, leaseMs);
  }

  async renew(announced: AnnouncedOwner, leaseMs: number): Promise<boolean> {
    this.#assertReachable();
    if (!isSame(this.#current(), announced)) return false;
    this.#set(announced, leaseMs);
    return true;
  }

  async withdraw(announced: AnnouncedOwner): Promise<void> {
    this.#assertReachable();
    if (isSame(this.#announced?.owner, announced)) this.#announced = undefined;
  }

  /** Forgets everything, as a Redis does that is flushed. Fencing numbers begin anew too. */
  flush(): void {
    this.#storeId = undefined;
    this.#generation = 0;
    this.#announced = undefined;
    this.#lastFence = 0;
  }

  #set(owner: AnnouncedOwner, leaseMs: number): AnnouncedOwner {
    this.#announced = { owner, untilMs: performance.now() + leaseMs };
    return owner;
  }

  #current(): AnnouncedOwner | undefined {
    const announced = this.#announced;
    return announced !== undefined && announced.untilMs > performance.now() ? announced.owner : undefined;
  }

  #assertReachable(): void {
    if (this.#failure !== undefined) throw this.#failure;
  }
}

/** The number alone does not tell it: after a {@link MemoryOwnerDirectory.flush} it is given again. */
function isSame(one: AnnouncedOwner | undefined, other: AnnouncedOwner): boolean {
  return one?.fence === other.fence && one.instanceId === other.instanceId;
}
