import { HeadwaterError, type HocuspocusMessage } from '@headwater/protocol';
import { accessOf } from '../access/access.ts';
import type { HostedDocument } from '../documents/hosted-document.ts';
import type { Session } from '../documents/session.ts';
import { HocuspocusFraming } from '../wire/hocuspocus-framing.ts';
import type { DialectSurroundings, Link } from './dialect.ts';
import { handleMessage } from './handlers.ts';

/** What its connection does when a session changes. */
export interface SessionEvents {
  /** It is in its document: what was kept may be handled. */
  readonly onOpened: () => void;
  readonly onDenied: () => void;
}

/** One document on the connection of a Hocuspocus provider. */
export class HocuspocusSession implements Session {
  readonly documentName: string;
  author: string;
  isReadOnly = false;
  readonly framing: HocuspocusFraming;
  readonly #link: Link;
  readonly #around: DialectSurroundings;
  readonly #events: SessionEvents;
  #document: HostedDocument | undefined;
  #isOpening = false;
  #hasLeft = false;
  #kept: HocuspocusMessage[] = [];
  #keptBytes = 0;

  constructor(address: string, documentName: string, link: Link, around: DialectSurroundings, events: SessionEvents) {
    this.documentName = documentName;
    this.framing = address === documentName ? around.framings.of(address) : new HocuspocusFraming(address);
    this.author = link.author;
    this.#link = link;
    this.#around = around;
    this.#events = events;
  }

  /** Whether its messages can be handled. */
  get isOpen(): boolean {
    return this.#document !== undefined;
  }

  /** Takes a token: the first one opens the document, a later one may change what its client may do. */
  authenticate(token: string): void {
    const isFirst = !this.#isOpening;
    this.#isOpening = true;
    void this.#authenticate(token, isFirst);
  }

  handle(message: HocuspocusMessage): void {
    const document = this.#document;
    if (document === undefined) return;
    if (message.kind === 'stateless') this.#handleStateless(document, message.payload);
    else if (message.kind !== 'token' && message.kind !== 'close') handleMessage(document, this, message);
  }

  /** Keeps a message until the document is open. Its bytes are a view of what the socket read. */
  keep(message: HocuspocusMessage, byteLength: number): void {
    this.#kept.push(message);
    this.#keptBytes += byteLength;
  }

  takeKept(): { readonly messages: readonly HocuspocusMessage[]; readonly bytes: number } {
    const kept = { messages: this.#kept, bytes: this.#keptBytes };
    this.#kept = [];
    this.#keptBytes = 0;
    return kept;
  }

  deny(reason: string): void {
    this.send([this.framing.denied(reason)]);
  }

  send(buffers: readonly Uint8Array[]): boolean {
    return this.#link.send(buffers);
  }

  acknowledge(count: number): void {
    this.send([this.framing.syncStatus(true, count)]);
  }

  refuse(): void {
    this.send([this.framing.syncStatus(false, 1)]);
  }

  stateless(payload: string): void {
    this.send([this.framing.stateless(payload)]);
  }

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
    this.#document?.leave(this);
    this.#document = undefined;
  }

  async #authenticate(token: string, isFirst: boolean): Promise<void> {
    const { documentName } = this;
    const { authenticate, logger, registry } = this.#around;
    try {
      const access = await accessOf(authenticate, { ...this.#link.visitor, documentName, token });
      const document = isFirst ? await registry.open(documentName) : undefined;
      if (this.#hasLeft) return;
      this.author = access.user ?? this.#link.author;
      this.isReadOnly = access.isReadOnly === true;
      this.send([this.framing.accepted(this.isReadOnly)]);
      if (document === undefined) return;
      this.#document = document;
      document.join(this);
      this.#events.onOpened();
    } catch (error) {
      if (this.#hasLeft) return;
      if (error instanceof HeadwaterError && error.code === 'HW_ACCESS_DENIED') {
        logger.info({ documentName, author: this.author, reason: error.message }, 'access denied');
        this.deny(error.message);
        this.#events.onDenied();
        return;
      }
      if (error instanceof HeadwaterError && error.closeCode !== undefined) {
        this.close(error); // by a message that was kept
        return;
      }
      logger.error({ documentName, err: error }, 'document could not be opened');
      this.close(new HeadwaterError('HW_DOCUMENT_UNREADABLE', 'the document could not be opened', { cause: error }));
    }
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
