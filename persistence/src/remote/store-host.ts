import { once } from 'node:events';
import { type AddressInfo, createServer, type Server, type Socket } from 'node:net';
import { HeadwaterError } from '@headwater/protocol';
import type { DocumentStore } from '../document-store.ts';
import type { StoreLogger } from '../level-options.ts';
import { CHANNEL_DEFAULTS, Channel, type ChannelTimes } from './channel.ts';
import { type ClusterSecret, greetClient } from './greeting.ts';
import { HostSessions } from './host-sessions.ts';

/** Connections that have not yet proved who they are. */
const MAX_STRANGERS = 64;

export interface StoreHostOptions extends ChannelTimes {
  /** {@link StoreOwner.storeId} of the store. */
  readonly storeId: string;
  readonly secret: ClusterSecret;
  /** Address to listen on. @defaultValue `'127.0.0.1'` */
  readonly host?: string | undefined;
  /** Port to listen on. @defaultValue `0`, a free one */
  readonly port?: number | undefined;
  /** @defaultValue silent */
  readonly logger?: StoreLogger | undefined;
}

/**
 * Serves a store to the other instances of a cluster, which open it with `RemoteStore`. Both ends prove that they know the
 * cluster secret; what they say afterwards is not encrypted, so the port belongs into a private network.
 *
 * @example
 * ```ts
 * const store = await LevelStore.open('./data');
 * const host = await StoreHost.start(store, { storeId: store.storeId, secret, host: '10.0.0.7', port: 7234 });
 * // … later
 * host.stopAccepting();
 * await store.close(); // what the others were still waiting for is saved, and they are told
 * await host.close();
 * ```
 */
export class StoreHost {
  readonly #store: DocumentStore;
  readonly #options: StoreHostOptions;
  readonly #server: Server;
  readonly #strangers = new Set<Channel>();
  readonly #sessions: HostSessions;
  readonly #closed: Promise<void>;
  #isStopping = false;

  private constructor(store: DocumentStore, options: StoreHostOptions) {
    this.#store = store;
    this.#options = options;
    this.#sessions = new HostSessions(store);
    this.#server = createServer({ allowHalfOpen: true }, (socket) => this.#meet(socket));
    this.#closed = once(this.#server, 'close').then(() => {});
  }

  /** @throws HW_LISTEN_FAILED when the address cannot be had */
  static async start(store: DocumentStore, options: StoreHostOptions): Promise<StoreHost> {
    const { host = '127.0.0.1', port = 0 } = options;
    const started = new StoreHost(store, options);
    const server = started.#server.listen(port, host);
    try {
      await once(server, 'listening');
    } catch (cause) {
      const problem = `cannot serve the store on ${host}:${port}: ${(cause as Error).message}`;
      throw new HeadwaterError('HW_LISTEN_FAILED', problem, { cause });
    }
    return started;
  }

  /** Where it listens. */
  get address(): { readonly host: string; readonly port: number } {
    const { address, port } = this.#server.address() as AddressInfo;
    return { host: address, port };
  }

  /** How many instances are connected. */
  get clients(): number {
    return this.#sessions.size;
  }

  /** Lets nobody in and takes no more from those who are: what they asked before is still done, and they are told. */
  stopAccepting(): void {
    if (this.#isStopping) return;
    this.#isStopping = true;
    this.#server.close();
    for (const channel of this.#strangers) channel.destroy();
    this.#sessions.stopReading();
  }

  /** Tells the others what became of what they sent, and lets them go. The store stays open. */
  async close(): Promise<void> {
    this.stopAccepting();
    this.#sessions.end();
    await this.#closed;
  }

  #meet(socket: Socket): void {
    const channel = new Channel(socket, this.#options);
    if (this.#strangers.size >= MAX_STRANGERS || this.#isStopping) channel.destroy();
    else void this.#greet(channel, `${socket.remoteAddress}:${socket.remotePort}`);
  }

  async #greet(channel: Channel, from: string): Promise<void> {
    this.#strangers.add(channel);
    const timer = setTimeout(() => channel.destroy(), this.#options.greetingMs ?? CHANNEL_DEFAULTS.greetingMs);
    try {
      const clientId = await greetClient(channel, this.#options.secret, (id) => ({
        storeId: this.#options.storeId,
        epoch: this.#store.epoch,
        lastAppend: this.#sessions.lastAppendOf(id),
      }));
      this.#sessions.welcome(clientId, channel);
    } catch (error) {
      // A port scanner is nothing to write home about; an instance with another secret or version is.
      if (error instanceof HeadwaterError) this.#options.logger?.warn({ err: error, from }, 'an instance was refused');
      channel.end();
    } finally {
      clearTimeout(timer);
      this.#strangers.delete(channel);
    }
  }
}
