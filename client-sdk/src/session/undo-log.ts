import * as encoding from 'lib0/encoding';
import * as Y from 'yjs';
import { type EditRange, rangesOf } from './edit-ranges.ts';

/** How to undo one transaction. */
export type UndoStep = Y.UndoManager['undoStack'][number];

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
  }

  /** What undoes the transaction that just ended. */
  takeStep(): UndoStep | undefined {
    // Transactions that changed nothing leave steps, too.
    return this.#manager?.undoStack.splice(0).at(-1);
  }

  /**
   * Undoes edits: those of `update` are deleted, and what the steps know to have been deleted is there again.
   *
   * @param steps - the oldest first
   */
  undo(update: Uint8Array, steps: readonly UndoStep[]): void {
    // Two transactions: one that applies an update must not make anything, or Yjs takes its client id for somebody else's.
    Y.applyUpdate(this.#document, deletionOf(update), this.#origin);
    const manager = this.#manager;
    if (manager === undefined) return;
    this.#document.transact(() => {
      for (const step of steps.toReversed()) {
        manager.undoStack = [step];
        manager.undo();
      }
    }, this.#origin);
    manager.undoStack = [];
    manager.redoStack = [];
  }
}

/** An update that deletes whatever another one inserts. Yjs splits and deletes what it names as it does for everybody's. */
function deletionOf(update: Uint8Array): Uint8Array {
  const clients = new Map<number, EditRange[]>();
  for (const range of rangesOf(update)) clients.set(range.client, [...(clients.get(range.client) ?? []), range]);
  return encoding.encode((encoder) => {
    encoding.writeVarUint(encoder, 0); // no structs
    encoding.writeVarUint(encoder, clients.size);
    for (const [client, ranges] of clients) {
      encoding.writeVarUint(encoder, client);
      encoding.writeVarUint(encoder, ranges.length);
      for (const { clock, length } of ranges) {
        encoding.writeVarUint(encoder, clock);
        encoding.writeVarUint(encoder, length);
      }
    }
  });
}
