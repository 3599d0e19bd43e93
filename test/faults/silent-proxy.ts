import { once } from 'node:events';
import { type AddressInfo, connect, createServer, type Server, type Socket } from 'node:net';

/**
 * A TCP proxy that can fall silent: it keeps both sides connected and swallows whatever they send, as a network does
 * when a cable is pulled or a laptop is closed. Nobody gets an error; nobody gets anything.
 */
export class SilentProxy implements AsyncDisposable {
  readonly #server: Server;
  /** Those that still pass on what they get. */
  readonly #speaking = new Set<Socket>();
  /** Silent ones too: they are ours to close. */
  readonly #sockets = new Set<Socket>();

  private constructor(server: Server) {
    this.#server = server;
  }

  static async start(targetPort: number): Promise<SilentProxy> {
    const server = createServer();
    const proxy = new SilentProxy(server);
    server.on('connection', (client) => proxy.#join(client, connect(targetPort, '127.0.0.1')));
    server.listen(0, '127.0.0.1');
    await once(server, 'listening');
    return proxy;
  }

  get url(): string {
    return `ws://127.0.0.1:${(this.#server.address() as AddressInfo).port}`;
  }

  /** Swallows everything on the connections there are now; those that come later work. */
  fallSilent(): void {
    for (const socket of this.#speaking) {
      socket.removeAllListeners('data').removeAllListeners('close');
      socket.on('data', () => {});
    }
    this.#speaking.clear();
  }

  #join(client: Socket, server: Socket): void {
    for (const [from, to] of [
      [client, server],
      [server, client],
    ] as const) {
      this.#sockets.add(from);
      this.#speaking.add(from);
      from.setNoDelay(true);
      from.on('data', (chunk) => to.write(chunk));
      from.on('error', () => {});
      from.on('close', () => {
        this.#speaking.delete(from);
        to.destroy();
      });
    }
  }

  async [Symbol.asyncDispose](): Promise<void> {
    for (const socket of this.#sockets) socket.destroy();
    this.#server.close();
    await once(this.#server, 'close');
  }
}
