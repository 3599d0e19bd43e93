import { once } from 'node:events';
import { type ClientOptions, type RawData, WebSocket } from 'ws';

const WAIT_TIMEOUT_MS = 10_000;

/** How the server ended a connection. */
export interface Close {
  readonly code: number;
  readonly reason: string;
}

/** A bare WebSocket that sends whatever bytes a test wants: what no real client would send. */
export class RawClient implements AsyncDisposable {
  readonly socket: WebSocket;
  /** Every binary message so far, in order. */
  readonly messages: Uint8Array[] = [];
  /** Settles with the close of the connection. */
  readonly closed: Promise<Close>;
  #read = 0;

  private constructor(socket: WebSocket) {
    this.socket = socket;
    socket.on('message', (data: RawData) => this.messages.push(new Uint8Array(data as Buffer)));
    // An error always comes with a close, which is what tests wait for; `once` would reject with the error.
    socket.on('error', () => {});
    this.closed = new Promise((resolve) => {
      socket.once('close', (code: number, reason: Buffer) => resolve({ code, reason: reason.toString('utf8') }));
    });
  }

  /** Connects and waits until the connection is open. */
  static async connect(url: string, options: ClientOptions = {}): Promise<RawClient> {
    const socket = new WebSocket(url, { perMessageDeflate: false, ...options });
    const client = new RawClient(socket);
    await once(socket, 'open');
    return client;
  }

  /** Sends one message: bytes as a binary one, a string as a text one. */
  send(data: Uint8Array | string): void {
    this.socket.send(data);
  }

  /** The next message nobody took yet that the predicate accepts; those before it are passed over. */
  async next(matches: (message: Uint8Array) => boolean = () => true): Promise<Uint8Array> {
    const signal = AbortSignal.timeout(WAIT_TIMEOUT_MS);
    for (;;) {
      while (this.#read < this.messages.length) {
        const message = this.messages[this.#read];
        this.#read += 1;
        if (message !== undefined && matches(message)) return message;
      }
      if (this.socket.readyState === WebSocket.CLOSED) throw new Error('the connection closed before the message');
      const stop = new AbortController();
      const either = { signal: AbortSignal.any([signal, stop.signal]) };
      try {
        await Promise.race([once(this.socket, 'message', either), once(this.socket, 'close', either)]);
      } finally {
        stop.abort();
      }
    }
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.socket.terminate();
    await this.closed;
  }
}
