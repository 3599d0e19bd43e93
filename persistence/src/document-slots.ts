import type { Commit } from './commit.ts';
import { encodeDocumentName } from './document-name.ts';
import { NO_DOCUMENT, type WritePosition } from './level-reader.ts';

/** A change whose document is still being looked up. */
export interface Step {
  readonly commit: Commit;
  /** Plans the change and adds it to the queue. */
  readonly run: () => void;
}

/** What the store remembers of a document, so that an append reads nothing. */
export class DocumentSlot {
  readonly documentName: string;
  /** `undefined` until it was read. */
  position: WritePosition | undefined;
  /** While it is being read: what comes after, in order. */
  steps: Step[] = [];
  isLookedUp = false;
  /** The youngest change that is not durable. */
  lastUnsaved: Commit | undefined;
  /** How often its deletion was asked for: what was on its way to the document before must not reach the next one. */
  deletions = 0;
  /** Who works with the slot at present; more than none keeps it from being forgotten. */
  users = 0;
  /** Whether it was used since it was last passed over. */
  wasUsed = false;
  /** Whether nothing was written to the document, since the store was opened, that is not remembered here. */
  #isFirst: boolean;
  #found = 0;

  constructor(documentName: string, isFirst: boolean) {
    this.documentName = documentName;
    this.#isFirst = isFirst;
  }

  /** The last sequence when the store was opened, as far as that is known: {@link LogEnd.atOpening}. */
  get atOpening(): number {
    return this.#isFirst ? this.#found : 0;
  }

  /** Takes up what was read, unless something is known. */
  learn(position: WritePosition): void {
    if (this.position !== undefined) return;
    this.position = position;
    this.#found = position.nextSequence - 1;
  }

  /** The document is deleted: nothing of the next one of its name, if there may be one, was there. */
  clear(deletedMs: number | undefined): void {
    this.position = { ...NO_DOCUMENT, deletedMs };
    this.#found = 0;
  }

  /** The store was opened again, by somebody else in between. */
  forget(): void {
    this.position = undefined;
    this.#isFirst = true;
    this.#found = 0;
  }

  /** What was read, or what an unknown document looks like. */
  get current(): WritePosition {
    return this.position ?? NO_DOCUMENT;
  }
}

/**
 * Slots by document name. Those in use are always kept: two slots of one document would give a sequence twice. Of the
 * others, those used lately: whoever was used since the last look at it is passed over once ("second chance"), so an
 * append moves nothing about.
 */
export class DocumentSlots {
  readonly #slots = new Map<string, DocumentSlot>();
  readonly #maxIdle: number;
  #idleCount = 0;
  /** Whether one was forgotten since the store was opened. */
  #hasForgotten = false;

  constructor(maxIdle: number) {
    this.#maxIdle = maxIdle;
  }

  /** To be given back with {@link release}. @throws HW_NAME_INVALID */
  acquire(documentName: string): DocumentSlot {
    let slot = this.#slots.get(documentName);
    if (slot === undefined) {
      encodeDocumentName(documentName);
      slot = new DocumentSlot(documentName, !this.#hasForgotten);
      this.#slots.set(documentName, slot);
    } else if (slot.users === 0) {
      this.#idleCount -= 1;
    }
    slot.users += 1;
    slot.wasUsed = true;
    return slot;
  }

  release(slot: DocumentSlot): void {
    slot.users -= 1;
    if (slot.users > 0) return;
    if (slot.position === undefined) {
      this.#slots.delete(slot.documentName);
      return;
    }
    this.#idleCount += 1;
    if (this.#idleCount > this.#maxIdle) this.#forgetOne();
  }

  /** Forgets what is known of every document. Slots in use stay, and have to be looked up again. */
  forgetAll(): void {
    for (const slot of this.#slots.values()) {
      slot.forget();
      if (slot.users === 0) this.#slots.delete(slot.documentName);
    }
    this.#idleCount = 0;
    this.#hasForgotten = false;
  }

  /** Goes round, from the oldest to those it has put behind the youngest on the way. */
  #forgetOne(): void {
    this.#hasForgotten = true;
    for (const slot of this.#slots.values()) {
      this.#slots.delete(slot.documentName);
      if (slot.users === 0 && !slot.wasUsed) {
        this.#idleCount -= 1;
        return;
      }
      slot.wasUsed = false;
      this.#slots.set(slot.documentName, slot);
    }
  }
}
