import type { Socket } from 'node:net';
import { type ErrorCode, HeadwaterError } from '@headwater/protocol';
import type { WebSocket } from 'ws';
import type { HostedDocument } from '../documents/hosted-document.ts';
import type { DocumentRegistry } from '../documents/registry.ts';
import type { Session } from '../documents/session.ts';
import type { Logger } from '../logging/logger.ts';
import type { ResolvedServerOptions } from '../options.ts';
import type { Framing } from '../wire/framing.ts';
import { yWebsocketFraming } from '../wire/y-websocket-framing.ts';
import { FrameInbox } from './frame-inbox.ts';
import { handleFrame } from './handlers.ts';
import type { Heartbeat, HeartbeatTarget } from './heartbeat.ts';
import { Outbox } from './outbox.ts';
import { RateMeter } from './rate-meter.ts';
import type { ReadScheduler } from './read-scheduler.ts';

/** What a connection needs of the house around it. */
export interface ConnectionSurroundings {
  readonly registry: DocumentRegistry;
  readonly readers: ReadScheduler;
  readonly heartbeat: Heartbeat;
  readonly options: ResolvedServerOptions;
  readonly logger: Logger;
  /** Milliseconds since the epoch. */
  readonly now: () => number;
  /** Called once, when the socket is closed and everything it sent has been handled. */
  readonly onClosed: (connection: WebSocketConnection) => void;
}

/** How long a client may take to answer when somebody else claims its awareness state. */
const RESPONSE_TIMEOUT_MS = 3_000;
/** A close handshake that takes longer is cut. */
const CLOSE_TIMEOUT_MS = 2_000;

/** The code, and what it is about. A close reason holds 123 bytes of UTF-8, and `ws` throws when it is longer. */
function closeReason({ code, message }: HeadwaterError): string {
  return Buffer.from(`${code}: ${message}`)
    .subarray(0, 120)
    .toString()
    .replace(/\uFFFD+$/, '');
}

/** One WebSocket of a `y-websocket` client, which carries one session: the document its path names. */
export class WebSocketConnection implements Session, HeartbeatTarget {
  readonly author: string;
  readonly framing: Framing = yWebsocketFraming;
  readonly #webSocket: WebSocket;
  readonly #around: ConnectionSurroundings;
  readonly #inbox: FrameInbox;
  readonly #outbox: Outbox;
  readonly #meter: RateMeter;
  #document: HostedDocument | undefined;
  #heardMs: number;
  #isHeardSinceBeat = true;
  #stalledSinceMs: number | undefined;
  #isClosing = false;
  #listeners: (() => void)[] = [];

  /** Takes over a socket whose upgrade just finished. `author` names it in the log of the document. */
  constructor(webSocket: WebSocket, socket: Socket, author: string, around: ConnectionSurroundings) {
    this.#webSocket = webSocket;
    this.#around = around;
    this.author = author;
    this.#heardMs = around.now();
    this.#meter = new RateMeter(around.options.maxMessagesPerSecond);
    this.#outbox = new Outbox(socket, around.options.maxQueuedBytes, () => this.#document?.drained(this));
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
  }

  /** Opens the document and joins it. Never rejects: a document that cannot be opened ends the connection. */
  async open(documentName: string): Promise<void> {
    try {
      const document = await this.#around.registry.open(documentName);
      if (this.#isClosing) return;
      // A client that has left in the meantime may have left edits too: they wait in the inbox.
      this.#document = document;
      document.join(this);
      this.#inbox.release();
    } catch (error) {
      this.#around.logger.error({ documentName, err: error }, 'document could not be opened');
      this.close(new HeadwaterError('HW_DOCUMENT_UNREADABLE', 'the document could not be opened', { cause: error }));
    }
  }

  send(buffers: readonly Uint8Array[]): boolean {
    return this.#outbox.send(buffers);
  }

  acknowledge(count: number): void {
    const message = this.framing.acknowledgement(count);
    if (message !== undefined) this.send([message]);
  }

  close(error: HeadwaterError): void {
    if (this.#isClosing) return;
    this.#isClosing = true;
    this.#inbox.close();
    this.#leave(); // nothing may follow a close frame
    this.#webSocket.resume(); // or the answer to the close frame is never read
    this.#webSocket.close(error.closeCode ?? 1011, closeReason(error));
    setTimeout(() => this.#webSocket.terminate(), CLOSE_TIMEOUT_MS).unref();
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
      this.#document?.silence(this);
    }
    this.#isHeardSinceBeat = false;
    if (this.#outbox.isEmpty) this.send([this.framing.heartbeat]);
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
    this.#inbox.push(data);
  }

  /** `ws` has closed the socket by now, with a code and without a reason. */
  #onError(error: Error): void {
    const { author } = this;
    const { logger, options } = this.#around;
    const documentName = this.#document?.name;
    if ((error as NodeJS.ErrnoException).code === 'WS_ERR_UNSUPPORTED_MESSAGE_LENGTH') {
      // Its client sends the same again whenever it reconnects, and never gets its edits saved: somebody has to know.
      const code = 'HW_MESSAGE_TOO_LARGE' satisfies ErrorCode;
      logger.warn({ author, documentName, code, maxMessageBytes: options.maxMessageBytes }, 'message over the limit');
    } else {
      logger.debug({ author, documentName, err: error }, 'socket error');
    }
  }

  #handle(frame: Uint8Array): void {
    if (this.#document === undefined) return;
    try {
      handleFrame(this.#document, this, frame);
    } catch (error) {
      if (error instanceof HeadwaterError) {
        const { code, message } = error;
        this.#around.logger.info({ author: this.author, documentName: this.#document.name, code }, message);
        this.close(error);
        return;
      }
      // A defect of ours, but found by this one message: it costs this connection, not everybody's.
      this.#around.logger.error({ author: this.author, documentName: this.#document.name, err: error }, 'frame failed');
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
    this.#inbox.whenEmpty(() => {
      this.#isClosing = true;
      this.#inbox.close();
      this.#leave();
      this.#around.onClosed(this);
    });
  }

  #leave(): void {
    this.#document?.leave(this);
    this.#document = undefined;
  }
}
