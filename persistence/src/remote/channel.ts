import type { Duplex } from 'node:stream';
import { MAX_PIECE_BYTES, MessageReader, PieceEnd, pieceHeader } from './message-reader.ts';

/** Before both ends know each other, messages are short. */
const MAX_GREETING_BYTES = 1024;

/** What is here of messages in pieces, at most: no state of a document that Yjs can handle is near that. */
const MAX_MESSAGE_BYTES = 1024 * 1024 * 1024;

/** Long messages are handed to the socket while it holds less than this: a short one waits for no more. */
const MAX_QUEUED_BYTES = 4 * MAX_PIECE_BYTES;

/** What an end has to take the last words of the other. */
const GOODBYE_MS = 1_000;

/** What a channel needs of a socket. */
export interface ChannelSocket extends Duplex {
  setNoDelay(isOn: boolean): unknown;
}

/** When an end counts as gone. */
export interface ChannelTimes {
  /** Milliseconds between two signs of life. @defaultValue `1_000` */
  readonly heartbeatMs?: number | undefined;
  /** Milliseconds without one after which the other end counts as gone. @defaultValue `5_000` */
  readonly silenceMs?: number | undefined;
  /** Milliseconds in which both ends have to have proved who they are. @defaultValue `5_000` */
  readonly greetingMs?: number | undefined;
}

export const CHANNEL_DEFAULTS = {
  heartbeatMs: 1_000,
  silenceMs: 5_000,
  greetingMs: 5_000,
} as const satisfies ChannelTimes;

/** What is done with what a channel brings. */
export interface ChannelUser {
  /** Whatever it throws ends the channel. */
  onMessage(message: Uint8Array): void;
  /** Called once. */
  onClosed(reason: Error | undefined): void;
  /** The message that says that this end is alive. */
  heartbeat(): Uint8Array;
}

/**
 * Messages over a socket, in order. Long ones may be sent in pieces that others overtake. An end that falls silent, or sends
 * what is no message, is cut off.
 */
export class Channel {
  readonly #socket: ChannelSocket;
  readonly #heartbeatMs: number;
  readonly #silenceMs: number;
  readonly #reader = new MessageReader(MAX_GREETING_BYTES);
  readonly #timer: NodeJS.Timeout;
  #user: ChannelUser | undefined;
  /** Messages nobody has asked for yet. */
  readonly #inbox: Uint8Array[] = [];
  #whenReceived: (() => void) | undefined;
  #whenDrained: (() => void)[] = [];
  #nextMessage = 0;
  #pendingBytes = 0;
  #isCorked = false;
  #isPaused = false;
  #heardAt = performance.now();
  #lookedAt = performance.now();
  #isEnding = false;
  #isClosed = false;
  #reason: Error | undefined;

  constructor(socket: ChannelSocket, times: ChannelTimes) {
    this.#socket = socket;
    this.#heartbeatMs = times.heartbeatMs ?? CHANNEL_DEFAULTS.heartbeatMs;
    this.#silenceMs = times.silenceMs ?? CHANNEL_DEFAULTS.silenceMs;
    this.#timer = setInterval(() => this.#look(), Math.min(this.#heartbeatMs, this.#silenceMs / 2));
    socket.setNoDelay(true);
    socket.on('data', (chunk) => this.#hear(chunk));
    socket.on('drain', () => this.#noticeDrained());
    socket.on('error', (error) => {
      this.#reason ??= error;
    });
    socket.on('end', () => socket.end());
    socket.on('close', () => this.#noticeClosed());
  }

  get isOpen(): boolean {
    return !this.#isClosed && !this.#socket.destroyed;
  }

  /** Bytes of long messages that are still to be sent. */
  get pendingBytes(): number {
    return this.#pendingBytes;
  }

  /** The next message of a greeting. Rejects when the channel ends first. */
  async receive(): Promise<Uint8Array> {
    for (;;) {
      const message = this.#inbox.shift();
      if (message !== undefined) return message;
      if (!this.isOpen) throw this.#reason ?? new Error('the other end has closed the connection');
      await new Promise<void>((resolve) => {
        this.#whenReceived = resolve;
      });
    }
  }

  /** The greeting is over: messages may be long, and go to `user`. */
  use(user: ChannelUser): void {
    this.#user = user;
    this.#reader.maxBytes = MAX_MESSAGE_BYTES;
    if (!this.isOpen) {
      this.#user = undefined;
      user.onClosed(this.#reason);
      return;
    }
    for (const message of this.#inbox.splice(0)) this.#deliver(message);
  }

  /** Sends a message behind all that were sent before, whatever its length. What is sent in one turn is one write. */
  send(message: Uint8Array): void {
    const number = this.#number();
    for (let at = 0; at + MAX_PIECE_BYTES < message.byteLength; at += MAX_PIECE_BYTES) {
      this.#write(number, PieceEnd.More, message.subarray(at, at + MAX_PIECE_BYTES));
    }
    const rest = message.byteLength % MAX_PIECE_BYTES;
    const lastBytes = rest === 0 ? Math.min(message.byteLength, MAX_PIECE_BYTES) : rest;
    this.#write(number, PieceEnd.Last, message.subarray(message.byteLength - lastBytes));
  }

  /**
   * Sends a message in pieces, and lets others overtake it. Resolves once the last piece is on its way, with `true`; with
   * `false` when by then nobody wants it any more.
   *
   * @throws Error when the channel ends first
   */
  async sendInPieces(message: Uint8Array, isWanted: () => boolean = () => true): Promise<boolean> {
    const number = this.#number();
    this.#pendingBytes += message.byteLength;
    try {
      for (let at = 0; ; at += MAX_PIECE_BYTES) {
        await this.#roomToWrite();
        const piece = message.subarray(at, at + MAX_PIECE_BYTES);
        const isLast = at + MAX_PIECE_BYTES >= message.byteLength;
        if (!isWanted()) {
          this.#write(number, PieceEnd.Dropped, piece.subarray(0, 0));
          return false;
        }
        this.#write(number, isLast ? PieceEnd.Last : PieceEnd.More, piece);
        if (isLast) return true;
      }
    } finally {
      this.#pendingBytes -= message.byteLength;
      this.#noticeDrained();
    }
  }

  /** Resolves once so few bytes are to be sent, or the channel has ended. */
  async whenPendingBelow(bytes: number): Promise<void> {
    while (this.isOpen && this.#pendingBytes > bytes) await this.#change();
  }

  /** Reads nothing for a while: the other end has to wait. */
  pause(): void {
    this.#isPaused = true;
    this.#socket.pause();
  }

  resume(): void {
    if (!this.#isPaused) return;
    this.#isPaused = false;
    this.#heardAt = performance.now();
    this.#socket.resume();
  }

  /** Ends it once everything sent has left. What comes in the meantime is not looked at, and the other end not waited for. */
  end(): void {
    if (this.#isEnding) return;
    this.#isEnding = true;
    if (this.#isCorked) this.#uncork();
    this.#socket.end();
    this.#socket.resume();
    const timer = setTimeout(() => this.destroy(), GOODBYE_MS);
    this.#socket.once('close', () => clearTimeout(timer));
  }

  /** Ends it at once. */
  destroy(reason?: Error): void {
    this.#reason ??= reason;
    this.#socket.destroy();
    this.#noticeClosed();
  }

  #number(): number {
    const number = this.#nextMessage;
    this.#nextMessage = (number + 1) % 0x1_0000_0000;
    return number;
  }

  #write(number: number, end: PieceEnd, piece: Uint8Array): void {
    if (!this.#socket.writable) return;
    if (!this.#isCorked) {
      this.#isCorked = true;
      this.#socket.cork();
      process.nextTick(() => this.#uncork());
    }
    this.#socket.write(pieceHeader(piece.byteLength, end, number));
    if (piece.byteLength > 0) this.#socket.write(piece);
  }

  #uncork(): void {
    this.#isCorked = false;
    this.#socket.uncork();
  }

  async #roomToWrite(): Promise<void> {
    while (this.isOpen && this.#socket.writableLength >= MAX_QUEUED_BYTES) await this.#change();
    if (!this.isOpen) throw this.#reason ?? new Error('the connection has ended');
  }

  #change(): Promise<void> {
    return new Promise<void>((resolve) => this.#whenDrained.push(resolve));
  }

  #noticeDrained(): void {
    for (const resolve of this.#whenDrained.splice(0)) resolve();
  }

  #hear(chunk: Buffer): void {
    this.#heardAt = performance.now();
    if (this.#isEnding) return;
    try {
      for (const message of this.#reader.read(chunk)) {
        if (this.#user !== undefined) this.#deliver(message);
        else this.#keepForLater(message);
      }
    } catch (cause) {
      this.destroy(new Error(`the other end sent what cannot be read: ${(cause as Error).message}`, { cause }));
    }
  }

  #deliver(message: Uint8Array): void {
    if (message.byteLength > 0) this.#user?.onMessage(message);
  }

  #keepForLater(message: Uint8Array): void {
    this.#inbox.push(message);
    if (this.#inbox.length > 4) throw new Error('it does not wait to be greeted');
    this.#whenReceived?.();
  }

  #look(): void {
    const now = performance.now();
    // Who could not look for a while could not listen either: what came in the meantime is yet to be read.
    const couldListen = now - this.#lookedAt < this.#silenceMs / 2 + this.#heartbeatMs;
    this.#lookedAt = now;
    if (this.#isPaused || !couldListen || this.#user === undefined) this.#heardAt = now;
    if (now - this.#heardAt > this.#silenceMs) {
      this.destroy(new Error(`nothing was heard for ${this.#silenceMs} ms`));
    } else if (this.#user !== undefined) {
      this.send(this.#user.heartbeat());
    }
  }

  #noticeClosed(): void {
    if (this.#isClosed) return;
    this.#isClosed = true;
    clearInterval(this.#timer);
    this.#whenReceived?.();
    this.#noticeDrained();
    const user = this.#user;
    this.#user = undefined;
    user?.onClosed(this.#reason);
  }
}
