import { HeadwaterError } from '@headwater/protocol';
import { ObservableV2 } from 'lib0/observable';
import { Awareness } from 'y-protocols/awareness';
import * as Y from 'yjs';
import { isPage } from '../connection/page.ts';
import { sharedConnection } from '../connection/shared-connections.ts';
import { OfflineStore } from '../offline/offline-store.ts';
import { Presence } from '../presence/presence.ts';
import type { RefusedEdits } from '../session/refused-edits.ts';
import { Session, type Status } from '../session/session.ts';
import type { Token } from '../session/token-source.ts';
import { TabChannel } from '../tabs/tab-channel.ts';
import {
  checkName,
  checkOptions,
  type HeadwaterProviderOptions,
  invalid,
  webSocketClass,
  webSocketUrl,
} from './provider-options.ts';
import { UnloadWarning } from './unload-warning.ts';
import { type Abortable, Waiting } from './waiting.ts';

/** What a provider tells. */
export interface HeadwaterProviderEvents {
  /** {@link HeadwaterProvider.status} is another. */
  status: (status: Status) => void;
  /** {@link HeadwaterProvider.synced} is another. */
  synced: (synced: boolean) => void;
  /** {@link HeadwaterProvider.saved} or the number of unsaved changes is another. */
  saved: (saved: boolean, unsavedChanges: number) => void;
  /** {@link HeadwaterProvider.isReadOnly} or {@link HeadwaterProvider.user} is another: with a session, or a token that was renewed. */
  access: (isReadOnly: boolean, user: string | undefined) => void;
  /** The server did not take edits up. */
  refused: (edits: RefusedEdits) => void;
  /** The server, or the lack of a token it accepts, ends this. Without a listener the error goes to the console. */
  denied: (error: HeadwaterError) => void;
  /** Something is wrong, and tried again. Without a listener the error goes to the console. */
  error: (error: HeadwaterError) => void;
  /** The server's application said something that is no part of the document. */
  stateless: (payload: string) => void;
  /** It is closed: the last event. */
  destroy: () => void;
}

/** What the events are about. */
type ProviderState = Pick<HeadwaterProvider, 'status' | 'synced' | 'saved' | 'unsavedChanges' | 'isReadOnly' | 'user'>;

/**
 * Binds a `Y.Doc` to a Headwater server.
 *
 * Transactions with what the server sent have the provider as their origin.
 *
 * @example
 * ```ts
 * const provider = new HeadwaterProvider({ url: 'wss://example.com', name: 'notes', token: () => fetchToken() });
 * provider.on('saved', (saved, unsavedChanges) => show(saved ? 'saved' : `${unsavedChanges} changes to save`));
 * await provider.whenSynced();
 * provider.document.getText('body').insert(0, 'hello');
 * await provider.whenSaved();
 * provider.destroy();
 * ```
 */
export class HeadwaterProvider extends ObservableV2<HeadwaterProviderEvents> {
  readonly url: string;
  readonly name: string;
  readonly document: Y.Doc;
  /** Who is there. This client's own state is its to set. */
  readonly awareness: Awareness | null;
  readonly #session: Session;
  readonly #tabs: TabChannel | undefined;
  readonly #offline: OfflineStore | undefined;
  readonly #unloadWarning: UnloadWarning | undefined;
  readonly #waiting = new Waiting();
  readonly #ownAwareness: Awareness | undefined;
  #presence: Presence | undefined;
  #isLoading: boolean;
  #isClosed = false;
  /** What the last events said. */
  #told: ProviderState;

  /** @throws HeadwaterError `HW_OPTIONS_INVALID` */
  constructor(options: HeadwaterProviderOptions) {
    super();
    checkOptions(options);
    const { connect = true } = options;
    if (connect) webSocketClass(options.WebSocket); // throws before there is anything to end
    this.url = webSocketUrl(options.url);
    this.name = checkName(options.name);
    this.document = options.document ?? new Y.Doc();
    this.#ownAwareness = options.awareness === undefined ? new Awareness(this.document) : undefined;
    this.awareness = this.#ownAwareness ?? options.awareness ?? null;
    this.#unloadWarning = options.warnBeforeUnload ? new UnloadWarning() : undefined;
    this.#isLoading = options.offline ?? false;
    this.#offline = options.offline ? this.#createOfflineStore() : undefined;
    this.#tabs = (options.broadcast ?? isPage()) ? this.#createTabs() : undefined;
    this.#session = this.#createSession(options);
    this.#told = this.#now();
    this.#unloadWarning?.set(!this.saved);
    this.document.on('destroy', this.#onDocumentDestroyed);
    if (connect) this.connect();
  }

  /**
   * Who else is here, and what they are doing: made when it is asked for first.
   *
   * @throws HeadwaterError `HW_OPTIONS_INVALID` when `awareness` is `null`
   */
  get presence(): Presence {
    if (this.awareness === null) throw invalid('awareness: there is no presence without one');
    this.#presence ??= new Presence(this.awareness);
    return this.#presence;
  }

  /** How the way to the server is. */
  get status(): Status {
    return this.#session.status;
  }

  /** Whether everything the server has is in the document; the connection stands then. */
  get synced(): boolean {
    return this.#session.isSynced;
  }

  /**
   * Whether everything in the document is on the server's disk. What is neither from the server nor known to be saved counts as unsaved:
   * edits made here, in another tab, or in an earlier life of the page.
   */
  get saved(): boolean {
    return !this.#isLoading && this.unsavedChanges === 0;
  }

  /** How many changes, of one transaction each, are not known to be saved. */
  get unsavedChanges(): number {
    return this.#session.unsavedChanges;
  }

  /** Whether the server said that this client may not edit. */
  get isReadOnly(): boolean {
    return this.#session.isReadOnly;
  }

  /** Who the server takes this client for, if for anybody. */
  get user(): string | undefined {
    return this.#session.user;
  }

  /**
   * Waits until what `offline` kept is in the document; without it, or without anything that could be had, there is nothing to wait for.
   *
   * @throws HeadwaterError when it is destroyed first; the reason of the signal
   */
  whenLoaded(options?: Abortable): Promise<void> {
    if (this.#isClosed) return Promise.reject(this.#closed());
    return this.#waiting.until(() => !this.#isLoading, options);
  }

  /** @throws HeadwaterError when it is denied first, or destroyed; the reason of the signal */
  whenSynced(options?: Abortable): Promise<void> {
    return this.#when(() => this.synced, options);
  }

  /** @throws HeadwaterError when it is denied first, or destroyed; the reason of the signal */
  whenSaved(options?: Abortable): Promise<void> {
    return this.#when(() => this.saved, options);
  }

  /**
   * Connects, and comes back after every loss; tries again after a denial.
   *
   * @throws HeadwaterError `HW_PROVIDER_CLOSED` when it was destroyed
   */
  connect(): void {
    if (this.#isClosed) throw this.#closed();
    this.#session.join();
    this.#tabs?.open();
  }

  /** Leaves the server and the other tabs. The document can be edited on, and is in sync again after `connect()`. */
  disconnect(): void {
    this.#tabs?.close();
    this.#session.leave();
  }

  /** Uses another token from now on: without a break, or to be let in again after a denial. */
  setToken(token: Token): void {
    if (!this.#isClosed) this.#session.setToken(token);
  }

  /** Sends text to the server's application; without a connection it is gone. */
  sendStateless(payload: string): void {
    this.#session.sendStateless(payload);
  }

  /** Ends everything; the document stays. What is unsaved is not saved any more: see {@link whenSaved}. */
  override destroy(): void {
    if (this.#isClosed) return;
    this.#isClosed = true;
    this.document.off('destroy', this.#onDocumentDestroyed);
    this.#tabs?.close();
    this.#session.destroy();
    this.#offline?.close();
    this.#unloadWarning?.set(false);
    this.#presence?.destroy();
    this.#ownAwareness?.destroy();
    this.#waiting.end(this.#closed());
    this.emit('destroy', []);
    super.destroy();
  }

  /** The same as {@link destroy}. */
  close(): void {
    this.destroy();
  }

  #createSession(options: HeadwaterProviderOptions): Session {
    const { url, name, document, awareness } = this;
    const subject = {
      name,
      document,
      awareness,
      token: options.token ?? '',
      origin: this,
      ready: this.#offline?.loaded,
    };
    return new Session(subject, () => sharedConnection(url, webSocketClass(options.WebSocket)), {
      changed: () => this.#tell(),
      editsChanged: () => this.#tell(),
      refused: (edits) => this.emit('refused', [edits]),
      denied: (error) => this.#complain('denied', error),
      failed: (error) => this.#complain('error', error),
      stateless: (payload) => this.emit('stateless', [payload]),
      isNear: (client) => this.#tabs?.has(client) ?? false,
    });
  }

  #createTabs(): TabChannel {
    const { document, awareness } = this;
    return new TabChannel({
      channelName: `headwater:${this.url}/${this.name}`,
      document,
      awareness,
      serverOrigin: this,
      isReadOnly: () => this.isReadOnly,
    });
  }

  #createOfflineStore(): OfflineStore {
    const offline = new OfflineStore(`headwater:${this.url}/${this.name}`, this.document, (error) =>
      this.#complain('error', error),
    );
    void offline.loaded.then(() => {
      this.#isLoading = false;
      if (!this.#isClosed) this.#tell();
    });
    return offline;
  }

  readonly #onDocumentDestroyed = (): void => this.destroy();

  #now(): ProviderState {
    const { status, synced, saved, unsavedChanges, isReadOnly, user } = this;
    return { status, synced, saved, unsavedChanges, isReadOnly, user };
  }

  /** Tells what is different from what was told last. */
  #tell(): void {
    const before = this.#told;
    const now = this.#now();
    this.#told = now;
    this.#unloadWarning?.set(!now.saved);
    if (now.isReadOnly !== before.isReadOnly || now.user !== before.user) {
      this.emit('access', [now.isReadOnly, now.user]);
    }
    if (now.status !== before.status) this.emit('status', [now.status]);
    if (now.synced !== before.synced) this.emit('synced', [now.synced]);
    if (now.saved !== before.saved || now.unsavedChanges !== before.unsavedChanges) {
      this.emit('saved', [now.saved, now.unsavedChanges]);
    }
    this.#waiting.look();
  }

  #complain(event: 'denied' | 'error', error: HeadwaterError): void {
    if (this._observers.has(event)) this.emit(event, [error]);
    else console.error(`[headwater] "${this.name}": ${error.message} (${error.code})`);
    this.#waiting.look();
  }

  #when(isMet: () => boolean, options: Abortable | undefined): Promise<void> {
    if (this.#isClosed) return Promise.reject(this.#closed());
    return this.#waiting.until(() => {
      if (isMet()) return true;
      if (this.#session.denial !== undefined) throw this.#session.denial;
      return false;
    }, options);
  }

  #closed(): HeadwaterError {
    return new HeadwaterError('HW_PROVIDER_CLOSED', `the provider of "${this.name}" was destroyed: make another`);
  }
}
