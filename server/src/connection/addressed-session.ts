import { type AddressedMessage, closeCodeOf, encodeAddressedMessage, HeadwaterError } from '@headwater/protocol';
import type { Granted } from '../access/access.ts';
import { SessionAccess } from '../access/session-access.ts';
import { documentDeleted, isDeletion } from '../documents/deletion.ts';
import type { HostedDocument } from '../documents/hosted-document.ts';
import type { Session } from '../documents/session.ts';
import { AddressedFraming } from '../wire/addressed-framing.ts';
import type { Framing } from '../wire/framing.ts';
import { finishedFrame } from '../wire/message-framing.ts';
import type { DialectSurroundings, Link } from './dialect.ts';
import { type EarlyBudget, EarlyMessages, type Edit, isEdit } from './early-messages.ts';
import { handleMessage } from './handlers.ts';
import type { SessionReplies } from './session-replies.ts';

/** What a session needs of its connection and of the house around that. */
export interface AddressedSurroundings extends DialectSurroundings {
  readonly link: Link;
  readonly replies: SessionReplies;
  readonly early: EarlyBudget;
  /** It ended while a token was judged or its document was read, and nothing of it is under way any more. */
  readonly onGone: () => void;
}

/** One document on a connection that carries several: whether its client may have it, and what that says about it. */
export class AddressedSession implements Session {
  readonly documentName: string;
  author: string;
  isReadOnly = false;
  readonly #address: string;
  #framing: Framing;
  readonly #around: AddressedSurroundings;
  readonly #link: Link;
  readonly #replies: SessionReplies;
  readonly #early: EarlyMessages;
  readonly #access: SessionAccess<HostedDocument>;
  #document: HostedDocument | undefined;
  #isDenied = false;
  #hasLeft = false;

  constructor(address: string, documentName: string, around: AddressedSurroundings) {
    this.#address = address;
    this.documentName = documentName;
    this.#framing = new AddressedFraming(address);
    this.#around = around;
    this.#link = around.link;
    this.#replies = around.replies;
    this.#early = new EarlyMessages(around.early);
    const { visitor } = around.link;
    this.#access = new SessionAccess({ documentName, visitor }, around, {
      open: () => this.#document ?? around.registry.open(documentName),
      onGranted: (access, document) => this.#grant(access, document),
      onFailed: (error) => this.#fail(error),
      onExpiresSoon: () => this.#replies.expiresSoon(),
      onSettled: () => this.#settle(),
      isOver: () => this.#isOver,
    });
    this.author = around.link.author;
  }

  get framing(): Framing {
    return this.#framing;
  }

  /** Whether it is in its document. */
  get isOpen(): boolean {
    return this.#document !== undefined;
  }

  /** Whether a token is being judged. One that ends meanwhile tells when that is over. */
  get isJudging(): boolean {
    return this.#access.isJudging;
  }

  /** Takes a token: the first one opens the document, a later one may change what its client may do. */
  authenticate(token: string): void {
    this.#isDenied = false;
    this.#access.present(token);
  }

  /** Handles a message, or keeps it until the document is open. @throws HeadwaterError when it ends the connection */
  receive(message: AddressedMessage, byteLength: number): void {
    if (this.isOpen) this.#handle(message);
    else if (this.#isDenied) this.#drop([message]);
    else this.#early.keep(message, byteLength);
  }

  send(buffers: readonly Uint8Array[]): boolean {
    return this.#hasLeft || this.#link.send(buffers);
  }

  acknowledge(count: number): void {
    if (!this.#hasLeft) this.#replies.saved(count);
  }

  refuse(): void {
    if (!this.#hasLeft) this.#replies.refused(new HeadwaterError('HW_READ_ONLY', 'this client may only read'));
  }

  stateless(payload: string): void {
    if (this.#hasLeft || this.#link.isFull) return; // it is not owed to anybody
    this.send([finishedFrame(encodeAddressedMessage(this.#address, { kind: 'stateless', payload }))]);
  }

  /** The others on its connection go on, when its client can be told of this one alone. */
  close(error: HeadwaterError): void {
    if (!this.#replies.canDeny(error)) this.#link.close(error);
    else if (this.#document !== undefined) this.#deny(error);
  }

  isResponsive(): Promise<boolean> {
    return this.#link.isResponsive();
  }

  drained(): void {
    this.#replies.drained();
    this.#document?.drained(this);
  }

  silence(): void {
    this.#document?.silence(this);
  }

  /**
   * Nothing is sent any more. While a token is judged and edits were sent, it stays until those are taken up: its client may be
   * gone for good.
   */
  leave(): void {
    this.#hasLeft = true;
    if (!this.isJudging || !this.#early.hasEdits) this.#early.takeAll();
    this.#access.leave();
    this.#document?.leave(this);
    this.#document = undefined;
  }

  #handle(message: AddressedMessage): void {
    const document = this.#document;
    if (document === undefined) return;
    switch (message.kind) {
      case 'token':
      case 'close':
        return;
      case 'stateless':
        this.#handleStateless(document, message.payload);
        return;
      case 'sync-step-1':
        if (this.#replies.asked()) document.ask(this);
        break;
      case 'sync-step-2':
      case 'update':
        this.#handleEdit(document, message);
        return;
      case 'awareness':
      case 'query-awareness':
      case 'unknown':
        break;
    }
    handleMessage(document, this, message);
  }

  #handleEdit(document: HostedDocument, message: Edit): void {
    this.#replies.received(message.kind);
    try {
      handleMessage(document, this, message);
    } catch (error) {
      if (!(error instanceof HeadwaterError)) throw error;
      if (!this.#hasLeft) this.#replies.refused(error);
    }
  }

  #drop(messages: readonly AddressedMessage[]): void {
    const edits = messages.filter(isEdit);
    if (edits.length > 0) this.#replies.dropped?.(edits.length);
  }

  #settle(): void {
    if (!this.#hasLeft) return;
    this.leave(); // it may have joined for the edits it had sent
    this.#around.onGone();
  }

  #grant(access: Granted, document: HostedDocument): void {
    this.author = access.user ?? this.#link.author;
    const mayWriteNow = this.isReadOnly && !access.isReadOnly;
    this.isReadOnly = access.isReadOnly;
    if (!this.#hasLeft) this.#replies.granted(access);
    if (this.#document === undefined) this.#join(document);
    else if (mayWriteNow) document.ask(this); // what was refused comes again
  }

  #join(document: HostedDocument): void {
    if (this.#address === this.documentName) this.#framing = document.addressedFraming;
    this.#document = document;
    document.join(this);
    for (const message of this.#early.takeAll()) this.#handle(message);
  }

  /** Whether its client is gone and left no edits. */
  get #isOver(): boolean {
    return this.#hasLeft && !this.#early.hasEdits;
  }

  /** By access that was not given, a document that cannot be read, or a message that was kept. */
  #fail(cause: unknown): void {
    const { documentName, author } = this;
    const { logger } = this.#around;
    if (this.#hasLeft) return;
    const error = this.#failureOf(cause);
    const { code, message } = error;
    if (error === cause || isDeletion(cause)) logger.info({ documentName, author, code }, message);
    else logger.error({ documentName, err: cause }, 'document could not be opened');
    if (this.#replies.canDeny(error)) this.#deny(error);
    else this.close(error);
  }

  #deny(error: HeadwaterError): void {
    this.#isDenied = true;
    this.#access.revoke();
    this.#drop(this.#early.takeAll());
    this.#replies.denied(error);
    this.#document?.leave(this);
    this.#document = undefined;
  }

  /** What a client is told: nothing of what is wrong with the store but whether it helps to come back. */
  #failureOf(cause: unknown): HeadwaterError {
    if (isDeletion(cause)) return documentDeleted(cause);
    if (cause instanceof HeadwaterError && closeCodeOf(cause) !== undefined) return cause;
    const isCorrupt = cause instanceof HeadwaterError && cause.code === 'HW_STORE_CORRUPT';
    const code = isCorrupt ? 'HW_STORE_CORRUPT' : 'HW_DOCUMENT_UNREADABLE';
    return new HeadwaterError(code, 'the document could not be opened', { cause });
  }

  #handleStateless(document: HostedDocument, payload: string): void {
    const { onStateless, logger } = this.#around;
    if (onStateless === undefined) return;
    const { documentName, author, isReadOnly } = this;
    const handled = async (): Promise<void> =>
      onStateless({
        documentName,
        payload,
        author,
        isReadOnly,
        reply: (text) => this.stateless(text),
        broadcast: (text) => document.broadcastStateless(text),
      });
    handled().catch((error: unknown) => {
      logger.error({ documentName, author, err: error }, 'onStateless failed');
    });
  }
}
