/** One update of a client that is on its way to the disk. */
interface Owed {
  readonly count: number;
  /** Whether the client counts it. */
  readonly isCounted: boolean;
}

/**
 * Which updates a Hocuspocus provider waits to hear of. It counts in its own way (docs/protocol.md, "Hocuspocus"): a SyncStep1
 * it sends begins a new count at one, which stands for the SyncStep2 it is going to be asked for; every update it sends adds one;
 * and it does not add for the SyncStep2s it is asked for besides. A status for anything else would make it say "saved"
 * too early.
 */
export class SyncStatuses {
  /** Oldest first. */
  #owed: Owed[] = [];
  #count = 0;
  #isStep2Counted = false;

  /** The client sent a SyncStep1. @returns whether it was the first */
  begin(): boolean {
    this.#count += 1;
    this.#isStep2Counted = true;
    return this.#count === 1;
  }

  /** Its next SyncStep2 is counted, too. */
  countNextStep2(): void {
    this.#isStep2Counted = true;
  }

  /** An update, or a SyncStep2, is about to be taken up. */
  owe(kind: 'update' | 'sync-step-2'): void {
    const isCounted = this.#count > 0 && (kind === 'update' || this.#isStep2Counted);
    if (kind === 'sync-step-2') this.#isStep2Counted = false;
    this.#owed.push({ count: this.#count, isCounted });
  }

  /** The oldest `settled` of them are saved. @returns of how many the client is to be told */
  settle(settled: number): number {
    let told = 0;
    for (const { count, isCounted } of this.#owed.splice(0, settled)) if (isCounted && count === this.#count) told += 1;
    return told;
  }

  /** The newest of them was refused, and will not be settled. */
  refuse(): void {
    this.#owed.pop();
  }
}
