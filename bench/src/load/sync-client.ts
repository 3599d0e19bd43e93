import { randomBytes } from 'node:crypto';
import net from 'node:net';
import type { ChunkMemo, Runs } from './chunk-memo.ts';
import type { DocumentAddress } from './document-address.ts';
import { FrameParser } from './frame-parser.ts';
import { clientFrame, Opcode } from './frames.ts';
import { EMPTY_STATE_VECTOR, EMPTY_UPDATE, MessageType, SyncKind, syncStep1, syncStep2 } from './messages.ts';
import type { PresenceEcho } from './presence-echo.ts';
import { readPresenceRuns } from './presence-runs.ts';
import { readRuns } from './update-runs.ts';

/** What clients tell each other: changes of the document, or where they are in it. */
export type Traffic = 'edits' | 'presence';

export interface SyncClientOptions {
  readonly port: number;
  readonly address: DocumentAddress;
  /** The frame that starts the conversation; by default a SyncStep1 of an empty document. */
  readonly hello?: Buffer | undefined;
  /** The frame that answers the server's SyncStep1; by default an empty SyncStep2. */
  readonly answer?: Buffer | undefined;
  /** What is counted of what arrives. Default: `edits` */
  readonly counts?: Traffic | undefined;
  /** Sends back what it hears of others' presence, as stock `y-websocket` clients do. Not with a {@link memo}. */
  readonly echo?: PresenceEcho | undefined;
  /** Called once per chunk with the clocks it delivered; without it nothing is counted. */
  readonly onRuns?: ((runs: Runs) => void) | undefined;
  /** Shared by all clients of one document. */
  readonly memo?: ChunkMemo | undefined;
  /** The longest message whose clocks are counted when it comes in pieces. */
  readonly retainBytes?: number | undefined;
  /** Not joined before so many bytes have come, whatever the server says. Default: 0 */
  readonly leastBytes?: number | undefined;
  readonly onClose?: ((code: number | undefined) => void) | undefined;
}

const HELLO = syncStep1(EMPTY_STATE_VECTOR);
const ANSWER = syncStep2(EMPTY_UPDATE);
/** What must be kept of a message to tell its kind, and of a ping to answer it. */
const HEAD_BYTES = 128;
const END_OF_HEAD = '\r\n\r\n';

/** One read buffer for all sockets: libuv reads and calls back before it reads another one. */
const readBuffer = Buffer.allocUnsafe(256 * 1024);

/** What the chunk being read has delivered so far; reused, because nothing here outlives its chunk. */
const collected: number[] = [];
const collect = (client: number, clock: number, length: number): void => {
  collected.push(client, clock, length);
};

/**
 * A stock client as the server sees it, and almost nothing behind it: a socket that speaks the handshake of its dialect,
 * answers what must be answered and counts what arrives. No `Y.Doc`, no `ws`.
 */
export class SyncClient {
  readonly #options: SyncClientOptions;
  readonly #socket: net.Socket;
  readonly #parser: FrameParser;
  #head = '';
  #isUpgraded = false;
  #isChunkPlain = true;
  #isAnswered = false;
  #closeCode: number | undefined;
  /** Bytes received since the upgrade. */
  bytesReceived = 0;
  /** Milliseconds from the call of `connect` until it had joined. */
  joinMs: number | undefined;
  /** Resolves on the first SyncStep2, or when {@link SyncClientOptions.leastBytes} have come as well; rejects when the connection ends before. */
  readonly joined: Promise<void>;

  constructor(options: SyncClientOptions) {
    this.#options = options;
    this.#parser = new FrameParser(
      (opcode, bytes, start, end, length) => this.#onFrame(opcode, bytes, start, end, length),
      options.onRuns ? options.retainBytes : HEAD_BYTES,
    );
    const startedAt = performance.now();
    const socket = net.connect({
      host: '127.0.0.1',
      port: options.port,
      noDelay: true,
      onread: { buffer: readBuffer, callback: (length) => this.#onChunk(length) },
    });
    this.#socket = socket;
    socket.once('connect', () => socket.write(upgradeRequest(options.address.urlPath)));
    this.joined = new Promise<void>((resolve, reject) => {
      this.#onJoined = () => {
        this.joinMs = performance.now() - startedAt;
        resolve();
      };
      socket.on('error', reject);
      socket.on('close', () => {
        reject(new Error(`connection to ${options.port} ended before it was synced (${this.#closeCode ?? 'no code'})`));
        options.onClose?.(this.#closeCode);
      });
    });
    this.joined.catch(() => undefined); // not every caller waits for it
  }

  #onJoined: (() => void) | undefined;

  /** Sends finished frames; returns false once the kernel's buffer is full. */
  send(frames: Buffer): boolean {
    return this.#socket.write(frames);
  }

  /** Stops reading until {@link resume}: what the server sends piles up, first in the kernel and then with the server. */
  pause(): void {
    this.#socket.pause();
  }

  resume(): void {
    this.#socket.resume();
  }

  /** Resolves when what was sent has left this process. */
  drained(): Promise<void> {
    return new Promise((resolve) => {
      const done = (): void => {
        this.#socket.off('drain', done).off('close', done);
        resolve();
      };
      this.#socket.once('drain', done).once('close', done);
    });
  }

  /** Says goodbye as a client does, and resolves once the socket is closed. */
  async close(): Promise<void> {
    if (this.#socket.closed) return;
    const closed = new Promise<void>((resolve) => this.#socket.once('close', () => resolve()));
    this.#socket.end(clientFrame(Uint8Array.of(0x03, 0xe8), Opcode.Close));
    const cut = setTimeout(() => this.#socket.destroy(), 2000);
    await closed;
    clearTimeout(cut);
  }

  #onChunk(length: number): boolean {
    let from = 0;
    if (!this.#isUpgraded) {
      from = this.#readHead(length);
      if (!this.#isUpgraded) return true;
    }
    this.bytesReceived += length - from;
    const { memo, onRuns } = this.#options;
    const isWhole = from === 0 && this.#parser.isAtBoundary;
    if (memo && isWhole) {
      const known = memo.find(readBuffer, length);
      if (known) {
        if (known.length > 0) onRuns?.(known);
        return true;
      }
    }
    collected.length = 0;
    this.#isChunkPlain = true;
    this.#parser.push(readBuffer, from, length);
    if (this.#onJoined && this.#isAnswered && this.bytesReceived >= (this.#options.leastBytes ?? 0)) {
      this.#onJoined();
      this.#onJoined = undefined;
    }
    if (memo && isWhole && this.#isChunkPlain && this.#parser.isAtBoundary)
      memo.remember(readBuffer, length, collected);
    if (collected.length > 0) onRuns?.(collected);
    return true;
  }

  /** Reads the answer to the upgrade and returns where the frames begin. */
  #readHead(length: number): number {
    const before = this.#head.length;
    this.#head += readBuffer.toString('latin1', 0, length);
    const end = this.#head.indexOf(END_OF_HEAD);
    if (end < 0) return length;
    if (!this.#head.startsWith('HTTP/1.1 101')) {
      this.#socket.destroy(new Error(`upgrade refused: ${this.#head.slice(0, this.#head.indexOf('\r\n'))}`));
      return length;
    }
    this.#isUpgraded = true;
    this.#head = '';
    if (this.#options.address.introduction) this.#socket.write(this.#options.address.introduction);
    else this.#greet();
    return end + END_OF_HEAD.length - before;
  }

  #greet(): void {
    this.#socket.write(this.#options.hello ?? this.#options.address.frame(HELLO));
  }

  #onFrame(opcode: number, bytes: Buffer, start: number, end: number, length: number): void {
    if (opcode !== Opcode.Binary) {
      this.#isChunkPlain = false;
      if (opcode === Opcode.Ping) this.send(clientFrame(bytes.subarray(start, end), Opcode.Pong));
      else if (opcode === Opcode.Close) {
        this.#closeCode = length >= 2 ? bytes.readUInt16BE(start) : undefined;
        this.#socket.end();
      }
      return;
    }
    const { address, answer, counts = 'edits', echo, onRuns } = this.#options;
    const at = start + address.prefix.length;
    const isWhole = end - start === length;
    if (bytes[at] === MessageType.Awareness) {
      const states = bodyStart(bytes, at + 1);
      if (onRuns && counts === 'presence' && isWhole) readPresenceRuns(bytes, states, collect);
      const reply = isWhole && echo?.answerTo(bytes, states, end);
      if (reply) this.send(reply);
      return;
    }
    if (bytes[at] !== MessageType.Sync) {
      if (address.isWelcome(bytes, at)) {
        this.#isChunkPlain = false;
        this.#greet();
      }
      return;
    }
    const kind = bytes[at + 1];
    if (kind === SyncKind.Step1) {
      this.#isChunkPlain = false;
      this.send(answer ?? address.frame(ANSWER));
      return;
    }
    if (kind === SyncKind.Step2) {
      this.#isChunkPlain = false;
      this.#isAnswered = true;
    }
    // A truncated payload is a document being joined, which nobody counts edit by edit.
    if (onRuns && counts === 'edits' && isWhole) readRuns(bytes, bodyStart(bytes, at + 2), end, collect);
  }
}

/** Moves past the length in front of a body. */
function bodyStart(bytes: Buffer, at: number): number {
  let start = at;
  while ((bytes[start++] ?? 0) >= 0x80);
  return start;
}

function upgradeRequest(path: string): string {
  return [
    `GET ${path} HTTP/1.1`,
    'Host: 127.0.0.1',
    'Connection: Upgrade',
    'Upgrade: websocket',
    'Sec-WebSocket-Version: 13',
    `Sec-WebSocket-Key: ${randomBytes(16).toString('base64')}`,
    '',
    '',
  ].join('\r\n');
}
