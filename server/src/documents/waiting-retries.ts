import type { Knowledge } from '@headwater/protocol';
import type { PendingBatch } from './pending-batch.ts';
import type { WaitingUpdates } from './waiting-updates.ts';

/** When what waits is tried again: with new edits, or later when that is too much to be done with each of them. */
export class WaitingRetries {
  readonly #waiting: WaitingUpdates;
  readonly #onDue: () => void;
  #timer: NodeJS.Timeout | undefined;

  /** `onDue`: call {@link tryAll} now. */
  constructor(waiting: WaitingUpdates, onDue: () => void) {
    this.#waiting = waiting;
    this.#onDue = onDue;
  }

  /** Whether there is something left to try. */
  get isPending(): boolean {
    return this.#timer !== undefined;
  }

  /** New edits may be what others waited for. */
  tryNews(knowledge: Knowledge, batch: PendingBatch): void {
    if (this.#waiting.size === 0) return;
    this.#waiting.noteNews();
    if (this.#waiting.retryDelayMs === 0) this.#try(knowledge, batch);
    else this.#tryLater();
  }

  /** Tries what is left, as much as may be done at once. */
  tryAll(knowledge: Knowledge, batch: PendingBatch): void {
    this.dispose();
    if (this.#waiting.size > 0) this.#try(knowledge, batch);
  }

  /** Stops the timer. */
  dispose(): void {
    clearTimeout(this.#timer);
    this.#timer = undefined;
  }

  #try(knowledge: Knowledge, batch: PendingBatch): void {
    if (!this.#waiting.retry(knowledge, batch)) this.#tryLater();
  }

  #tryLater(): void {
    this.#timer ??= setTimeout(this.#onDue, this.#waiting.retryDelayMs);
  }
}
