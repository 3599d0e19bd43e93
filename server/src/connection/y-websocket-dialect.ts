import { closeCodeOf, decodeFrame, HeadwaterError } from '@headwater/protocol';
import type { Granted } from '../access/access.ts';
import { SessionAccess } from '../access/session-access.ts';
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
  readonly #access: SessionAccess<HostedDocument>;
  #document: HostedDocument | undefined;
  #hasLeft = false;

  constructor(documentName: string, link: Link, around: DialectSurroundings) {
    this.documentName = documentName;
    this.#link = link;
    this.#around = around;
    this.author = link.author;
    this.#access = new SessionAccess({ documentName, visitor: link.visitor }, around, {
      open: () => this.#document ?? around.registry.open(documentName),
      onGranted: (access, document) => this.#grant(access, document),
      onFailed: (error) => this.#fail(error),
      onExpiresSoon: () => {}, // it would not know what to do
      onSettled: () => {},
      isOver: () => this.#hasLeft,
    });
  }

  get hasSession(): boolean {
    return this.#document !== undefined;
  }

  /** Opens the document and joins it. A document that cannot be had ends the connection. */
  open(): void {
    this.#access.present(this.#link.visitor.parameters.get('token') ?? undefined);
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
    this.#access.leave();
    this.#document?.leave(this);
    this.#document = undefined;
  }

  #grant({ user, isReadOnly }: Granted, document: HostedDocument): void {
    this.author = user ?? this.#link.author;
    const mayWriteNow = this.isReadOnly && !isReadOnly;
    this.isReadOnly = isReadOnly;
    if (this.#document === undefined) {
      // A client that has left in the meantime may have left edits too: they wait in the inbox.
      this.#document = document;
      document.join(this);
      this.#link.release();
    } else if (mayWriteNow) document.ask(this); // what was refused comes again
  }

  #fail(error: unknown): void {
    const { documentName, author } = this;
    const { logger } = this.#around;
    if (error instanceof HeadwaterError && closeCodeOf(error) !== undefined) {
      logger.info({ documentName, author, reason: error.message }, 'access denied');
      this.close(isDeletion(error) ? documentDeleted(error) : error);
      return;
    }
    logger.error({ documentName, err: error }, 'document could not be opened');
    this.close(new HeadwaterError('HW_DOCUMENT_UNREADABLE', 'the document could not be opened', { cause: error }));
  }
}
