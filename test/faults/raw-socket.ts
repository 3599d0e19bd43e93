import { once } from 'node:events';
import { connect, type Socket } from 'node:net';

/** A TCP connection that speaks WebSocket, or pretends to, byte by byte. */
export class RawSocket implements AsyncDisposable {
  readonly socket: Socket;
  readonly #chunks: Buffer[] = [];
  /** Settles when the connection is gone, whoever ended it. */
  readonly closed: Promise<void>;

  private constructor(socket: Socket) {
    this.socket = socket;
    socket.on('data', (chunk) => this.#chunks.push(chunk));
    // A reset is one of the ways to be thrown out; the close that follows is what tests wait for.
    socket.on('error', () => {});
    this.closed = new Promise((resolve) => socket.once('close', () => resolve()));
  }

  static async connect(port: number): Promise<RawSocket> {
    const socket = connect(port, '127.0.0.1');
    await once(socket, 'connect');
    return new RawSocket(socket);
  }

  /** Connects, and asks for a document as a browser does. */
  static async upgraded(port: number, documentName: string): Promise<RawSocket> {
    const raw = await RawSocket.connect(port);
    raw.socket.write(upgradeRequest(`/${documentName}`));
    await raw.until((received) => received.includes('\r\n\r\n'));
    return raw;
  }

  get received(): Buffer {
    return Buffer.concat(this.#chunks);
  }

  async until(isMet: (received: Buffer) => boolean): Promise<Buffer> {
    const signal = AbortSignal.timeout(10_000);
    while (!isMet(this.received)) await once(this.socket, 'data', { signal });
    return this.received;
  }

  /** Stops reading; what the server sends piles up in the kernel, and then in the server. */
  pause(): void {
    this.socket.pause();
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.socket.destroy();
    await this.closed;
  }
}

/** The request that begins a WebSocket; header lines given here replace the usual ones. */
export function upgradeRequest(target: string, headers: Readonly<Record<string, string>> = {}): string {
  const usual = {
    Host: 'localhost',
    Connection: 'Upgrade',
    Upgrade: 'websocket',
    'Sec-WebSocket-Version': '13',
    'Sec-WebSocket-Key': 'dGhlIHNhbXBsZSBub25jZQ==',
  };
  const lines = Object.entries({ ...usual, ...headers }).map(([name, value]) => `${name}: ${value}\r\n`);
  return `GET ${target} HTTP/1.1\r\n${lines.join('')}\r\n`;
}

/** Payloads and masks, as they lie in a frame of a client. */
export function clientFrame(opcode: number, payload: Uint8Array, { fin = true, masked = true, rsv = 0 } = {}): Buffer {
  const { length } = payload;
  const mask = masked ? 0x80 : 0;
  const first = (fin ? 0x80 : 0) | (rsv << 4) | opcode;
  const header = Buffer.alloc(length < 126 ? 2 : length < 65_536 ? 4 : 10);
  header[0] = first;
  if (length < 126) {
    header[1] = mask | length;
  } else if (length < 65_536) {
    header[1] = mask | 126;
    header.writeUInt16BE(length, 2);
  } else {
    header[1] = mask | 127;
    header.writeBigUInt64BE(BigInt(length), 2);
  }
  // The mask is zero: the payload stays readable, and the server has to accept it all the same.
  return Buffer.concat([header, Buffer.alloc(masked ? 4 : 0), payload]);
}

export const Opcode = { Continuation: 0, Text: 1, Binary: 2, Reserved: 3, Close: 8, Ping: 9, Pong: 10 } as const;

/** The close code in what a server sent, if it ends with a close frame. */
export function closeCodeIn(received: Buffer): number | undefined {
  let at = received.indexOf('\r\n\r\n') + 4;
  while (at + 2 <= received.length) {
    const opcode = (received[at] as number) & 0x0f;
    let length = (received[at + 1] as number) & 0x7f;
    let body = at + 2;
    if (length === 126) {
      length = received.readUInt16BE(body);
      body += 2;
    } else if (length === 127) {
      length = Number(received.readBigUInt64BE(body));
      body += 8;
    }
    if (opcode === Opcode.Close) return received.readUInt16BE(body);
    at = body + length;
  }
  return undefined;
}
