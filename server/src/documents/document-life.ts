import { DOCUMENT_TRANSITIONS, type DocumentEvent, type DocumentState } from './document-state.ts';

/** What a life needs of the document whose it is. */
export interface Living {
  /** Whether nobody is there. */
  isDeserted(): boolean;
  /** Whether everything received is durable. */
  isSaved(): boolean;
  /** How long it stays in memory when nobody is there, in milliseconds. */
  idleMs(): number;
  /** Makes everything received durable; waits as long as the store fails. */
  save(): Promise<void>;
  /** Waits for work that is under way, and does what is worth it while nobody is there. Asks now and then whether it goes on. */
  tidyUp(isStillDraining: () => boolean): Promise<void>;
  /** It is gone from memory. */
  end(): void;
}

/** Whether a document is being read, used, left or gone: the table of `document-state.ts`, and the time between. */
export class DocumentLife {
  readonly #document: Living;
  #state: DocumentState = 'loading';
  #idleTimer: NodeJS.Timeout | undefined;
  #isDraining = false;
  #isDisposed = false;

  constructor(document: Living) {
    this.#document = document;
  }

  get state(): DocumentState {
    return this.#state;
  }

  loaded(): void {
    this.#transition('loaded');
    this.deserted(); // somebody asked for it, so usually somebody joins right away
  }

  loadFailed(): void {
    this.#transition('load-failed');
    this.#document.end();
  }

  joined(): void {
    this.#transition('joined');
    clearTimeout(this.#idleTimer);
  }

  /** Nobody is there: it is let go when that stays so. */
  deserted(): void {
    if (this.#isDisposed) return; // it was being read when the server closed, say
    clearTimeout(this.#idleTimer);
    this.#idleTimer = setTimeout(() => {
      this.#transition('idle');
      void this.#drain();
    }, this.#document.idleMs());
    this.#idleTimer.unref();
  }

  /** What is in memory is not true any more. @returns whether it is over therefore */
  outdated(): boolean {
    this.#transition('outdated');
    return this.#state === 'closed';
  }

  /** Stops the timer. */
  dispose(): void {
    this.#isDisposed = true;
    clearTimeout(this.#idleTimer);
  }

  #transition(event: DocumentEvent): void {
    this.#state = DOCUMENT_TRANSITIONS[this.#state][event];
  }

  /** Saves, tidies up, lets go. Somebody who joins meanwhile cancels it at the next step. */
  async #drain(): Promise<void> {
    if (this.#isDraining) return;
    this.#isDraining = true;
    try {
      await this.#document.save();
      await this.#document.tidyUp(() => this.#state === 'draining');
    } finally {
      this.#isDraining = false;
    }
    if (this.#state !== 'draining') {
      if (this.#document.isDeserted()) this.deserted(); // joined and left again while this was running
      return;
    }
    if (!this.#document.isSaved()) return void this.#drain();
    this.#transition('drained');
    this.#document.end();
  }
}
