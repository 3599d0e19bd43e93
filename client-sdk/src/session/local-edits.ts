import { EMPTY_STATE_VECTOR } from '@headwater/protocol';
import * as Y from 'yjs';
import { EditLedger, type SentEdit } from './edit-ledger.ts';
import { encodeFrom } from './edit-ranges.ts';
import { RefusedEdits } from './refused-edits.ts';
import { UndoLog, type UndoStep } from './undo-log.ts';

/** Updates of one turn that are merged into one message; merging costs the square of their number. */
const MAX_MERGED = 64;

/** Something that changed the document and did not come from the server. */
interface LocalChange {
  readonly undo: UndoStep | undefined;
}

/** Where edits go, and who wants to know about them. */
export interface EditOutlet {
  /** @returns false when it is too large: nothing was sent */
  send(kind: 'sync-step-2' | 'update', update: Uint8Array): boolean;
  /** What is unsaved may be more or less. */
  changed(): void;
  refused(edits: RefusedEdits): void;
}

/**
 * Everything in a document that did not come from the server: transactions of the application, what another tab or
 * IndexedDB brought, and what was there from the start. Sends it, what changes in one turn as one message, and knows what of
 * it is not saved (`EditLedger` has the rule).
 */
export class LocalEdits {
  readonly #document: Y.Doc;
  /** Of transactions with what the server sent. */
  readonly #serverOrigin: unknown;
  readonly #rollbackOrigin = { toString: () => 'rollback of refused edits' };
  readonly #outlet: EditOutlet;
  readonly #ledger = new EditLedger<LocalChange>();
  readonly #undoLog: UndoLog;
  /** The updates of the changes that are loose, once the server was told everything else. */
  #queue: Uint8Array[] = [];
  #isFlushScheduled = false;
  /** Whether the server has, or was sent, everything but what is queued. */
  #isLive = false;
  #mayWrite = false;
  /** What the server had when it said so last. */
  #serverVector = EMPTY_STATE_VECTOR;
  #isMixed = false;

  constructor(document: Y.Doc, serverOrigin: unknown, outlet: EditOutlet) {
    this.#document = document;
    this.#serverOrigin = serverOrigin;
    this.#outlet = outlet;
    this.#undoLog = new UndoLog(document, this.#rollbackOrigin);
    this.#undoLog.start();
    if (document.store.clients.size > 0 || this.#holdsPending) this.#ledger.note({ undo: undefined });
    document.on('update', this.#noteUpdate);
  }

  get unsavedChanges(): number {
    return this.#ledger.unsavedChanges;
  }

  /** Takes up what the server sent. */
  apply(update: Uint8Array): void {
    // What waited in the document for this becomes part of the same transaction, and need not be the server's.
    this.#isMixed = this.#holdsPending;
    try {
      Y.applyUpdate(this.#document, update, this.#serverOrigin);
    } finally {
      this.#isMixed = false;
    }
  }

  /** The server says who may do what, at the start of a session or later. */
  permit(isReadOnly: boolean): void {
    const mayWriteNow = !isReadOnly && !this.#mayWrite && this.#isLive;
    this.#mayWrite = !isReadOnly;
    if (isReadOnly) this.#undoLog.start();
    if (mayWriteNow) this.#sendRefused();
    this.#settle();
  }

  /** The server says what it has: sends all it lacks. */
  answer(stateVector: Uint8Array): void {
    this.#flush();
    const update = Y.encodeStateAsUpdate(this.#document, stateVector);
    const hasStructs = update[0] !== 0;
    // A server that lacks what another one, or this one before its restore, had saved: it is unsaved again.
    if (!this.#isLive && this.#mayWrite && hasStructs && this.#ledger.looseChanges === 0) {
      this.#ledger.note({ undo: undefined });
    }
    this.#isLive = true;
    this.#serverVector = stateVector.slice();
    this.#queue = [];
    this.#send('sync-step-2', update, this.#ledger.looseChanges);
    this.#outlet.changed();
  }

  /** Everything up to this message is on disk, or was refused. */
  save(number: number): void {
    this.#ledger.save(number);
    this.#settle();
    this.#outlet.changed();
  }

  refuse(number: number, code: string, reason: string): void {
    const edit = this.#ledger.refuse(number);
    // One without changes is what was rolled back already, or a document the server has all of.
    if (edit === undefined || edit.changes.length === 0) return;
    this.#outlet.changed();
    this.#report(edit, code, reason);
  }

  /** The session is over. Whatever is not saved goes with the first message of the next one. */
  end(): void {
    this.#ledger.end();
    this.#queue = [];
    this.#isLive = false;
    this.#mayWrite = false;
    this.#undoLog.start();
  }

  /** Sends what is queued now, instead of at the end of the turn. */
  flush(): void {
    this.#flush();
  }

  destroy(): void {
    this.#document.off('update', this.#noteUpdate);
    this.#undoLog.stop();
    this.#queue = [];
  }

  readonly #noteUpdate = (update: Uint8Array, origin: unknown): void => {
    if (origin === this.#rollbackOrigin || (origin === this.#serverOrigin && !this.#isMixed)) return;
    this.#ledger.note({ undo: this.#undoLog.takeStep() });
    if (this.#isLive) {
      this.#queue.push(update);
      this.#scheduleFlush();
    }
    this.#outlet.changed();
  };

  /** Whether something is in the document that waits for something that is not. */
  get #holdsPending(): boolean {
    const { pendingStructs, pendingDs } = this.#document.store;
    return pendingStructs !== null || pendingDs !== null;
  }

  /** Nothing of what the log undoes can be refused any more. */
  #settle(): void {
    if (this.#mayWrite && this.#ledger.unsavedChanges === 0) this.#undoLog.stop();
  }

  #scheduleFlush(): void {
    if (this.#isFlushScheduled) return;
    this.#isFlushScheduled = true;
    queueMicrotask(() => {
      this.#isFlushScheduled = false;
      this.#flush();
    });
  }

  #flush(): void {
    while (this.#queue.length > 0) {
      const updates = this.#queue.splice(0, MAX_MERGED);
      if (updates.length > 1 && this.#trySend('update', Y.mergeUpdates(updates), updates.length)) continue;
      for (const update of updates) this.#send('update', update, 1); // each may be small enough
    }
  }

  #send(kind: 'sync-step-2' | 'update', update: Uint8Array, changes: number): void {
    if (this.#trySend(kind, update, changes)) return;
    const edit = this.#ledger.refuseUnsent(update, changes);
    if (changes === 0) return;
    this.#outlet.changed();
    const reason = 'an edit is larger than the messages the server accepts (its option maxMessageBytes)';
    this.#report(edit, 'HW_MESSAGE_TOO_LARGE', reason);
  }

  #trySend(kind: 'sync-step-2' | 'update', update: Uint8Array, changes: number): boolean {
    if (!this.#outlet.send(kind, update)) return false;
    this.#ledger.send(update, changes);
    return true;
  }

  #report(edit: SentEdit<LocalChange>, code: string, reason: string): void {
    this.#outlet.refused(new RefusedEdits(code, reason, edit.update, () => this.#rollBack(edit)));
  }

  #rollBack(edit: SentEdit<LocalChange>): void {
    if (!this.#ledger.undo(edit)) return;
    const steps = edit.changes.flatMap(({ undo }) => undo ?? []);
    this.#undoLog.undo(edit.update, steps);
    if (this.#mayWrite || !this.#isLive) this.#sendUndone(edit.update);
    this.#outlet.changed();
  }

  #sendRefused(): void {
    this.#flush();
    this.#ledger.reopen();
    const update = Y.encodeStateAsUpdate(this.#document, this.#serverVector);
    if (this.#ledger.looseChanges > 0) this.#send('update', update, this.#ledger.looseChanges);
  }

  /**
   * Later edits of this client build on the clocks of those that were refused, so the server has to get these after all: as
   * deletions, of which little is left. Who may not write has nothing to send, and nothing that could count as unsaved.
   */
  #sendUndone(refused: Uint8Array): void {
    this.#flush();
    this.#ledger.note({ undo: undefined });
    if (this.#isLive) this.#send('update', encodeFrom(this.#document, refused), 1);
  }
}
