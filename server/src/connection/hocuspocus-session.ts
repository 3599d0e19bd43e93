import { type AddressedMessage, HeadwaterError } from '@headwater/protocol';
import { accessOf } from '../access/access.ts';
import type { HostedDocument } from '../documents/hosted-document.ts';
import type { Session } from '../documents/session.ts';
import { HocuspocusFraming } from '../wire/hocuspocus-framing.ts';
import type { DialectSurroundings, Link } from './dialect.ts';
import { handleMessage } from './handlers.ts';
import { SyncStatuses } from './sync-statuses.ts';

/** What its connection does when a session changes. */
export interface SessionEvents {
  /** It is in its document: what was kept may be handled. */
  readonly onOpened: () => void;
  /** It may not, or not any more: what was kept goes. */
  readonly onDenied: () => void;
  /** It has ended, and nothing of it is under way any more. */
  readonly onGone: () => void;
}

/** What a full connection is to be told later. */
interface Untold {
  saved: number;
  isAccepted: boolean;
}

/** One document on the connection of a Hocuspocus provider. */
export class HocuspocusSession implements Session {
  readonly documentName: string;
  author: string;
  isReadOnly = false;
  #framing: HocuspocusFraming;
  readonly #link: Link;
  readonly #around: DialectSurroundings;
  readonly #events: SessionEvents;
  readonly #statuses = new SyncStatuses();
  readonly #untold: Untold = { saved: 0, isAccepted: false };
  #document: HostedDocument | undefined;
  /** The newest token that was not judged yet, while another one is. */
  #nextToken: string | undefined;
  #isJudging = false;
  #isDenied = false;
  #hasLeft = false;
  #kept: AddressedMessage[] = [];
  #keptBytes = 0;

  constructor(address: string, documentName: string, link: Link, around: DialectSurroundings, events: SessionEvents) {
    this.documentName = documentName;
    this.#framing = new HocuspocusFraming(address);
    this.author = link.author;
    this.#link = link;
    this.#around = around;
    this.#events = events;
  }

  get framing(): HocuspocusFraming {
    return this.#framing;
  }

  /** Whether its messages can be handled. */
  get isOpen(): boolean {
    return this.#document !== undefined;
  }

  /** Whether its messages are worth nothing until another token comes. */
  get isDenied(): boolean {
    return this.#isDenied;
  }

  /** Whether a token is being judged. One that ends meanwhile tells when that is over. */
  get isJudging(): boolean {
    return this.#isJudging;
  }

  /**
   * Takes a token: the first one opens the document, a later one may change what its client may do. One is judged at a time, and
   * of those that come meanwhile only the newest.
   */
  authenticate(token: string): void {
    this.#isDenied = false;
    this.#nextToken = token;
    if (!this.#isJudging) void this.#judge();
  }

  handle(message: AddressedMessage): void {
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
        // It counts on being asked for what it has, each time; when it joined it was.
        if (!this.#statuses.begin()) document.ask(this);
        break;
      case 'sync-step-2':
      case 'update':
        this.#statuses.owe(message.kind);
        break;
      case 'awareness':
      case 'query-awareness':
      case 'unknown':
        break;
    }
    handleMessage(document, this, message);
  }

  /** Keeps a message until the document is open. Its bytes are a view of what the socket read. */
  keep(message: AddressedMessage, byteLength: number): void {
    this.#kept.push(message);
    this.#keptBytes += byteLength;
  }

  /** Whether edits are among what was kept. */
  get hasKeptEdits(): boolean {
    return this.#kept.some(({ kind }) => kind === 'update' || kind === 'sync-step-2');
  }

  takeKept(): { readonly messages: readonly AddressedMessage[]; readonly bytes: number } {
    const kept = { messages: this.#kept, bytes: this.#keptBytes };
    this.#kept = [];
    this.#keptBytes = 0;
    return kept;
  }

  deny(reason: string): void {
    if (!this.#isMute) this.send([this.framing.denied(reason)]);
  }

  send(buffers: readonly Uint8Array[]): boolean {
    return this.#hasLeft || this.#link.send(buffers);
  }

  acknowledge(count: number): void {
    const told = this.#statuses.settle(count);
    if (told === 0 || this.#hasLeft) return;
    if (this.#link.isFull) this.#untold.saved += told;
    else this.send([this.framing.syncStatus(true, told)]);
  }

  refuse(): void {
    this.#statuses.refuse();
    if (!this.#isMute) this.send([this.framing.syncStatus(false, 1)]); // nobody counts these
  }

  stateless(payload: string): void {
    if (!this.#isMute) this.send([this.framing.stateless(payload)]);
  }

  close(error: HeadwaterError): void {
    this.#link.close(error);
  }

  isResponsive(): Promise<boolean> {
    return this.#link.isResponsive();
  }

  drained(): void {
    if (this.#untold.isAccepted) this.#accept();
    const { saved } = this.#untold;
    this.#untold.saved = 0;
    if (saved > 0) this.send([this.framing.syncStatus(true, saved)]);
    this.#document?.drained(this);
  }

  silence(): void {
    this.#document?.silence(this);
  }

  /** Nothing is sent any more. While it opens with edits that came before, it stays until those are taken up. */
  leave(): void {
    this.#hasLeft = true;
    this.#document?.leave(this);
    this.#document = undefined;
  }

  /** What is not owed to anybody is not sent to a connection that is full. */
  get #isMute(): boolean {
    return this.#hasLeft || this.#link.isFull;
  }

  #accept(): void {
    this.#untold.isAccepted = this.#link.isFull;
    if (!this.#link.isFull) this.send([this.framing.accepted(this.isReadOnly)]);
  }

  async #judge(): Promise<void> {
    this.#isJudging = true;
    for (let token = this.#takeToken(); token !== undefined; token = this.#takeToken()) await this.#authenticate(token);
    this.#isJudging = false;
    if (!this.#hasLeft) return;
    this.leave(); // it may have joined for the edits it had sent
    this.#events.onGone();
  }

  #takeToken(): string | undefined {
    const token = this.#nextToken;
    this.#nextToken = undefined;
    return this.#isOver ? undefined : token;
  }

  async #authenticate(token: string): Promise<void> {
    const { documentName } = this;
    const { authenticate, registry } = this.#around;
    try {
      const access = await accessOf(authenticate, { ...this.#link.visitor, documentName, token });
      if (this.#nextToken !== undefined || this.#isOver) return;
      const document = this.#document ?? (await registry.open(documentName));
      if (this.#isOver) return;
      this.author = access.user ?? this.#link.author;
      this.#permit(access.isReadOnly);
      if (this.#document !== undefined) return;
      if (this.#framing.address === documentName) this.#framing = document.addressedFraming;
      this.#document = document;
      document.join(this);
      this.#events.onOpened();
    } catch (error) {
      this.#fail(error);
    }
  }

  /** Whether its client is gone and left no edits. */
  get #isOver(): boolean {
    return this.#hasLeft && !this.hasKeptEdits;
  }

  #permit(isReadOnly: boolean): void {
    const mayWriteNow = this.isReadOnly && !isReadOnly;
    this.isReadOnly = isReadOnly;
    this.#accept();
    if (!mayWriteNow || this.#document === undefined) return;
    this.#statuses.countNextStep2(); // what was refused comes again
    this.#document.ask(this);
  }

  #fail(error: unknown): void {
    const { documentName } = this;
    const { logger } = this.#around;
    if (this.#hasLeft) return;
    if (error instanceof HeadwaterError && error.code === 'HW_ACCESS_DENIED') {
      logger.info({ documentName, author: this.author, reason: error.message }, 'access denied');
      this.#denyAll(error.message);
      return;
    }
    if (error instanceof HeadwaterError && error.closeCode !== undefined) {
      this.close(error); // by a message that was kept, or because it cannot be decided now
      return;
    }
    logger.error({ documentName, err: error }, 'document could not be opened');
    const problem = 'the document could not be opened';
    // Where trying again does not help, the other documents on the connection must not suffer.
    if (error instanceof HeadwaterError && error.code === 'HW_STORE_CORRUPT') this.#denyAll(problem);
    else this.close(new HeadwaterError('HW_DOCUMENT_UNREADABLE', problem, { cause: error }));
  }

  #denyAll(reason: string): void {
    this.#isDenied = true;
    this.deny(reason);
    this.#document?.leave(this);
    this.#document = undefined;
    this.#events.onDenied();
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
