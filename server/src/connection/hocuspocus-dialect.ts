import { checkDocumentName } from '@headwater/persistence';
import { type AddressedMessage, decodeHocuspocusFrame, HeadwaterError } from '@headwater/protocol';
import { HOCUSPOCUS_HEARTBEAT, HocuspocusFraming } from '../wire/hocuspocus-framing.ts';
import type { Dialect, DialectSurroundings, Link } from './dialect.ts';
import { HocuspocusSession } from './hocuspocus-session.ts';

/** Bytes and messages that may wait on one connection for a token to be sent, or a document to be read. */
const MAX_EARLY_BYTES = 5 * 1024 * 1024;
const MAX_EARLY_MESSAGES = 1_000;

/**
 * `@hocuspocus/provider` 4: a connection carries a session for each document its application has open. Every frame begins
 * with an address; a session begins with a token, accepted or not, and ends with a message of its own
 * (docs/protocol.md, "Hocuspocus").
 */
export class HocuspocusDialect implements Dialect {
  readonly documentName = undefined;
  readonly heartbeat = HOCUSPOCUS_HEARTBEAT;
  readonly #link: Link;
  readonly #around: DialectSurroundings;
  readonly #sessions = new Map<string, HocuspocusSession>();
  /** Sessions that ended while their token was judged or their document was read: they count until that is over. */
  #ending = 0;
  /** What came for sessions that are not open yet. */
  readonly #early = { bytes: 0, messages: 0 };

  constructor(link: Link, around: DialectSurroundings) {
    this.#link = link;
    this.#around = around;
  }

  get hasSession(): boolean {
    for (const session of this.#sessions.values()) if (session.isOpen) return true;
    return false;
  }

  handle(bytes: Uint8Array): void {
    const frame = decodeHocuspocusFrame(bytes);
    if (frame.kind === 'pong') return;
    const { address, documentName, message } = frame;
    if (message.kind === 'close') {
      this.#end(address);
      return;
    }
    const session = this.#sessions.get(address) ?? this.#begin(address, documentName, message);
    if (session === undefined) return;
    if (message.kind === 'token') session.authenticate(message.token);
    else if (session.isOpen) session.handle(message);
    else if (!session.isDenied) this.#keepForLater(session, message, bytes.length);
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
  #begin(address: string, documentName: string, first: AddressedMessage): HocuspocusSession | undefined {
    if (documentName.trim() === '') {
      throw new HeadwaterError('HW_FRAME_MALFORMED', 'a message without a document: name one, or connect to /NAME');
    }
    const problem = this.#problemWith(documentName);
    if (problem !== undefined) {
      if (first.kind === 'token' && !this.#link.isFull) {
        this.#link.send([new HocuspocusFraming(address).denied(problem)]);
      }
      return undefined;
    }
    const session = new HocuspocusSession(address, documentName, this.#link, this.#around, {
      onOpened: () => this.#release(session),
      onDenied: () => void this.#takeKept(session),
      onGone: () => {
        this.#ending -= 1;
        this.#takeKept(session);
      },
    });
    this.#sessions.set(address, session);
    return session;
  }

  #problemWith(documentName: string): string | undefined {
    const { maxDocumentsPerConnection } = this.#around.options;
    if (this.#sessions.size + this.#ending >= maxDocumentsPerConnection) {
      return `more than ${maxDocumentsPerConnection} documents on one connection`;
    }
    try {
      checkDocumentName(documentName);
      return undefined;
    } catch (error) {
      return (error as Error).message;
    }
  }

  #keepForLater(session: HocuspocusSession, message: AddressedMessage, byteLength: number): void {
    this.#early.bytes += byteLength;
    this.#early.messages += 1;
    if (this.#early.bytes > MAX_EARLY_BYTES || this.#early.messages > MAX_EARLY_MESSAGES) {
      throw new HeadwaterError('HW_NOT_AUTHENTICATED', 'too much was sent before a token, or before it was accepted');
    }
    session.keep(message, byteLength);
  }

  #release(session: HocuspocusSession): void {
    for (const message of this.#takeKept(session)) session.handle(message);
  }

  /** Ends a session. One whose token is being judged and that was sent edits takes them up first: its client may be gone for good. */
  #end(address: string): void {
    const session = this.#sessions.get(address);
    if (session === undefined) return;
    this.#sessions.delete(address);
    if (session.isJudging) this.#ending += 1;
    if (!session.isJudging || !session.hasKeptEdits) this.#takeKept(session);
    session.leave();
  }

  #takeKept(session: HocuspocusSession): readonly AddressedMessage[] {
    const { messages, bytes } = session.takeKept();
    this.#early.messages -= messages.length;
    this.#early.bytes -= bytes;
    return messages;
  }
}
