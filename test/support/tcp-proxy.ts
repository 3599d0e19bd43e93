import { once } from 'node:events';
import { type AddressInfo, connect, createServer, type Server, type Socket } from 'node:net';

/** Bytes that came at a time and may leave at a later one. */
interface Chunk {
  readonly bytes: Buffer;
  readonly dueMs: number;
}

/**
 * A TCP proxy that does to connections what networks do: delays, cuts and half-opens them. Half-open is what remains when a
 * cable is pulled or a laptop is closed: both sides stay connected, nobody gets an error, nobody gets anything.
 */
export class TcpProxy implements AsyncDisposable {
  /** How long bytes are on their way, each way; they never overtake each other. */
  delayMs = 0;
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

  static async start(targetPort: number): Promise<TcpProxy> {
    const server = createServer();
    const proxy = new TcpProxy(server, targetPort);
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
    for (const [from, to] of [
      [client, server],
      [server, client],
    ] as const) {
      this.#sockets.add(from);
      this.#speaking.add(from);
      from.setNoDelay(true);
      from.on('error', () => {});
      this.#pass(from, to);
      from.on('close', () => {
        this.#sockets.delete(from);
        if (this.#speaking.delete(from)) to.destroy();
      });
    }
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
    from.on('data', (bytes) => {
      if (this.delayMs === 0 && queue.length === 0) return write(bytes);
      queue.push({ bytes, dueMs: performance.now() + this.delayMs });
      if (queue.length === 1) writeWhenDue();
    });
  }

  async [Symbol.asyncDispose](): Promise<void> {
    for (const socket of this.#sockets) socket.destroy();
    this.#server.close();
    await once(this.#server, 'close');
  }
}
