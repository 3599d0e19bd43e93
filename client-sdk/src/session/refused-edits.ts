import { type EditRange, rangesOf } from './edit-ranges.ts';

/** Edits the server did not take up. They are still in this document, and in no other. */
export class RefusedEdits {
  /** Why: `HW_READ_ONLY`, `HW_MESSAGE_TOO_LARGE`, or another code, which may be newer than this package. */
  readonly code: string;
  /** The same for people. */
  readonly reason: string;
  readonly #update: Uint8Array;
  readonly #undo: () => void;

  constructor(code: string, reason: string, update: Uint8Array, undo: () => void) {
    this.code = code;
    this.reason = reason;
    this.#update = update;
    this.#undo = undo;
  }

  /** What they inserted: stretches of clocks, as in Yjs ids. Deletions are in no range. */
  get ranges(): readonly EditRange[] {
    return rangesOf(this.#update);
  }

  /** The edits themselves, an update to keep a copy of. */
  get update(): Uint8Array {
    return this.#update;
  }

  /**
   * Takes them back in this document, in whatever order several are: what they inserted is deleted, and what they deleted while this
   * client could not write is inserted again. That is a copy, which a later deletion of the original by somebody else does not
   * reach; a new `Y.Doc` has none. They do not count as unsaved any more. Does nothing when they were sent again meanwhile, after a reconnect; if they are refused once
   * more, there is another event.
   */
  rollback(): void {
    this.#undo();
  }
}
