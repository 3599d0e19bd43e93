import type { LogEntry } from '@headwater/persistence';
import { yWebsocketFraming } from '../wire/y-websocket-framing.ts';
import type { DocumentContents } from './contents.ts';
import { PendingBatch } from './pending-batch.ts';
import type { TailBatch } from './tail.ts';
import type { WaitingRetries } from './waiting-retries.ts';

/** The parts of a document through which edits of other instances go. */
export interface EditedParts {
  readonly contents: DocumentContents;
  readonly retries: WaitingRetries;
  /** Milliseconds since the epoch. */
  readonly now: () => number;
  /** The batch that is handed to the store at the end of this turn. */
  readonly pending: () => PendingBatch;
  /** Calls back once everything taken up so far has been shown: it may be what comes now builds on. */
  readonly onceShown: (then: () => void) => void;
  /** Shows a batch to every session. */
  readonly show: (shown: TailBatch) => void;
}

/** Takes up what other instances wrote: admitted and shown like edits of clients here, and not written once more. */
export class OthersEdits {
  readonly #parts: EditedParts;

  constructor(parts: EditedParts) {
    this.#parts = parts;
  }

  /**
   * A record of the log.
   *
   * @param keepsWaiting - whether to keep what of it waits for others
   * @returns whether nothing of it does
   */
  takeRecord(entries: readonly LogEntry[], sequence: number, keepsWaiting: boolean): boolean {
    const { contents, retries, now, pending, onceShown, show } = this.#parts;
    const { knowledge, waiting } = contents;
    const batch = new PendingBatch(now());
    let isWhole = true;
    for (const { update, author } of entries) {
      const admission = knowledge.admit(update);
      if (admission.added !== undefined) batch.add(admission.added, author, admission);
      if (admission.waiting === undefined) continue;
      isWhole = false;
      if (keepsWaiting) waiting.keepAnyway({ update: admission.waiting, author }, pending());
    }
    if (batch.hasUpdates) {
      const shown = { ...batch.toTailBatch(yWebsocketFraming), sequence };
      onceShown(() => show(shown));
      if (waiting.size > 0) retries.tryNews(knowledge, pending());
    }
    return isWhole;
  }

  /** What another instance could not store yet is stored here as well: what was seen must not depend on one process. */
  takeUnwritten(entries: readonly LogEntry[]): void {
    const { contents, pending } = this.#parts;
    for (const { update, author } of entries) {
      const admission = contents.knowledge.admit(update);
      if (admission.added !== undefined) pending().add(admission.added, author, admission);
      if (admission.waiting !== undefined) {
        contents.waiting.keepAnyway({ update: admission.waiting, author }, pending());
      }
    }
  }

  /** What was shown here, and is gone from the log after a record, is stored again: it must not be with those alone who saw it. */
  storeAgain(after: number): void {
    const { contents, pending } = this.#parts;
    for (const { sequence, updates, ends, deletes } of contents.tail.since(0)) {
      if (sequence !== undefined && sequence <= after) continue;
      for (const update of updates) pending().add(update, '', { ends: [...ends], deletes });
    }
  }

  /** What waits elsewhere, and is stored already: here may be, or come, what it waits for. */
  takeWaiting(entries: readonly LogEntry[]): void {
    for (const entry of entries) this.#parts.contents.waiting.keepHere(entry);
  }
}
