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

  constructor(documentName: string) {
    this.documentName = documentName;
  }

  /** What was read, or what an unknown document looks like. */
  get current(): WritePosition {
    return this.position ?? NO_DOCUMENT;
  }
}

/**
 * Slots by document name. Those in use are always kept: two slots of one document would give a sequence twice. Of the
 * others, the most recently used.
 */
export class DocumentSlots {
  readonly #used = new Map<string, DocumentSlot>();
  /** The least recently used first: a Map keeps the order in which it was filled. */
  readonly #idle = new Map<string, DocumentSlot>();
  readonly #maxIdle: number;

  constructor(maxIdle: number) {
    this.#maxIdle = maxIdle;
  }

  /** To be given back with {@link release}. @throws HW_NAME_INVALID */
  acquire(documentName: string): DocumentSlot {
    let slot = this.#used.get(documentName);
    if (slot === undefined) {
      slot = this.#idle.get(documentName);
      if (slot === undefined) {
        encodeDocumentName(documentName);
        slot = new DocumentSlot(documentName);
      } else {
        this.#idle.delete(documentName);
      }
      this.#used.set(documentName, slot);
    }
    slot.users += 1;
    return slot;
  }

  release(slot: DocumentSlot): void {
    slot.users -= 1;
    if (slot.users > 0) return;
    this.#used.delete(slot.documentName);
    if (slot.position === undefined) return;
    this.#idle.set(slot.documentName, slot);
    if (this.#idle.size <= this.#maxIdle) return;
    for (const oldest of this.#idle.keys()) {
      this.#idle.delete(oldest);
      break;
    }
  }

  /** Forgets what is known of every document. Slots in use stay, and have to be looked up again. */
  forgetAll(): void {
    this.#idle.clear();
    for (const slot of this.#used.values()) slot.position = undefined;
  }
}
