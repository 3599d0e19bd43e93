import { Backoff } from '@headwater/persistence';
import { HeadwaterError } from '@headwater/protocol';
import { createRedisClient, describeAddress, type RedisAddress, type RedisClient } from './redis-address.ts';

/** Redis is asked for a sign of life this often, and given up when there was none for a while. */
const PING_EVERY_MS = 1_000;
const PING_TIMEOUT_MS = 2_000;
/** A start waits this long for Redis; then it goes on without. */
const FIRST_CONNECT_MS = 3_000;

/** What Redis says when it is there and does not let us in. */
const REFUSALS = /^(WRONGPASS|NOAUTH|NOPERM|ERR (invalid password|AUTH|Client sent AUTH))/;

export interface RedisConnectionOptions {
  readonly address: RedisAddress;
  /** How Redis lists it in `CLIENT LIST`. */
  readonly connectionName: string;
  /** Commands may be sent from now on; also after each reconnect. */
  readonly onReady: () => void;
  /** The connection is gone, or could not be made at the start; it comes by itself. */
  readonly onLost: (reason: Error | undefined) => void;
}

/**
 * A connection to Redis that notices when the other end is silent, and reconnects for ever. A Redis that is stopped (SIGSTOP,
 * a host that is out of memory) keeps its sockets open and swallows what is written, so only an answer counts.
 */
export class RedisConnection {
  readonly client: RedisClient;
  readonly #options: RedisConnectionOptions;
  readonly #backoff = new Backoff({ minMs: 100, maxMs: 1_000, random: Math.random });
  readonly #refused: Promise<never>;
  #refuse: (error: Error) => void = () => {};
  #pings: NodeJS.Timeout | undefined;
  /** Runs while an answer to a ping is due. */
  #deadline: NodeJS.Timeout | undefined;
  /** Runs while a connection is being set up. */
  #setup: NodeJS.Timeout | undefined;
  #isReady = false;
  #isClosed = false;
  #lastError: Error | undefined;

  constructor(options: RedisConnectionOptions) {
    this.#options = options;
    this.client = createRedisClient(options.address, options.connectionName, () => 50 + this.#backoff.nextMs());
    this.#refused = new Promise((_, reject) => {
      this.#refuse = reject;
    });
    this.#refused.catch(() => {}); // concerns a start only
    this.client.on('error', (error: Error) => this.#failed(error));
    this.client.on('connect', () => this.#connected());
    this.client.on('ready', () => this.#ready());
    this.client.on('close', () => this.#lost());
  }

  get isReady(): boolean {
    return this.#isReady;
  }

  /** Why it is not ready. */
  get lastError(): Error | undefined {
    return this.#lastError;
  }

  /**
   * Connects, and waits for that a little: a server starts without Redis when it has to.
   *
   * @throws HW_REDIS_REFUSED when Redis is there and does not let us in
   */
  async open(): Promise<void> {
    // This rejects because the connection was closed; why it was, an event has said before.
    const connecting = this.client.connect().catch((error: Error) => this.#failed(this.#lastError ?? error));
    let timer: NodeJS.Timeout | undefined;
    const timeout = new Promise<void>((resolve) => {
      timer = setTimeout(resolve, FIRST_CONNECT_MS);
    });
    try {
      await Promise.race([connecting, timeout, this.#refused]);
      if (!this.#isReady) this.#options.onLost(this.#lastError);
    } catch (error) {
      this.close();
      throw error;
    } finally {
      clearTimeout(timer);
    }
  }

  /** Ends it. Idempotent. */
  close(): void {
    this.#isClosed = true;
    clearInterval(this.#pings);
    clearTimeout(this.#setup);
    clearTimeout(this.#deadline);
    this.client.disconnect();
  }

  /** There is a socket; whether there is a Redis shows in a moment. */
  #connected(): void {
    clearTimeout(this.#setup);
    this.#setup = setTimeout(() => this.#silent(), PING_TIMEOUT_MS).unref();
  }

  /** Nothing is answered: another connection may do better. */
  #silent(): void {
    this.#lastError = new Error(`no answer from Redis for ${PING_TIMEOUT_MS} ms`);
    this.#lost();
    if (!this.#isClosed) this.client.disconnect(true);
  }

  #ready(): void {
    clearTimeout(this.#setup);
    this.#isReady = true;
    this.#lastError = undefined;
    this.#backoff.reset();
    this.#pings ??= setInterval(() => void this.#ping(), PING_EVERY_MS).unref();
    this.#options.onReady();
  }

  #lost(): void {
    clearTimeout(this.#setup);
    if (!this.#isReady) return;
    this.#isReady = false;
    if (!this.#isClosed) this.#options.onLost(this.#lastError);
  }

  #failed(error: Error): void {
    this.#lastError = error;
    if (!REFUSALS.test(error.message)) return;
    const where = describeAddress(this.#options.address);
    const problem = error.message.startsWith('NOAUTH')
      ? `Redis at ${where} wants a password: put it into the URL, as in redis://:PASSWORD@host:port`
      : `Redis at ${where} refuses: ${error.message}`;
    this.#refuse(new HeadwaterError('HW_REDIS_REFUSED', problem, { cause: error }));
  }

  async #ping(): Promise<void> {
    if (!this.#isReady || this.#deadline !== undefined) return;
    this.#deadline = setTimeout(() => this.#silent(), PING_TIMEOUT_MS).unref();
    try {
      await this.client.ping();
    } catch {
      // The connection went while it was asked; its end is noticed as such.
    } finally {
      clearTimeout(this.#deadline);
      this.#deadline = undefined;
    }
  }
}
