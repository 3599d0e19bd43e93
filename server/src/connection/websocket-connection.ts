import type { Socket } from 'node:net';
import {
  closeCodeOf,
  type ErrorCode,
  HeadwaterError,
  isHeadwaterHello,
  isHocuspocusHello,
  type RetryHint,
} from '@headwater/protocol';
import type { WebSocket } from 'ws';
import type { Visitor } from '../access/access.ts';
import type { Dialect, DialectSurroundings, Link } from './dialect.ts';
import { FrameInbox } from './frame-inbox.ts';
import { HeadwaterDialect } from './headwater-dialect.ts';
import type { Heartbeat, HeartbeatTarget } from './heartbeat.ts';
import { HocuspocusDialect } from './hocuspocus-dialect.ts';
import { Outbox } from './outbox.ts';
import { RateMeter } from './rate-meter.ts';
import type { ReadScheduler } from './read-scheduler.ts';
import { YWebsocketDialect } from './y-websocket-dialect.ts';

/** What a connection needs of the house around it. */
export interface ConnectionSurroundings extends DialectSurroundings {
  readonly readers: ReadScheduler;
  readonly heartbeat: Heartbeat;
  /** Called once, when the socket is closed and everything it sent has been handled. */
  readonly onClosed: (connection: WebSocketConnection) => void;
}

/** How long a client may take to answer when somebody else claims its awareness state. */
const RESPONSE_TIMEOUT_MS = 3_000;
/** How long a connection may be without a session: waiting for a token, say, or for a document to be read. */
const NO_SESSION_TIMEOUT_MS = 60_000;
/** A close handshake that takes longer is cut. */
const CLOSE_TIMEOUT_MS = 2_000;

/** The code, and what it is about. A close reason holds 123 bytes of UTF-8, and `ws` throws when it is longer. */
function closeReason({ code, message }: HeadwaterError): string {
  return Buffer.from(`${code}: ${message}`)
    .subarray(0, 120)
    .toString()
    .replace(/\uFFFD+$/, '');
}

/** Who a WebSocket is from, and what its path named. */
export interface Arrival {
  /** Names the connection in the log of its documents. */
  readonly author: string;
  readonly visitor: Visitor;
  /** `undefined` where the path names none: then it is one of those whose every message does. */
  readonly documentName: string | undefined;
}

/** One WebSocket. What is said on it is its dialect's; reading fairly, writing within bounds and noticing its end is done here. */
export class WebSocketConnection implements Link, HeartbeatTarget {
  readonly author: string;
  readonly visitor: Visitor;
  readonly #webSocket: WebSocket;
  readonly #around: ConnectionSurroundings;
  readonly #inbox: FrameInbox;
  readonly #outbox: Outbox;
  readonly #meter: RateMeter;
  #dialect: Dialect;
  #hasSpoken = false;
  #heardMs: number;
  #isHeardSinceBeat = true;
  #stalledSinceMs: number | undefined;
  #sessionMs: number;
  #isClosing = false;
  #listeners: (() => void)[] = [];

  /** Takes over a socket whose upgrade just finished. */
  constructor(webSocket: WebSocket, socket: Socket, arrival: Arrival, around: ConnectionSurroundings) {
    const { author, visitor, documentName } = arrival;
    this.#webSocket = webSocket;
    this.#around = around;
    this.author = author;
    this.visitor = visitor;
    this.#heardMs = around.now();
    this.#sessionMs = this.#heardMs;
    this.#meter = new RateMeter(around.options.maxMessagesPerSecond);
    this.#outbox = new Outbox(socket, around.options.maxQueuedBytes, () => this.#dialect.drained());
    this.#inbox = new FrameInbox(webSocket, around.readers, (frame) => this.#handle(frame));

    webSocket.on('message', (data, isBinary) => this.#onMessage(data as Buffer, isBinary));
    webSocket.on('pong', () => this.#heard());
    webSocket.on('ping', (data) => {
      this.#heard();
      if (this.#outbox.isEmpty) webSocket.pong(data); // a flood of pings that reads no pongs is none of our memory
    });
    webSocket.on('error', (error) => this.#onError(error));
    webSocket.on('close', () => this.#onClose());
    around.heartbeat.add(this);
    this.#dialect = documentName === undefined ? this.#beginHocuspocus() : this.#beginYWebsocket(documentName);
  }

  get isFull(): boolean {
    return this.#outbox.isFull;
  }

  send(buffers: readonly Uint8Array[]): boolean {
    return this.#outbox.send(buffers);
  }

  release(): void {
    this.#inbox.release();
  }

  close(error: HeadwaterError): void {
    if (this.#isClosing) return;
    this.#isClosing = true;
    this.#inbox.close();
    this.#dialect.leave(); // nothing may follow a close frame
    this.#webSocket.resume(); // or the answer to the close frame is never read
    this.#webSocket.close(closeCodeOf(error) ?? 1011, closeReason(error));
    setTimeout(() => this.#webSocket.terminate(), CLOSE_TIMEOUT_MS).unref();
  }

  /** The same, for a client that is to come back: not with all the others at once, if it understands that. */
  dismiss(error: HeadwaterError, hint: RetryHint): void {
    if (this.#isClosing) return;
    const farewell = this.#dialect.farewell?.(hint);
    if (farewell !== undefined) this.send([farewell]);
    this.close(error);
  }

  /** Cuts the socket, whatever its client makes of that. */
  terminate(): void {
    this.#webSocket.terminate();
  }

  /** Resolves once the socket is gone. */
  whenClosed(): Promise<void> {
    return new Promise((resolve) => {
      if (this.#webSocket.readyState === this.#webSocket.CLOSED) resolve();
      else this.#webSocket.once('close', () => resolve());
    });
  }

  /** Stops reading, and handles what was read: the rest stays with the client, which sends it again when it is back. */
  stopReading(): void {
    this.#webSocket.pause();
    this.#inbox.finish();
  }

  /**
   * Only what is heard from now on counts: a client that changes its network is back within a second of its last sign of
   * life on the connection that is dead.
   */
  isResponsive(): Promise<boolean> {
    if (this.#webSocket.readyState !== this.#webSocket.OPEN) return Promise.resolve(false);
    this.#webSocket.ping();
    return new Promise((resolve) => {
      const giveUp = (): void => {
        // The question, or its answer, lies behind other bytes: a client that is slow keeps what is its own. One that is
        // gone is found out by the heartbeat.
        if (this.#isBacklogged && this.#webSocket.readyState === this.#webSocket.OPEN) timer.refresh();
        else resolve(false);
      };
      const timer = setTimeout(giveUp, RESPONSE_TIMEOUT_MS).unref();
      this.#listeners.push(() => {
        clearTimeout(timer);
        resolve(true);
      });
    });
  }

  beat(): void {
    const { stalledSocketTimeoutMs } = this.#around.options;
    if (this.#isClosing) return;
    if (this.#dialect.hasSession) this.#sessionMs = this.#around.now();
    else if (this.#around.now() - this.#sessionMs >= NO_SESSION_TIMEOUT_MS) {
      this.close(new HeadwaterError('HW_NOT_AUTHENTICATED', 'no document was opened for a minute'));
      return;
    }
    if (!this.#outbox.hasMoved()) {
      this.#stalledSinceMs ??= this.#around.now();
      if (this.#around.now() - this.#stalledSinceMs >= stalledSocketTimeoutMs) {
        this.#around.logger.info({ author: this.author }, 'socket took nothing for too long');
        this.close(new HeadwaterError('HW_SLOW_CONSUMER', 'nothing was read for too long'));
        return;
      }
    } else {
      this.#stalledSinceMs = undefined;
    }
    // Its answers lie unread behind frames that wait here: that we do not listen says nothing about the client.
    if (this.#inbox.isWaiting) this.#isHeardSinceBeat = true;
    if (!this.#isHeardSinceBeat) {
      // A ping behind unsent bytes may not have arrived: such a client is slow, not gone. But nobody sees it any more.
      if (this.#outbox.isEmpty) return this.#webSocket.terminate();
      this.#dialect.silence();
    }
    this.#isHeardSinceBeat = false;
    if (this.#outbox.isEmpty) this.send([this.#dialect.heartbeat]);
  }

  get #isBacklogged(): boolean {
    return !this.#outbox.isEmpty || this.#inbox.isWaiting;
  }

  #onMessage(data: Buffer, isBinary: boolean): void {
    this.#heard();
    if (!isBinary) {
      this.close(new HeadwaterError('HW_FRAME_TEXT', 'text frame: this server speaks binary frames only'));
      return;
    }
    if (this.#meter.isExceededAt(this.#heardMs)) {
      this.close(new HeadwaterError('HW_RATE_EXCEEDED', 'more messages per second than this server accepts'));
      return;
    }
    if (!this.#hasSpoken) this.#onFirstMessage(data);
    this.#inbox.push(data);
  }

  /**
   * On a path that names no document it is ours or a Hocuspocus provider's. That one may have been given any path: its first
   * message tells it from a y-websocket client.
   */
  #onFirstMessage(data: Buffer): void {
    this.#hasSpoken = true;
    const isOurs = isHeadwaterHello(data);
    if (!(this.#dialect instanceof YWebsocketDialect)) {
      if (isOurs) this.#dialect = new HeadwaterDialect(this, this.#around);
    } else if (isOurs) {
      this.close(new HeadwaterError('HW_FRAME_MALFORMED', 'the path of the URL names a document: leave that out'));
    } else if (isHocuspocusHello(data)) {
      this.#dialect.leave();
      this.#dialect = this.#beginHocuspocus();
    } else if (this.#around.authenticate !== undefined) {
      this.#dialect.open();
    }
  }

  #beginHocuspocus(): Dialect {
    this.#inbox.release();
    return new HocuspocusDialect(this, this.#around);
  }

  /** Where access has to be asked for, the first message comes first: a Hocuspocus provider brings its token with it. */
  #beginYWebsocket(documentName: string): Dialect {
    const dialect = new YWebsocketDialect(documentName, this, this.#around);
    if (this.#around.authenticate === undefined) dialect.open();
    return dialect;
  }

  /** `ws` has closed the socket by now, with a code and without a reason. */
  #onError(error: Error): void {
    const { author } = this;
    const { logger, options } = this.#around;
    const { documentName } = this.#dialect;
    if ((error as NodeJS.ErrnoException).code === 'WS_ERR_UNSUPPORTED_MESSAGE_LENGTH') {
      // Its client sends the same again whenever it reconnects, and never gets its edits saved: somebody has to know.
      const code = 'HW_MESSAGE_TOO_LARGE' satisfies ErrorCode;
      logger.warn({ author, documentName, code, maxMessageBytes: options.maxMessageBytes }, 'message over the limit');
    } else {
      logger.debug({ author, documentName, err: error }, 'socket error');
    }
  }

  #handle(frame: Uint8Array): void {
    const { documentName } = this.#dialect;
    try {
      this.#dialect.handle(frame);
    } catch (error) {
      if (error instanceof HeadwaterError) {
        const { code, message } = error;
        this.#around.logger.info({ author: this.author, documentName, code }, message);
        this.close(error);
        return;
      }
      // A defect of ours, but found by this one message: it costs this connection, not everybody's.
      this.#around.logger.error({ author: this.author, documentName, err: error }, 'frame failed');
      this.close(new HeadwaterError('HW_FRAME_MALFORMED', 'this message could not be handled', { cause: error }));
    }
  }

  #heard(): void {
    this.#heardMs = this.#around.now();
    this.#isHeardSinceBeat = true;
    if (this.#listeners.length > 0) for (const listener of this.#listeners.splice(0)) listener();
  }

  #onClose(): void {
    this.#around.heartbeat.remove(this);
    // What waits in the inbox is handled once its document is open; a document that never opens is not waited for.
    if (this.#inbox.isWaiting) setTimeout(() => this.#inbox.close(), NO_SESSION_TIMEOUT_MS).unref();
    this.#inbox.whenEmpty(() => {
      this.#isClosing = true;
      this.#inbox.close();
      this.#dialect.leave();
      this.#around.onClosed(this);
    });
  }
}
