import type { HeadwaterError } from '@headwater/protocol';
import { ObservableV2 } from 'lib0/observable';
import { encodeQueryParams } from 'lib0/url';
import { Awareness } from 'y-protocols/awareness';
import type * as Y from 'yjs';
import { Connection } from './connection/connection.ts';
import type { WebSocketClass, WebSocketLike } from './connection/web-socket.ts';
import { checkName, webSocketClass, webSocketUrl } from './provider/provider-options.ts';
import type { RefusedEdits } from './session/refused-edits.ts';
import { Session, type Status } from './session/session.ts';
import { TabChannel } from './tabs/tab-channel.ts';

export type { WebSocketClass, WebSocketLike } from './connection/web-socket.ts';
export type { RefusedEdits } from './session/refused-edits.ts';

/** What `closed` says when this document alone is denied: the code a server closes with that has but one on a connection. */
const CLOSED_BY_DENIAL = 4403;
const CLOSED_BY_DELETION = 4410;

/** The options of `y-websocket` 3.1. */
export interface WebsocketProviderOptions {
  /** Whether to connect at once. @defaultValue `true` */
  readonly connect?: boolean | undefined;
  /** @defaultValue a new `Awareness` of the document */
  readonly awareness?: Awareness | undefined;
  /** URL parameters; `token` is the token, too. Read again for each connection. */
  readonly params?: Record<string, string> | undefined;
  /** WebSocket subprotocols. */
  readonly protocols?: string[] | undefined;
  /** @defaultValue the global `WebSocket` */
  readonly WebSocketPolyfill?: WebSocketClass | undefined;
  /** Asks the server for its state so often, in milliseconds. Never necessary. @defaultValue `-1`: not at all */
  readonly resyncInterval?: number | undefined;
  /** The longest wait between two attempts, in milliseconds. @defaultValue `2_500` */
  readonly maxBackoffTime?: number | undefined;
  /** Whether other tabs of this browser are left alone. @defaultValue `false` */
  readonly disableBc?: boolean | undefined;
  /** Whether to come back after the server closed the connection. @defaultValue unless the code is 4400 to 4499 */
  readonly shouldReconnect?: ((event: CloseEvent, provider: WebsocketProvider) => boolean) | undefined;
}

/** The events of `y-websocket` 3.1, and two more. */
export interface WebsocketProviderEvents {
  /** How the way to the server is. */
  status: (event: { readonly status: 'connected' | 'disconnected' | 'connecting' }) => void;
  /** {@link WebsocketProvider.synced} is another. */
  sync: (isSynced: boolean) => void;
  /** The same as `sync`. */
  synced: (isSynced: boolean) => void;
  /** A connection ended; `null`: it was closed from here. */
  'connection-close': (event: CloseEvent | null, provider: WebsocketProvider) => void;
  /** The socket failed; a close follows. */
  'connection-error': (event: Event, provider: WebsocketProvider) => void;
  /** The server ended it for good. */
  closed: (event: { readonly code: number; readonly reason: string }, provider: WebsocketProvider) => void;
  /** {@link WebsocketProvider.saved} or the number of unsaved changes is another. */
  saved: (saved: boolean, unsavedChanges: number) => void;
  /** The server did not take edits up. */
  refused: (edits: RefusedEdits) => void;
}

/**
 * The `WebsocketProvider` of `y-websocket` 3.1 for a Headwater server: the same constructor, options, properties and events, so that a page
 * changes one import. What it adds is what `HeadwaterProvider` knows: `saved`, `unsavedChanges` and refused edits.
 *
 * @example
 * ```ts
 * import { WebsocketProvider } from '@headwater/client/y-websocket';
 *
 * const provider = new WebsocketProvider('wss://example.com', 'notes', doc, { params: { token } });
 * provider.on('sync', (isSynced) => console.log(isSynced));
 * provider.on('saved', (saved) => console.log(saved));
 * ```
 */
export class WebsocketProvider extends ObservableV2<WebsocketProviderEvents> {
  readonly serverUrl: string;
  readonly roomname: string;
  readonly doc: Y.Doc;
  readonly awareness: Awareness;
  readonly bcChannel: string;
  readonly protocols: string[];
  readonly disableBc: boolean;
  /** May be changed: the next connection is made with it. */
  params: Record<string, string>;
  maxBackoffTime: number;
  /** Asked when the server closed a connection. May be changed. */
  shouldReconnect: (event: CloseEvent, provider: WebsocketProvider) => boolean;
  /** Whether it is to be connected. */
  shouldConnect: boolean;
  /** When something was heard last, in milliseconds since the epoch. */
  wsLastMessageReceived = 0;
  /** Connections that ended since the last sync. */
  wsUnsuccessfulReconnects = 0;
  readonly #connection: Connection;
  readonly #session: Session;
  readonly #tabs: TabChannel;
  readonly #ownAwareness: Awareness | undefined;
  readonly #resyncTimer: ReturnType<typeof setInterval> | undefined;
  #isDestroyed = false;
  #told: { readonly status: Status; readonly synced: boolean; readonly unsavedChanges: number };
  #lastClose: CloseEvent | null = null;

  /** @throws HeadwaterError `HW_OPTIONS_INVALID` */
  constructor(serverUrl: string, roomname: string, doc: Y.Doc, options: WebsocketProviderOptions = {}) {
    super();
    this.serverUrl = serverUrl.replace(/\/+$/, '');
    this.roomname = roomname;
    this.doc = doc;
    this.bcChannel = `${this.serverUrl}/${roomname}`;
    this.params = options.params ?? {};
    this.protocols = options.protocols ?? [];
    this.maxBackoffTime = options.maxBackoffTime ?? 2_500;
    this.shouldReconnect = options.shouldReconnect ?? (({ code }) => !(code >= 4400 && code < 4500)); // some polyfills say no code
    this.disableBc = options.disableBc ?? false;
    this.shouldConnect = options.connect ?? true;
    this.#ownAwareness = options.awareness === undefined ? new Awareness(doc) : undefined;
    this.awareness = options.awareness ?? (this.#ownAwareness as Awareness);
    this.#tabs = this.#createTabs();
    this.#connection = this.#createConnection(webSocketClass(options.WebSocketPolyfill));
    this.#session = this.#createSession(checkName(documentNameOf(roomname)));
    this.#told = this.#now();
    const { resyncInterval = -1 } = options;
    if (resyncInterval > 0) this.#resyncTimer = setInterval(() => this.#session.resync(), resyncInterval);
    if (this.shouldConnect) this.connect();
  }

  /** Where a stock provider would connect. */
  get url(): string {
    return `${this.serverUrl}/${this.roomname}${this.#query}`;
  }

  /** The socket there is, open or not. */
  get ws(): WebSocketLike | null {
    return this.#connection.socket ?? null;
  }

  /** Whether the server let this document in. */
  get wsconnected(): boolean {
    return this.#session.status === 'connected';
  }

  /** Whether it is on the way there. */
  get wsconnecting(): boolean {
    return this.#session.status === 'connecting';
  }

  /** Whether edits are shared with the other tabs. */
  get bcconnected(): boolean {
    return this.#tabs.isOpen;
  }

  /** Whether everything the server has is in the document. */
  get synced(): boolean {
    return this.#session.isSynced;
  }

  /** Whether everything in the document is on the server's disk. */
  get saved(): boolean {
    return this.unsavedChanges === 0;
  }

  /** How many changes, of one transaction each, are not known to be on the server's disk. */
  get unsavedChanges(): number {
    return this.#session.unsavedChanges;
  }

  /** Connects, and comes back after every loss. */
  connect(): void {
    if (this.#isDestroyed) return;
    this.shouldConnect = true;
    this.#session.join();
    this.connectBc();
  }

  /** Leaves the server and the other tabs. */
  disconnect(): void {
    this.shouldConnect = false;
    this.disconnectBc();
    if (this.ws !== null) this.emit('connection-close', [null, this]);
    this.#session.leave();
  }

  /** Shares with the other tabs, unless `disableBc` is set. */
  connectBc(): void {
    if (!this.disableBc) this.#tabs.open();
  }

  /** Leaves the other tabs. */
  disconnectBc(): void {
    this.#tabs.close();
  }

  /** Ends everything; the document stays. */
  override destroy(): void {
    if (this.#isDestroyed) return;
    this.disconnect();
    this.#isDestroyed = true;
    clearInterval(this.#resyncTimer);
    this.#session.destroy();
    this.#ownAwareness?.destroy();
    super.destroy();
  }

  get #query(): string {
    const query = encodeQueryParams(this.params);
    return query === '' ? '' : `?${query}`;
  }

  #createTabs(): TabChannel {
    const { doc: document, awareness } = this;
    const channelName = `headwater:${this.bcChannel}`;
    const isReadOnly = (): boolean => this.#session.isReadOnly;
    return new TabChannel({ channelName, document, awareness, serverOrigin: this, isReadOnly });
  }

  #createConnection(WebSocket: WebSocketClass): Connection {
    const url = webSocketUrl(this.serverUrl);
    return new Connection({
      url,
      dial: () => {
        const socket = new WebSocket(url + this.#query, this.protocols);
        socket.addEventListener('message', () => {
          this.wsLastMessageReceived = Date.now();
        });
        return socket;
      },
      maxBackoffMs: () => this.maxBackoffTime,
      isPermanent: (close) => !this.shouldReconnect(close as CloseEvent, this),
    });
  }

  #createSession(name: string): Session {
    const { doc: document, awareness } = this;
    const token = (): string => this.params['token'] ?? '';
    const subject = { name, document, awareness, token, origin: this, ready: undefined };
    return new Session(subject, () => this.#connection, {
      changed: () => this.#tell(),
      editsChanged: () => this.#tell(),
      refused: (edits) => this.emit('refused', [edits]),
      denied: (error) => this.#close(error),
      failed: (error) => {
        if (error.code !== 'HW_SERVER_UNREACHABLE') this.#complain(error); // of that there was a connection-error
      },
      stateless: () => {},
      isNear: (client) => this.#tabs.has(client),
      socketClosed: (event) => {
        this.#lastClose = event as CloseEvent | null; // whatever the WebSocket in use says
        this.wsUnsuccessfulReconnects += 1;
        this.emit('connection-close', [this.#lastClose, this]);
      },
      socketFailed: (event) => this.emit('connection-error', [event as Event, this]),
    });
  }

  #now() {
    return { status: this.#session.status, synced: this.synced, unsavedChanges: this.unsavedChanges };
  }

  #tell(): void {
    const before = this.#told;
    const now = this.#now();
    this.#told = now;
    if (now.synced !== before.synced) {
      if (now.synced) this.wsUnsuccessfulReconnects = 0;
      this.emit('synced', [now.synced]);
      this.emit('sync', [now.synced]);
    }
    if (now.status !== before.status) this.#tellStatus(now.status, before.status);
    if (now.unsavedChanges !== before.unsavedChanges) {
      this.emit('saved', [now.unsavedChanges === 0, now.unsavedChanges]);
    }
  }

  /** A stock provider is disconnected only when it was connected. */
  #tellStatus(status: Status, before: Status): void {
    if (status === 'connected' || status === 'connecting') this.emit('status', [{ status }]);
    else if (before === 'connected') this.emit('status', [{ status: 'disconnected' }]);
  }

  #close({ code, message }: HeadwaterError): void {
    this.shouldConnect = false;
    const close = this.#lastClose;
    const said = close !== null && !this.shouldReconnect(close, this) ? close : undefined;
    const event = {
      code: said?.code ?? (code === 'HW_DOCUMENT_DELETED' ? CLOSED_BY_DELETION : CLOSED_BY_DENIAL),
      reason: said?.reason ?? `${code}: ${message}`,
    };
    if (this._observers.has('closed')) this.emit('closed', [event, this]);
    else this.#complain({ code, message });
  }

  #complain({ code, message }: Pick<HeadwaterError, 'code' | 'message'>): void {
    console.error(`[headwater] "${this.roomname}": ${message} (${code})`);
  }
}

/** The path of a stock provider's URL is percent-decoded by the server, and ends where its query begins. */
function documentNameOf(roomname: string): string {
  const [path = ''] = roomname.split(/[?#]/);
  try {
    return decodeURIComponent(path);
  } catch {
    return path;
  }
}
