import type { DocumentStore, LogEnd } from '@headwater/persistence';
import type { Logger } from '../logging/logger.ts';

const SWEEP_EVERY_MS = 5_000;
/** After a cut all documents ask for a sweep: they get one. */
const HURRY_MS = 20;
const DOCUMENTS_PER_CALL = 1_000;

const NO_LOG: LogEnd = { documentId: 0, sequence: 0, atOpening: 0, isDeleted: false };

type ComparedStore = Pick<DocumentStore, 'logEnds' | 'epoch'>;

/** A document that is compared with its log. */
export interface Swept {
  readonly name: string;
  /** Every record up to this one is here. */
  readonly through: number;
  /**
   * @param end - how far its log reached, a moment ago
   * @param epoch - of the store, which has said so
   * @param throughBefore - `through` before that was asked
   */
  compare(end: LogEnd, epoch: number, throughBefore: number): void;
}

/**
 * Compares all open documents with the store now and then: whatever the relay lost, it is late and not gone. One call for a
 * thousand documents, and no look at what is in them.
 */
export class Sweep {
  readonly #store: ComparedStore;
  readonly #logger: Logger;
  readonly #documents = new Set<Swept>();
  readonly #timer: NodeJS.Timeout;
  #hurry: NodeJS.Timeout | undefined;
  #running: Promise<void> | undefined;
  /** Asked for while one was under way, which may have asked the store too early. */
  #isOverdue = false;

  constructor(store: ComparedStore, logger: Logger) {
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
        const ends = await this.#store.logEnds(some.map(({ name }) => name));
        const { epoch } = this.#store; // still the one of the answer, in the turn in which that came
        for (const [index, document] of some.entries()) {
          document.compare(ends[index] ?? NO_LOG, epoch, before[index] ?? 0);
        }
      } catch (error) {
        this.#logger.debug({ err: error }, 'documents could not be compared with the store');
      }
    }
  }
}
