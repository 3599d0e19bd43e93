import { checkDocumentName } from '@headwater/persistence';
import { type AddressedMessage, HeadwaterError } from '@headwater/protocol';
import { AddressedSession } from './addressed-session.ts';
import type { DialectSurroundings, Link } from './dialect.ts';
import { EarlyBudget } from './early-messages.ts';
import type { SessionReplies } from './session-replies.ts';

/** A message about a document, where a connection carries several. */
export interface Addressed {
  readonly address: string;
  readonly documentName: string;
  readonly message: AddressedMessage;
}

/**
 * The sessions of a connection that carries several, by address. A session begins with whatever comes first at its address, is
 * open once a token was accepted, and ends with a message of its own.
 */
export class SessionTable {
  readonly #link: Link;
  readonly #around: DialectSurroundings;
  readonly #repliesTo: (address: string) => SessionReplies;
  readonly #sessions = new Map<string, AddressedSession>();
  /** Sessions that ended while their token was judged or their document was read: they count until that is over. */
  #ending = 0;
  readonly #early = new EarlyBudget();

  constructor(link: Link, around: DialectSurroundings, repliesTo: (address: string) => SessionReplies) {
    this.#link = link;
    this.#around = around;
    this.#repliesTo = repliesTo;
  }

  get hasOpen(): boolean {
    for (const session of this.#sessions.values()) if (session.isOpen) return true;
    return false;
  }

  /** Does what a message says. @param byteLength - of its frame @throws HeadwaterError when it ends the connection */
  handle(addressed: Addressed, byteLength: number): void {
    const { address, message } = addressed;
    if (message.kind === 'close') {
      this.#end(address);
      return;
    }
    const session = this.#sessions.get(address) ?? this.#begin(addressed);
    if (session === undefined) return;
    if (message.kind === 'token') session.authenticate(message.token);
    else session.receive(message, byteLength);
  }

  drained(): void {
    for (const session of this.#sessions.values()) {
      if (this.#link.isFull) return; // the next drain comes
      session.drained();
    }
  }

  silence(): void {
    for (const session of this.#sessions.values()) session.silence();
  }

  leave(): void {
    for (const address of this.#sessions.keys()) this.#end(address);
  }

  /** @returns `undefined` when there can be no such session; its client is told why when it sends a token */
  #begin({ address, documentName, message }: Addressed): AddressedSession | undefined {
    if (documentName.trim() === '') {
      throw new HeadwaterError('HW_FRAME_MALFORMED', 'a message without a document: name one, or connect to /NAME');
    }
    const replies = this.#repliesTo(address);
    const problem = this.#problemWith(documentName);
    if (problem !== undefined) {
      if (message.kind === 'token') replies.denied(problem);
      return undefined;
    }
    const onGone = (): void => void (this.#ending -= 1);
    const around = { ...this.#around, link: this.#link, replies, early: this.#early, onGone };
    const session = new AddressedSession(address, documentName, around);
    this.#sessions.set(address, session);
    return session;
  }

  #problemWith(documentName: string): HeadwaterError | undefined {
    const { maxDocumentsPerConnection } = this.#around.options;
    if (this.#sessions.size + this.#ending >= maxDocumentsPerConnection) {
      const problem = `more than ${maxDocumentsPerConnection} documents on one connection`;
      return new HeadwaterError('HW_TOO_MANY_DOCUMENTS', problem);
    }
    try {
      checkDocumentName(documentName);
      return undefined;
    } catch (error) {
      return error as HeadwaterError;
    }
  }

  #end(address: string): void {
    const session = this.#sessions.get(address);
    if (session === undefined) return;
    this.#sessions.delete(address);
    if (session.isJudging) this.#ending += 1;
    session.leave();
  }
}
