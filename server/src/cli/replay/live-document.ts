import { once } from 'node:events';
import type { IncomingMessage } from 'node:http';
import { text } from 'node:stream/consumers';
import { decodeFrame, EMPTY_STATE_VECTOR, EMPTY_UPDATE, MessageType, SyncKind } from '@headwater/protocol';
import { WebSocket } from 'ws';
import { CommandFailure, UsageError } from '../failure.ts';

/** Bytes that may wait in the socket before the next update has to. */
const MAX_BUFFERED_BYTES = 1024 * 1024;
const CONNECT_TIMEOUT_MS = 15_000;
/** How long a server may take to answer once it has everything; it may have to store it first. */
const ANSWER_TIMEOUT_MS = 60_000;

/** A document on some y-websocket server, written as a client that only sends. */
export class LiveDocument implements AsyncDisposable {
  readonly #url: string;
  readonly #socket: WebSocket;
  #failure: Error | undefined;
  /** What came since the last question. */
  #received: Uint8Array[] = [];
  #onAnswer: (() => void) | undefined;
  #onFailure: ((error: Error) => void) | undefined;

  private constructor(url: string, socket: WebSocket) {
    this.#url = url;
    this.#socket = socket;
    socket.on('message', (data: Buffer, isBinary) => this.#receive(data, isBinary));
    socket.on('error', (error) => this.#fail(error.message));
    socket.on('close', (code, reason) => this.#fail(`the connection closed: ${code} ${reason.toString()}`.trimEnd()));
  }

  /**
   * Connects to a document; `undefined` when the signal aborts before that.
   *
   * @throws UsageError for a URL that names none, CommandFailure when it cannot be reached
   */
  static async connect(url: string, signal: AbortSignal): Promise<LiveDocument | undefined> {
    checkUrl(url);
    const socket = new WebSocket(url, { perMessageDeflate: false, handshakeTimeout: CONNECT_TIMEOUT_MS });
    const refused = new Promise<never>((_resolve, reject) => {
      socket.once('unexpected-response', (_request, response) => {
        whyRefused(response).then((why) => reject(new Error(why)), reject);
      });
    });
    try {
      await Promise.race([once(socket, 'open', { signal }), refused]);
    } catch (cause) {
      socket.on('error', () => {}); // of giving up
      socket.terminate();
      if (signal.aborted) return undefined;
      throw new CommandFailure(`cannot connect to ${url}: ${messageOf(cause)}`, { cause });
    }
    return new LiveDocument(url, socket);
  }

  /** Sends an update; waits while the server is slower. @throws CommandFailure when the connection is gone */
  async send(update: Uint8Array): Promise<void> {
    this.#throwIfFailed();
    const frame = frameOf(SyncKind.Update, update);
    if (this.#socket.bufferedAmount < MAX_BUFFERED_BYTES) return this.#socket.send(frame, ignoreError);
    await this.#orFailure<void>((resolve) => this.#socket.send(frame, (error) => error ?? resolve()));
  }

  /**
   * Asks for the whole document. The server may answer with several updates, and those of others come along.
   *
   * @throws CommandFailure when the server does not answer
   */
  async readBack(): Promise<readonly Uint8Array[]> {
    this.#throwIfFailed();
    this.#received = [];
    const timer = setTimeout(() => this.#fail('it did not answer in time'), ANSWER_TIMEOUT_MS);
    try {
      await this.#orFailure<void>((resolve) => {
        this.#onAnswer = resolve;
        this.#socket.send(frameOf(SyncKind.Step1, EMPTY_STATE_VECTOR), ignoreError);
      });
      return this.#received;
    } finally {
      this.#onAnswer = undefined;
      clearTimeout(timer);
    }
  }

  async [Symbol.asyncDispose](): Promise<void> {
    if (this.#socket.readyState === WebSocket.CLOSED) return;
    const closed = once(this.#socket, 'close');
    this.#socket.close();
    await closed;
  }

  #receive(data: Buffer, isBinary: boolean): void {
    if (!isBinary) return this.#fail('it sent text, which no Yjs server does');
    try {
      for (const message of decodeFrame(data)) {
        if (message.kind === 'sync-step-1') this.#socket.send(frameOf(SyncKind.Step2, EMPTY_UPDATE), ignoreError);
        if (this.#onAnswer === undefined) continue;
        if (message.kind === 'update' || message.kind === 'sync-step-2') this.#received.push(message.update.slice());
        if (message.kind === 'sync-step-2') this.#onAnswer();
      }
    } catch (cause) {
      this.#fail(`it sent something that is no message of y-websocket: ${messageOf(cause)}`);
    }
  }

  /** Waits for something the connection has to bring. */
  #orFailure<T>(start: (resolve: (value: T) => void) => void): Promise<T> {
    return new Promise((resolve, reject) => {
      this.#onFailure = reject;
      start(resolve);
    });
  }

  #fail(why: string): void {
    this.#failure ??= new CommandFailure(`${this.#url}: ${why}`);
    this.#onFailure?.(this.#failure);
  }

  #throwIfFailed(): void {
    if (this.#failure !== undefined) throw this.#failure;
  }
}

function checkUrl(url: string): void {
  const parsed = URL.canParse(url) ? new URL(url) : undefined;
  if (parsed !== undefined && /^wss?:$/.test(parsed.protocol) && parsed.pathname.length > 1) return;
  throw new UsageError(`--into: expected the address of a document like ws://localhost:1234/NAME, got ${url}`);
}

async function whyRefused(response: IncomingMessage): Promise<string> {
  const [line = ''] = (await text(response)).trim().split('\n');
  return `the server answered ${response.statusCode}${line === '' ? '' : `, ${line.slice(0, 200)}`}`;
}

function messageOf(error: unknown): string {
  if (!(error instanceof Error)) return String(error);
  return error.message === '' && 'code' in error ? String(error.code) : error.message;
}

function ignoreError(): void {} // the 'error' and 'close' events say it

function frameOf(kind: (typeof SyncKind)[keyof typeof SyncKind], body: Uint8Array): Uint8Array {
  const length: number[] = [];
  let rest = body.length;
  for (; rest > 127; rest = Math.floor(rest / 128)) length.push((rest % 128) | 128);
  return Buffer.concat([Uint8Array.of(MessageType.Sync, kind, ...length, rest), body]);
}
