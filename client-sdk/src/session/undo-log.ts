import * as Y from 'yjs';
import { deletionOf, without } from './delete-sets.ts';

type StackItem = Y.UndoManager['undoStack'][number];

/** How to undo one transaction. */
export interface UndoStep {
  /** Its place in time. */
  readonly number: number;
  readonly item: StackItem;
}

/** Whatever made a transaction, it may have to be undone. */
class AnyOrigin extends Set<unknown> {
  override has(): boolean {
    return true;
  }
}

/**
 * Keeps what undoes the edits of a document that the server may refuse, because it has not said yet that this client may
 * write, or has said that it may not.
 *
 * What is deleted while it is kept is not garbage-collected, so this has a price, and clients that may write do not pay it: their deletions
 * are not refused.
 */
export class UndoLog {
  readonly #document: Y.Doc;
  readonly #origin: unknown;
  #manager: Y.UndoManager | undefined;
  #steps = 0;
  /** What was inserted by edits that are undone: it does not come back when a later one, which deleted it, is undone, too. */
  #takenBack = Y.createDeleteSet();
  /** Everything that undoing deleted. Nobody else's values of a map are in it, to which an earlier value would have to yield. */
  #cleared = Y.createDeleteSet();
  /** Steps that could not bring everything back yet: a later edit that is not undone stands in the way. */
  #unfinished: UndoStep[] = [];

  /** @param origin - of the transactions that undo, which are not kept themselves */
  constructor(document: Y.Doc, origin: unknown) {
    this.#document = document;
    this.#origin = origin;
  }

  /** Keeps what undoes the edits from now on. */
  start(): void {
    this.#manager ??= new Y.UndoManager(this.#document, {
      captureTimeout: 0,
      captureTransaction: ({ local, origin }) => local && origin !== this.#origin,
      trackedOrigins: new AnyOrigin(),
    });
  }

  /** Lets go of everything. */
  stop(): void {
    this.#manager?.clear();
    this.#manager?.destroy();
    this.#manager = undefined;
    this.#takenBack = Y.createDeleteSet();
    this.#cleared = Y.createDeleteSet();
    this.#unfinished = [];
  }

  /** What undoes the transaction that just ended. */
  takeStep(): UndoStep | undefined {
    // Transactions that changed nothing leave steps, too.
    const item = this.#manager?.undoStack.splice(0).at(-1);
    return item === undefined ? undefined : { number: ++this.#steps, item };
  }

  /**
   * Undoes edits, in whatever order they are given: those of `update` are deleted, and what the steps know to have been deleted is there
   * again.
   */
  undo(update: Uint8Array, steps: readonly UndoStep[]): void {
    const deletion = deletionOf(update);
    // Two transactions: one that applies an update must not make anything, or Yjs takes its client id for somebody else's.
    Y.applyUpdate(this.#document, deletion, this.#origin);
    const manager = this.#manager;
    if (manager === undefined) return;
    const inserted = Y.decodeUpdate(deletion).ds;
    this.#takenBack = Y.mergeDeleteSets([this.#takenBack, inserted]);
    this.#cleared = Y.mergeDeleteSets([this.#cleared, inserted]);
    const latestFirst = [...this.#unfinished, ...steps].sort((a, b) => b.number - a.number);
    this.#document.transact((transaction) => {
      for (const step of latestFirst) this.#bringBack(manager, step);
      this.#cleared = Y.mergeDeleteSets([this.#cleared, transaction.deleteSet]);
      this.#unfinished = latestFirst.filter((step) => this.#isMissing(transaction, step));
    }, this.#origin);
  }

  /** Lets Yjs undo what one transaction deleted; what is there again already stays as it is. */
  #bringBack(manager: Y.UndoManager, { item }: UndoStep): void {
    const { insertions, meta } = item;
    const deletions = without(item.deletions, this.#takenBack);
    manager.undoStack = [{ insertions, deletions, meta }];
    manager.redoStack = [{ insertions: Y.createDeleteSet(), deletions: this.#cleared, meta: new Map() }];
    manager.undo();
    manager.undoStack = [];
    manager.redoStack = [];
  }

  /** Whether something that a step deleted is neither there again nor taken back. */
  #isMissing(transaction: Y.Transaction, { item }: UndoStep): boolean {
    let isMissing = false;
    Y.iterateDeletedStructs(transaction, without(item.deletions, this.#takenBack), (struct) => {
      if (struct instanceof Y.Item && struct.deleted && struct.redone === null) isMissing = true;
    });
    return isMissing;
  }
}
