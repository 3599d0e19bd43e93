import { once } from 'node:events';
import { type AddressInfo, connect, createServer, type Server, type Socket } from 'node:net';
import { Random } from './random.ts';

const PACKET_BYTES = 1_400;

/** Bytes that came at a time and may leave at a later one. */
interface Chunk {
  readonly bytes: Buffer;
  readonly dueMs: number;
}

/** What a network does to what goes over it, in each direction. */
interface LineFaults {
  /** How long bytes are on their way, each way; they never overtake each other. */
  delayMs: number;
  /** Of a hundred packets, how many are lost. TCP sends them again: they, and what is behind them, come {@link resentAfterMs} later. */
  lossPercent: number;
  resentAfterMs: number;
  /** With 1 every byte comes alone. */
  packetBytes: number;
  /** Connections on which nothing went either way for so long are cut, as proxies do. */
  idleTimeoutMs: number;
}

/**
 * A TCP proxy that does to connections what networks do: delays, cuts and half-opens them. Half-open is what remains when a
 * cable is pulled or a laptop is closed: both sides stay connected, nobody gets an error, nobody gets anything.
 */
export class TcpProxy implements AsyncDisposable, LineFaults {
  delayMs = 0;
  lossPercent = 0;
  resentAfterMs = 300;
  packetBytes = PACKET_BYTES;
  idleTimeoutMs = Number.POSITIVE_INFINITY;
  /** How many connections there were. */
  connections = 0;
  readonly #random = new Random(1);
  readonly #server: Server;
  readonly #targetPort: number;
  /** Those that still pass on what they get. */
  readonly #speaking = new Set<Socket>();
  /** Silent ones too: they are ours to close. */
  readonly #sockets = new Set<Socket>();
  #isUnreachable = false;

  private constructor(server: Server, targetPort: number) {
    this.#server = server;
    this.#targetPort = targetPort;
  }

  static async start(targetPort: number, faults: Partial<LineFaults> = {}): Promise<TcpProxy> {
    const server = createServer();
    const proxy = Object.assign(new TcpProxy(server, targetPort), faults);
    server.on('connection', (client) => proxy.#accept(client));
    server.listen(0, '127.0.0.1');
    await once(server, 'listening');
    return proxy;
  }

  get port(): number {
    return (this.#server.address() as AddressInfo).port;
  }

  get url(): string {
    return `ws://127.0.0.1:${this.port}`;
  }

  /** Swallows everything on the connections there are now; those that come later work. */
  fallSilent(): void {
    this.#speaking.clear();
  }

  /** Ends the connections there are now, with what was on its way; those that come later work. */
  cut(): void {
    for (const socket of this.#sockets) socket.resetAndDestroy();
  }

  /** Ends the connections there are now, and every one that comes before {@link beReachable}. */
  beUnreachable(): void {
    this.#isUnreachable = true;
    this.cut();
  }

  /** Takes connections again. */
  beReachable(): void {
    this.#isUnreachable = false;
  }

  #accept(client: Socket): void {
    if (this.#isUnreachable) client.resetAndDestroy();
    else this.#join(client, connect(this.#targetPort, '127.0.0.1'));
  }

  #join(client: Socket, server: Socket): void {
    this.connections += 1;
    const idle = this.#cutWhenIdle(client);
    for (const [from, to] of [
      [client, server],
      [server, client],
    ] as const) {
      this.#sockets.add(from);
      this.#speaking.add(from);
      from.setNoDelay(true);
      from.on('error', () => {});
      this.#pass(from, to);
      from.on('data', () => idle?.refresh());
      from.on('close', () => {
        clearTimeout(idle);
        this.#sockets.delete(from);
        if (this.#speaking.delete(from)) to.destroy();
      });
    }
  }

  #cutWhenIdle(client: Socket): NodeJS.Timeout | undefined {
    if (this.idleTimeoutMs === Number.POSITIVE_INFINITY) return undefined;
    return setTimeout(() => client.resetAndDestroy(), this.idleTimeoutMs);
  }

  /** Passes on what comes, in order, for as long as neither side was made to fall silent. */
  #pass(from: Socket, to: Socket): void {
    const queue: Chunk[] = [];
    const write = (bytes: Buffer): void => {
      if (this.#speaking.has(from)) to.write(bytes);
    };
    const writeWhenDue = (): void => {
      const [first] = queue;
      if (first === undefined) return;
      const timer = setTimeout(() => {
        write(first.bytes);
        queue.shift();
        writeWhenDue();
      }, first.dueMs - performance.now());
      timer.unref();
    };
    let lastDueMs = 0;
    from.on('data', (bytes) => {
      if (!this.#isFaulty && queue.length === 0) return write(bytes);
      const wasEmpty = queue.length === 0;
      for (let at = 0; at < bytes.length; at += this.packetBytes) {
        lastDueMs = Math.max(lastDueMs, performance.now() + this.#lateMs());
        queue.push({ bytes: bytes.subarray(at, at + this.packetBytes), dueMs: lastDueMs });
      }
      if (wasEmpty) writeWhenDue();
    });
  }

  get #isFaulty(): boolean {
    return this.delayMs > 0 || this.lossPercent > 0 || this.packetBytes !== PACKET_BYTES;
  }

  #lateMs(): number {
    return this.delayMs + (this.#random.chance(this.lossPercent) ? this.resentAfterMs : 0);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    for (const socket of this.#sockets) socket.destroy();
    this.#server.close();
    await once(this.#server, 'close');
  }
}
