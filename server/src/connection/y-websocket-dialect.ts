import { closeCodeOf, decodeFrame, HeadwaterError } from '@headwater/protocol';
import { accessOf, tokenExpired } from '../access/access.ts';
import { Expiry } from '../access/expiry.ts';
import { documentDeleted, isDeletion } from '../documents/deletion.ts';
import type { HostedDocument } from '../documents/hosted-document.ts';
import type { Session } from '../documents/session.ts';
import { Y_WEBSOCKET_HEARTBEAT, yWebsocketFraming } from '../wire/y-websocket-framing.ts';
import type { Dialect, DialectSurroundings, Link } from './dialect.ts';
import { handleMessage } from './handlers.ts';

/** `y-websocket`: a connection is one session, of the document that its path names. */
export class YWebsocketDialect implements Dialect, Session {
  readonly documentName: string;
  readonly framing = yWebsocketFraming;
  readonly heartbeat = Y_WEBSOCKET_HEARTBEAT;
  author: string;
  isReadOnly = false;
  readonly #link: Link;
  readonly #around: DialectSurroundings;
  readonly #expiry: Expiry;
  #document: HostedDocument | undefined;
  #hasLeft = false;

  constructor(documentName: string, link: Link, around: DialectSurroundings) {
    this.documentName = documentName;
    this.#link = link;
    this.#around = around;
    this.author = link.author;
    this.#expiry = new Expiry(around.now, { onSoon: () => {}, onExpired: () => this.close(tokenExpired()) });
  }

  get hasSession(): boolean {
    return this.#document !== undefined;
  }

  /** Opens the document and joins it. Never rejects: a document that cannot be had ends the connection. */
  async open(): Promise<void> {
    const { documentName } = this;
    const { authenticate, registry, logger, now } = this.#around;
    try {
      const { visitor } = this.#link;
      const token = visitor.parameters.get('token') ?? undefined;
      const { user, isReadOnly, expiresAt } = await accessOf(authenticate, { ...visitor, documentName, token }, now);
      this.author = user ?? this.author;
      this.isReadOnly = isReadOnly;
      const document = await registry.open(documentName);
      if (this.#hasLeft) return;
      // A client that has left in the meantime may have left edits too: they wait in the inbox.
      this.#document = document;
      this.#expiry.set(expiresAt);
      document.join(this);
      this.#link.release();
    } catch (error) {
      if (this.#hasLeft) return;
      if (error instanceof HeadwaterError && closeCodeOf(error) !== undefined) {
        logger.info({ documentName, author: this.author, reason: error.message }, 'access denied');
        this.close(isDeletion(error) ? documentDeleted(error) : error);
        return;
      }
      logger.error({ documentName, err: error }, 'document could not be opened');
      this.close(new HeadwaterError('HW_DOCUMENT_UNREADABLE', 'the document could not be opened', { cause: error }));
    }
  }

  handle(frame: Uint8Array): void {
    if (this.#document === undefined) return;
    for (const message of decodeFrame(frame)) handleMessage(this.#document, this, message);
  }

  send(buffers: readonly Uint8Array[]): boolean {
    return this.#link.send(buffers);
  }

  acknowledge(): void {} // these clients know no acknowledgement

  refuse(): void {} // nor the opposite

  close(error: HeadwaterError): void {
    this.#link.close(error);
  }

  isResponsive(): Promise<boolean> {
    return this.#link.isResponsive();
  }

  drained(): void {
    this.#document?.drained(this);
  }

  silence(): void {
    this.#document?.silence(this);
  }

  leave(): void {
    this.#hasLeft = true;
    this.#expiry.clear();
    this.#document?.leave(this);
    this.#document = undefined;
  }
}
