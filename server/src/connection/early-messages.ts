import { type AddressedMessage, HeadwaterError } from '@headwater/protocol';

/** Bytes and messages that may wait on one connection for a token to be sent, or a document to be read. */
const MAX_EARLY_BYTES = 5 * 1024 * 1024;
const MAX_EARLY_MESSAGES = 1_000;

/** A message that brings something into a document. */
export type Edit = Extract<AddressedMessage, { readonly update: Uint8Array; readonly kind: 'update' | 'sync-step-2' }>;

export function isEdit(message: AddressedMessage): message is Edit {
  return message.kind === 'update' || message.kind === 'sync-step-2';
}

/** What all sessions of a connection may keep together. */
export class EarlyBudget {
  #bytes = 0;
  #messages = 0;

  /** @throws HW_NOT_AUTHENTICATED when it is used up */
  take(bytes: number): void {
    this.#bytes += bytes;
    this.#messages += 1;
    if (this.#bytes > MAX_EARLY_BYTES || this.#messages > MAX_EARLY_MESSAGES) {
      throw new HeadwaterError('HW_NOT_AUTHENTICATED', 'too much was sent before a token, or before it was accepted');
    }
  }

  giveBack(messages: number, bytes: number): void {
    this.#bytes -= bytes;
    this.#messages -= messages;
  }
}

/** What came for a session that is not open yet. */
export class EarlyMessages {
  readonly #budget: EarlyBudget;
  #messages: AddressedMessage[] = [];
  #bytes = 0;

  constructor(budget: EarlyBudget) {
    this.#budget = budget;
  }

  get hasEdits(): boolean {
    return this.#messages.some(isEdit);
  }

  /** Keeps a message. Its bytes are a view of what the socket read. @throws HW_NOT_AUTHENTICATED when that is too much */
  keep(message: AddressedMessage, bytes: number): void {
    this.#budget.take(bytes);
    this.#messages.push(message);
    this.#bytes += bytes;
  }

  /** They are handled now, or dropped. */
  takeAll(): readonly AddressedMessage[] {
    const messages = this.#messages;
    this.#budget.giveBack(messages.length, this.#bytes);
    this.#messages = [];
    this.#bytes = 0;
    return messages;
  }
}
