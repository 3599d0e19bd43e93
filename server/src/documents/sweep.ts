import type { DocumentStore } from '@headwater/persistence';
import type { Logger } from '../logging/logger.ts';

const SWEEP_EVERY_MS = 5_000;
/** After a cut all documents ask for a sweep: they get one. */
const HURRY_MS = 20;
const DOCUMENTS_PER_CALL = 1_000;

/** A document that is compared with its log. */
export interface Swept {
  readonly name: string;
  /** Every record up to this one is here. */
  readonly through: number;
  /** @param reached - how far its log reached, a moment ago; @param throughBefore - `through` before that was asked */
  compare(reached: number, throughBefore: number): void;
}

/**
 * Compares all open documents with the store now and then: whatever the relay lost, it is late and not gone. One call for a
 * thousand documents, and no look at what is in them.
 */
export class Sweep {
  readonly #store: Pick<DocumentStore, 'sequences'>;
  readonly #logger: Logger;
  readonly #documents = new Set<Swept>();
  readonly #timer: NodeJS.Timeout;
  #hurry: NodeJS.Timeout | undefined;
  #running: Promise<void> | undefined;
  /** Asked for while one was under way, which may have asked the store too early. */
  #isOverdue = false;

  constructor(store: Pick<DocumentStore, 'sequences'>, logger: Logger) {
    this.#store = store;
    this.#logger = logger;
    this.#timer = setInterval(() => this.#start(), SWEEP_EVERY_MS);
    this.#timer.unref();
  }

  add(document: Swept): void {
    this.#documents.add(document);
  }

  delete(document: Swept): void {
    this.#documents.delete(document);
  }

  /** Something may have been missed: sweeps at once, once for all who ask, or again when a sweep is under way. */
  soon(): void {
    this.#hurry ??= setTimeout(() => {
      this.#hurry = undefined;
      this.#isOverdue = this.#running !== undefined;
      this.#start();
    }, HURRY_MS);
  }

  /** Stops the timers. */
  close(): void {
    clearInterval(this.#timer);
    clearTimeout(this.#hurry);
    this.#isOverdue = false;
    this.#documents.clear();
  }

  #start(): void {
    this.#running ??= this.#run().finally(() => {
      this.#running = undefined;
      if (!this.#isOverdue) return;
      this.#isOverdue = false;
      this.#start();
    });
  }

  /** Never rejects: a store that cannot say is asked again. */
  async #run(): Promise<void> {
    const documents = [...this.#documents];
    for (let at = 0; at < documents.length; at += DOCUMENTS_PER_CALL) {
      const some = documents.slice(at, at + DOCUMENTS_PER_CALL).filter((document) => this.#documents.has(document));
      const before = some.map(({ through }) => through);
      try {
        const reached = await this.#store.sequences(some.map(({ name }) => name));
        for (const [index, document] of some.entries()) document.compare(reached[index] ?? 0, before[index] ?? 0);
      } catch (error) {
        this.#logger.debug({ err: error }, 'documents could not be compared with the store');
      }
    }
  }
}
