import type { DocumentStore } from '@headwater/persistence';

/**
 * In which epoch of the store a document knows its log. When the store is found again in another one, records that were not
 * durable may be gone, and their sequences may have been given to others: until the document has compared what it holds with
 * its log, nobody is told that anything is saved.
 */
export class LogEpoch {
  readonly #store: Pick<DocumentStore, 'epoch'>;
  #known = 0;
  #waiting: (() => void)[] = [];

  constructor(store: Pick<DocumentStore, 'epoch'>) {
    this.#store = store;
  }

  /** The one that the sequences known here belong to. */
  get known(): number {
    return this.#known;
  }

  /** Whether the store is in it. */
  get isCurrent(): boolean {
    return this.#known === this.#store.epoch;
  }

  /** What is known here is so in this epoch. */
  enter(epoch: number): void {
    this.#known = epoch;
    if (!this.isCurrent) return;
    for (const then of this.#waiting.splice(0)) then();
  }

  /** Calls back once what is known here is known to be so in the epoch the store is in; at once when it is. */
  whenCurrent(then: () => void): void {
    if (this.isCurrent) then();
    else this.#waiting.push(then);
  }
}
