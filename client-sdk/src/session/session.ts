import {
  encodeAddressedMessage,
  type HeadwaterError,
  type HeadwaterServerMessage,
  type OutgoingMessage,
} from '@headwater/protocol';
import type { Awareness } from 'y-protocols/awareness';
import * as Y from 'yjs';
import type { Connection, Endpoint } from '../connection/connection.ts';
import { saidByServer } from '../connection/connection-errors.ts';
import type { CloseInfo } from '../connection/web-socket.ts';
import { AwarenessFeed } from './awareness-feed.ts';
import { LocalEdits } from './local-edits.ts';
import type { RefusedEdits } from './refused-edits.ts';
import { type Token, TokenSource } from './token-source.ts';

/**
 * `connecting`: on the way to the server, or being let in; `connected`: edits go both ways; `disconnected`: not wanted, or waiting to try
 * again; `denied`: for good, until there is another token or `connect()` is called.
 */
export type Status = 'connecting' | 'connected' | 'disconnected' | 'denied';

/** What a session is about. */
export interface SessionSubject {
  readonly name: string;
  readonly document: Y.Doc;
  readonly awareness: Awareness | null;
  readonly token: Token;
  /** Of everything the server brings into the document and the awareness. */
  readonly origin: unknown;
  /** Resolves when the document has what is stored in this browser. */
  readonly ready: Promise<void> | undefined;
}

/** Who wants to know how it goes. */
export interface SessionListener {
  /** Something about {@link Session.status} or {@link Session.isSynced} may be different. */
  changed(): void;
  /** The same for {@link Session.unsavedChanges}. */
  editsChanged(): void;
  refused(edits: RefusedEdits): void;
  denied(error: HeadwaterError): void;
  failed(error: HeadwaterError): void;
  stateless(payload: string): void;
  isNear(client: number): boolean;
  socketClosed?(event: CloseInfo | null): void;
  socketFailed?(event: unknown): void;
}

/** Denials that another token may change. */
const ABOUT_TOKENS: ReadonlySet<string> = new Set(['HW_ACCESS_DENIED', 'HW_TOKEN_EXPIRED', 'HW_NOT_AUTHENTICATED']);

/** Denials that pass by themselves. */
const MAY_PASS: ReadonlySet<string> = new Set([
  'HW_ACCESS_UNDECIDED',
  'HW_DOCUMENT_UNREADABLE',
  'HW_TOO_MANY_DOCUMENTS',
]);

/** One document on a connection: it is let in with a token, syncs both ways, and comes back with the connection. */
export class Session implements Endpoint {
  readonly #subject: SessionSubject;
  readonly #open: () => Connection;
  readonly #listener: SessionListener;
  readonly #edits: LocalEdits;
  readonly #awareness: AwarenessFeed | undefined;
  readonly #tokens: TokenSource;
  #connection: Connection | undefined;
  #address = '';
  #maxMessageBytes = 0;
  #isGranted = false;
  #isSynced = false;
  #isReadOnly = false;
  #user: string | undefined;
  #denial: HeadwaterError | undefined;
  /** The token that was sent last. */
  #token: string | undefined;
  /** While a denied token is being replaced: which, and why. */
  #replaced: { readonly token: string | undefined; readonly error: HeadwaterError } | undefined;
  #hadUnsaved: boolean;

  /** @param open - the connection to begin on */
  constructor(subject: SessionSubject, open: () => Connection, listener: SessionListener) {
    this.#subject = subject;
    this.#open = open;
    this.#listener = listener;
    const { document, awareness, origin, token } = subject;
    this.#tokens = new TokenSource(
      token,
      (given) => this.#authenticate(given),
      (error) => listener.failed(error),
    );
    this.#edits = new LocalEdits(document, origin, {
      send: (kind, update) => this.#trySend({ kind, update }),
      changed: () => this.#noteEdits(),
      refused: (edits) => listener.refused(edits),
    });
    this.#hadUnsaved = this.hasUnsaved;
    if (awareness !== null) {
      this.#awareness = new AwarenessFeed(awareness, origin, (update) => this.#send({ kind: 'awareness', update }));
    }
  }

  get address(): string {
    return this.#address;
  }

  get status(): Status {
    if (this.#denial !== undefined) return 'denied';
    if (this.#isGranted) return 'connected';
    const state = this.#connection?.state;
    return state === 'connecting' || state === 'open' ? 'connecting' : 'disconnected';
  }

  get isSynced(): boolean {
    return this.#isSynced;
  }

  get unsavedChanges(): number {
    return this.#edits.unsavedChanges;
  }

  get hasUnsaved(): boolean {
    return this.unsavedChanges > 0;
  }

  get isReadOnly(): boolean {
    return this.#isReadOnly;
  }

  get user(): string | undefined {
    return this.#user;
  }

  /** Why it was denied, while it is. */
  get denial(): HeadwaterError | undefined {
    return this.#denial;
  }

  /** Begins, and comes back with the connection until {@link leave} or a denial. */
  join(): void {
    if (this.#connection !== undefined) return;
    this.#denial = undefined;
    this.#connection = this.#open();
    this.#address = this.#connection.freeAddress(this.#subject.name);
    this.#connection.attach(this);
    this.#listener.changed();
  }

  /** Ends it; the document and what is not saved stay. */
  leave(): void {
    this.#denial = undefined;
    this.#detach();
    this.#listener.changed();
  }

  destroy(): void {
    this.leave();
    this.#edits.destroy();
    this.#awareness?.destroy();
  }

  /** Uses another token: a denied session begins again, one that stands goes on. */
  setToken(token: Token): void {
    this.#tokens.set(token);
    this.#replaced = undefined;
    if (this.#denial !== undefined) this.join();
    else if (this.#connection?.state === 'open') this.#tokens.request();
  }

  /** Sends text that is no part of the document; while there is no session it is gone. */
  sendStateless(payload: string): void {
    if (this.#isGranted) this.#send({ kind: 'stateless', payload });
  }

  /** Asks the server for everything this document lacks. */
  resync(): void {
    if (this.#isGranted) this.#sendStep1();
  }

  opened(maxMessageBytes: number): void {
    this.#maxMessageBytes = maxMessageBytes;
    this.#replaced = undefined;
    const { ready } = this.#subject;
    if (ready === undefined) return this.#tokens.request();
    void ready.then(() => {
      if (this.#connection?.state === 'open' && !this.#isGranted) this.#tokens.request();
    });
  }

  changed(state: Connection['state']): void {
    if (state !== 'open') this.#end();
    this.#listener.changed();
  }

  stopped(error: HeadwaterError): void {
    this.#deny(error);
  }

  failed(error: HeadwaterError): void {
    this.#listener.failed(error);
  }

  socketClosed(event: CloseInfo | null): void {
    this.#listener.socketClosed?.(event);
  }

  socketFailed(event: unknown): void {
    this.#listener.socketFailed?.(event);
  }

  handle(message: HeadwaterServerMessage): void {
    if (message.kind === 'granted') return this.#grant(message);
    if (message.kind === 'denied') return this.#handleDenial(message.code, message.reason);
    if (!this.#isGranted) return; // what was on its way when the session ended
    switch (message.kind) {
      case 'sync-step-1':
        this.#edits.answer(message.stateVector);
        return;
      case 'update':
        this.#edits.apply(message.update);
        return;
      case 'sync-step-2':
        this.#edits.apply(message.update);
        this.#noteSynced();
        return;
      case 'awareness':
        this.#awareness?.apply(message.update);
        return;
      case 'saved':
        this.#edits.save(message.edit);
        return;
      case 'refused':
        this.#edits.refuse(message.edit, message.code, message.reason);
        return;
      case 'stateless':
        this.#listener.stateless(message.payload);
        return;
      case 'unknown':
        return;
    }
  }

  #authenticate(token: string): void {
    if (this.#connection?.state !== 'open') return;
    if (this.#replaced !== undefined && token === this.#replaced.token) return this.#deny(this.#replaced.error);
    this.#token = token;
    this.#send({ kind: 'token', token });
  }

  #grant(granted: Extract<HeadwaterServerMessage, { readonly kind: 'granted' }>): void {
    this.#isReadOnly = granted.isReadOnly;
    this.#user = granted.user;
    this.#replaced = undefined;
    this.#tokens.worked();
    if (granted.expiresInMs !== undefined && this.#tokens.isRenewable) this.#tokens.requestBefore(granted.expiresInMs);
    this.#edits.permit(granted.isReadOnly);
    if (!this.#isGranted) {
      this.#isGranted = true;
      this.#sendStep1();
      this.#awareness?.begin();
    }
    this.#listener.changed();
  }

  #handleDenial(code: string, reason: string): void {
    const error = saidByServer(code, reason);
    this.#end();
    this.#readdress();
    if (MAY_PASS.has(code)) {
      this.#listener.failed(error);
      this.#tokens.retry();
    } else if (ABOUT_TOKENS.has(code) && this.#tokens.isRenewable && this.#replaced === undefined) {
      this.#replaced = { token: this.#token, error };
      this.#tokens.request();
    } else {
      this.#deny(error);
      return;
    }
    this.#listener.changed();
  }

  #deny(error: HeadwaterError): void {
    this.#detach();
    this.#replaced = undefined;
    this.#denial = error;
    this.#listener.changed();
    this.#listener.denied(error);
  }

  /** What is begun after a denial is another session, for the server and its numbers, too. */
  #readdress(): void {
    const connection = this.#connection;
    if (connection === undefined) return;
    this.#send({ kind: 'close' });
    const before = this.#address;
    this.#address = connection.freeAddress(this.#subject.name);
    connection.readdress(before, this);
  }

  #detach(): void {
    const connection = this.#connection;
    if (connection === undefined) return;
    if (this.#isGranted) this.#edits.flush();
    this.#send({ kind: 'close' });
    this.#end();
    this.#connection = undefined;
    connection.detach(this);
  }

  /** The session is over; everything sent on it that is not known to be saved is unsaved. */
  #end(): void {
    this.#tokens.stop();
    if (!this.#isGranted) return;
    this.#isGranted = false;
    this.#isSynced = false;
    this.#edits.end();
    this.#awareness?.end((client) => this.#listener.isNear(client));
  }

  #noteSynced(): void {
    if (this.#isSynced) return;
    this.#isSynced = true;
    this.#connection?.worked();
    this.#listener.changed();
  }

  #noteEdits(): void {
    const { hasUnsaved } = this;
    if (hasUnsaved && !this.#hadUnsaved) this.#connection?.hurry();
    this.#hadUnsaved = hasUnsaved;
    this.#listener.editsChanged();
  }

  #sendStep1(): void {
    this.#send({ kind: 'sync-step-1', stateVector: Y.encodeStateVector(this.#subject.document) });
  }

  #send(message: OutgoingMessage): void {
    this.#connection?.send(encodeAddressedMessage(this.#address, message));
  }

  #trySend(message: { readonly kind: 'sync-step-2' | 'update'; readonly update: Uint8Array }): boolean {
    const frame = encodeAddressedMessage(this.#address, message);
    if (frame.length > this.#maxMessageBytes) return false;
    this.#connection?.send(frame);
    return true;
  }
}
