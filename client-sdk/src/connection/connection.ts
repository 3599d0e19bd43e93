import {
  addressOf,
  decodeHeadwaterServerFrame,
  encodeClientHello,
  encodePing,
  type HeadwaterError,
  type HeadwaterServerFrame,
  type HeadwaterServerMessage,
  PROTOCOL_VERSION,
  type RetryHint,
} from '@headwater/protocol';
import { Backoff } from './backoff.ts';
import { CLIENT_NAME } from './client-name.ts';
import { incompatible, silentServer, stoppedBy, undialable, unreachable } from './connection-errors.ts';
import { CONNECTION_STATES, type ConnectionEvent, type ConnectionState } from './connection-state.ts';
import { Heartbeat } from './heartbeat.ts';
import { isPageVisible, onPageAwake } from './page.ts';
import { type CloseInfo, WEB_SOCKET_OPEN, type WebSocketLike } from './web-socket.ts';

/** A server that has not said Hello in this time is given up, and has twice the time in the next attempt. */
const HELLO_TIMEOUT_MS = 5_000;
const LONGEST_HELLO_TIMEOUT_MS = 30_000;

/** How a connection is made. */
export interface ConnectionSettings {
  /** For messages: where the server is. */
  readonly url: string;
  readonly dial: () => WebSocketLike;
  /** The longest wait between two attempts. */
  readonly maxBackoffMs: () => number;
  /** Whether a close was for good. */
  readonly isPermanent: (close: CloseInfo) => boolean;
}

/** What is carried: one document's end of the connection. */
export interface Endpoint {
  /** What its messages are addressed with; two of one connection differ. */
  readonly address: string;
  readonly hasUnsaved: boolean;
  /** The server is there and speaks our language. */
  opened(maxMessageBytes: number): void;
  handle(message: HeadwaterServerMessage): void;
  /** The connection is in another state. */
  changed(state: ConnectionState): void;
  /** Trying again does not help. */
  stopped(error: HeadwaterError): void;
  /** An attempt failed for a reason that somebody should know, while it is tried on; once until it is open again. */
  failed(error: HeadwaterError): void;
  /** The socket closed; `null`: we closed it. */
  socketClosed?(event: CloseInfo | null): void;
  socketFailed?(event: unknown): void;
}

/**
 * A WebSocket that comes back, and what it carries. It is open while there is an endpoint, and tried again after each loss:
 * after a wait with full jitter, at once when the browser comes online or the page visible, and when the server said so before it closed.
 */
export class Connection {
  readonly #settings: ConnectionSettings;
  readonly #backoff: Backoff;
  readonly #heartbeat: Heartbeat;
  readonly #endpoints = new Map<string, Endpoint>();
  /** How many sessions of a document there were. */
  readonly #sessions = new Map<string, number>();
  #state: ConnectionState = 'idle';
  #socket: WebSocketLike | undefined;
  /** Until the Hello, or the next attempt. */
  #timer: ReturnType<typeof setTimeout> | undefined;
  /** Whether the socket opened. */
  #isAnswered = false;
  #helloTimeoutMs = HELLO_TIMEOUT_MS;
  #maxMessageBytes = 0;
  #hint: RetryHint | undefined;
  #hasComplained = false;
  #pings = 0;
  #stopWatchingPage: (() => void) | undefined;

  constructor(settings: ConnectionSettings) {
    this.#settings = settings;
    this.#backoff = new Backoff(settings.maxBackoffMs);
    this.#heartbeat = new Heartbeat({
      ping: () => this.send(encodePing(++this.#pings)),
      lost: () => this.#lose(null),
      isAttentive: () => isPageVisible() || this.#hasUnsaved,
      bufferedAmount: () => this.#socket?.bufferedAmount ?? 0,
    });
  }

  get state(): ConnectionState {
    return this.#state;
  }

  get socket(): WebSocketLike | undefined {
    return this.#socket;
  }

  get isUnused(): boolean {
    return this.#endpoints.size === 0;
  }

  /**
   * An address for a session that begins: the document's name, unless this socket saw that already. What the server still says to a session
   * that ended must not be taken for said to the next one.
   */
  freeAddress(documentName: string): string {
    const sessions = this.#sessions.get(documentName) ?? 0;
    this.#sessions.set(documentName, sessions + 1);
    return addressOf(documentName, sessions === 0 ? '' : String(sessions));
  }

  /** Carries one more; opens the connection for the first. One that was stopped is tried once more. */
  attach(endpoint: Endpoint): void {
    this.#endpoints.set(endpoint.address, endpoint);
    this.#stopWatchingPage ??= onPageAwake(() => this.#wake());
    if (this.#state === 'open') endpoint.opened(this.#maxMessageBytes);
    else this.#step('wanted');
  }

  /** Carries one under another address from now on. */
  readdress(before: string, endpoint: Endpoint): void {
    this.#endpoints.delete(before);
    this.#endpoints.set(endpoint.address, endpoint);
  }

  /** Carries it no longer; closes the connection after the last. */
  detach(endpoint: Endpoint): void {
    if (this.#endpoints.get(endpoint.address) !== endpoint) return;
    this.#endpoints.delete(endpoint.address);
    if (!this.isUnused) return;
    this.#stopWatchingPage?.();
    this.#stopWatchingPage = undefined;
    this.#drop();
    this.#backoff.reset();
    this.#hasComplained = false;
    this.#step('unwanted');
  }

  /** Sends a frame; without an open socket it is gone, and the session that sent it is about to be told so. */
  send(frame: Uint8Array): void {
    if (this.#socket?.readyState === WEB_SOCKET_OPEN) this.#socket.send(frame as Uint8Array<ArrayBuffer>);
  }

  /** A session works: the next wait is a short one again. */
  worked(): void {
    this.#backoff.reset();
  }

  /** Something became unsaved: a loss matters now. */
  hurry(): void {
    this.#heartbeat.hurry();
  }

  get #hasUnsaved(): boolean {
    for (const { hasUnsaved } of this.#endpoints.values()) if (hasUnsaved) return true;
    return false;
  }

  #step(event: ConnectionEvent): void {
    const before = this.#state;
    this.#state = CONNECTION_STATES[before][event];
    if (this.#state === before) return;
    if (this.#state === 'connecting') this.#dial();
    this.#each((endpoint) => endpoint.changed(this.#state));
  }

  #dial(): void {
    let socket: WebSocketLike;
    try {
      socket = this.#settings.dial();
    } catch (cause) {
      // Not at once: who asked for it has no listeners yet.
      queueMicrotask(() => this.#stop(undialable(this.#settings.url, cause)));
      return;
    }
    socket.binaryType = 'arraybuffer';
    this.#socket = socket;
    this.#isAnswered = false;
    this.#timer = setTimeout(() => this.#giveUp(), this.#helloTimeoutMs);
    const isOurs = (): boolean => this.#socket === socket; // one that was let go may still speak
    socket.addEventListener('open', () => isOurs() && this.#greet());
    socket.addEventListener('message', ({ data }) => isOurs() && this.#receive(data));
    socket.addEventListener('error', (event) => isOurs() && this.#each((endpoint) => endpoint.socketFailed?.(event)));
    socket.addEventListener('close', (event) => isOurs() && this.#lose(event));
  }

  #greet(): void {
    this.#isAnswered = true;
    this.send(encodeClientHello({ version: PROTOCOL_VERSION, client: CLIENT_NAME }));
  }

  #giveUp(): void {
    const { url } = this.#settings;
    this.#helloTimeoutMs = Math.min(LONGEST_HELLO_TIMEOUT_MS, 2 * this.#helloTimeoutMs);
    this.#complain(this.#isAnswered ? silentServer(url) : unreachable(url, {}));
    this.#lose(null);
  }

  #receive(data: unknown): void {
    const frame = this.#decode(data);
    if (frame === undefined) return;
    if (this.#state === 'connecting') {
      if (frame.kind === 'hello') this.#open(frame.maxMessageBytes);
      else this.#stop(incompatible(this.#settings.url));
      return;
    }
    if (frame.kind === 'pong') this.#heartbeat.answered();
    else this.#heartbeat.heard();
    if (frame.kind === 'retry') this.#hint = frame;
    if (frame.kind === 'message') this.#endpoints.get(frame.address)?.handle(frame.message);
  }

  #decode(data: unknown): HeadwaterServerFrame | undefined {
    try {
      if (data instanceof ArrayBuffer) return decodeHeadwaterServerFrame(new Uint8Array(data));
      this.#stop(incompatible(this.#settings.url));
    } catch (cause) {
      this.#stop(incompatible(this.#settings.url, cause));
    }
    return undefined;
  }

  #open(maxMessageBytes: number): void {
    clearTimeout(this.#timer);
    this.#maxMessageBytes = maxMessageBytes;
    this.#helloTimeoutMs = HELLO_TIMEOUT_MS;
    this.#hasComplained = false;
    this.#hint = undefined;
    this.#heartbeat.start();
    this.#step('greeted');
    this.#each((endpoint) => endpoint.opened(maxMessageBytes));
  }

  /** @param close - how the socket closed; `null`: it did not, we give it up */
  #lose(close: CloseInfo | null): void {
    if (this.#socket === undefined) return;
    const wasOpen = this.#state === 'open';
    this.#drop();
    this.#each((endpoint) => endpoint.socketClosed?.(close));
    if (this.isUnused) return; // somebody was told and left
    if (close !== null && this.#settings.isPermanent(close)) {
      // Whoever finds our Hello malformed does not know it.
      return this.#stop(!wasOpen && close.code === 4400 ? incompatible(this.#settings.url) : stoppedBy(close));
    }
    if (!wasOpen && close !== null) this.#complain(unreachable(this.#settings.url, close));
    this.#timer = setTimeout(() => this.#step('due'), this.#waitMs());
    this.#step('lost');
  }

  #waitMs(): number {
    const hint = this.#hint;
    this.#hint = undefined;
    if (hint === undefined) return this.#backoff.next();
    return hint.minMs + Math.random() * Math.max(0, hint.maxMs - hint.minMs);
  }

  #stop(error: HeadwaterError): void {
    this.#drop();
    this.#step('refused');
    this.#each((endpoint) => endpoint.stopped(error));
  }

  /** Lets go of the socket without waiting for it: one without network never says that it closed. */
  #drop(): void {
    clearTimeout(this.#timer);
    this.#heartbeat.stop();
    const socket = this.#socket;
    this.#socket = undefined;
    socket?.close();
  }

  /** Online again, or looked at again. */
  #wake(): void {
    if (this.#state === 'connecting' && !this.#isAnswered) {
      // An attempt from before the network was back may hang for a minute.
      this.#drop();
      this.#dial();
    } else if (this.#state === 'waiting') {
      clearTimeout(this.#timer);
      this.#backoff.reset();
      this.#step('due');
    } else if (this.#state === 'open') {
      this.#heartbeat.check();
    }
  }

  #complain(error: HeadwaterError): void {
    if (this.#hasComplained) return;
    this.#hasComplained = true;
    this.#each((endpoint) => endpoint.failed(error));
  }

  /** Endpoints may come and go meanwhile: those are told that were there, and still are. */
  #each(tell: (endpoint: Endpoint) => void): void {
    const endpoints = [...this.#endpoints];
    for (const [address, endpoint] of endpoints) if (this.#endpoints.get(address) === endpoint) tell(endpoint);
  }
}
