import type { Socket } from 'node:net';

/**
 * What waits to be sent to one socket. Buffers go to the socket as they are; the outbox only knows how many bytes the
 * socket holds, and says when that is too many and when they are gone.
 */
export class Outbox {
  readonly #socket: Socket;
  readonly #maxQueuedBytes: number;
  readonly #onDrain: () => void;
  #isFull = false;
  #lastQueued = 0;
  #lastWritten = 0;

  /** `onDrain` is called when everything was sent, once after each time the outbox was full. */
  constructor(socket: Socket, maxQueuedBytes: number, onDrain: () => void) {
    this.#socket = socket;
    this.#maxQueuedBytes = maxQueuedBytes;
    this.#onDrain = onDrain;
  }

  get isFull(): boolean {
    return this.#isFull;
  }

  /** Whether anything waits. */
  get isEmpty(): boolean {
    return this.#socket.writableLength === 0;
  }

  /** @returns false when the outbox is full now: what was given is queued, nothing more should be */
  send(buffers: readonly Uint8Array[]): boolean {
    const socket = this.#socket;
    if (!socket.writable) return true;
    let hasRoom = true;
    const [only] = buffers;
    if (buffers.length === 1 && only !== undefined) {
      hasRoom = socket.write(only);
    } else if (buffers.length > 1) {
      socket.cork();
      for (const buffer of buffers) hasRoom = socket.write(buffer);
      socket.uncork();
      hasRoom = hasRoom || socket.writableLength === 0;
    }
    if (!hasRoom && socket.writableLength > this.#maxQueuedBytes) this.#fillUp();
    return !this.#isFull;
  }

  /** Whether the socket took anything since the last call, or has nothing to take. */
  hasMoved(): boolean {
    const queued = unsentBytes(this.#socket);
    const written = this.#socket.bytesWritten;
    const hasMoved = queued === 0 || queued !== this.#lastQueued || written !== this.#lastWritten;
    this.#lastQueued = queued;
    this.#lastWritten = written;
    return hasMoved;
  }

  #fillUp(): void {
    if (this.#isFull) return;
    this.#isFull = true;
    this.#socket.once('drain', () => {
      this.#isFull = false;
      this.#onDrain();
    });
  }
}

/**
 * Bytes the kernel has not taken. A socket reports a large buffer as unsent until the last byte of it went; only its
 * handle knows how much of it did. The handle is no public API: without it a socket counts as moved only when whole
 * buffers go (test/server/outbox.test.ts fails when an upgrade takes it away).
 */
export function unsentBytes(socket: Socket): number {
  const handle = (socket as unknown as { _handle?: { writeQueueSize?: number } | null })._handle;
  return handle?.writeQueueSize ?? socket.writableLength;
}
