import type { Logger } from '../logging/logger.ts';
import { describeAddress, parseRedisUrl, type RedisAddress } from './redis-address.ts';
import { RedisConnection, type RedisConnectionOptions } from './redis-connection.ts';

/**
 * The connections of an instance to its Redis. In the log they have one voice: when Redis goes all of them are lost, and somebody
 * who reads that wants to know it once.
 */
export class RedisConnections {
  readonly #address: RedisAddress;
  readonly #logger: Logger;
  /** Those that are not there, by name. */
  readonly #lost = new Set<string>();

  /** @throws HW_OPTIONS_INVALID when `url` is not what `parseRedisUrl` expects */
  constructor(url: string, logger: Logger) {
    this.#address = parseRedisUrl(url);
    this.#logger = logger;
  }

  /** One more, which is yet to be opened. `name`: how Redis lists it, after `headwater-`. */
  add(
    name: string,
    { onReady, onLost }: Partial<Pick<RedisConnectionOptions, 'onReady' | 'onLost'>> = {},
  ): RedisConnection {
    return new RedisConnection({
      address: this.#address,
      connectionName: `headwater-${name}`,
      onReady: () => {
        this.#noteReady(name);
        onReady?.();
      },
      onLost: (reason) => {
        this.#noteLost(name, reason);
        onLost?.(reason);
      },
    });
  }

  #noteLost(name: string, reason: Error | undefined): void {
    const isFirst = this.#lost.size === 0;
    this.#lost.add(name);
    if (!isFirst) return;
    this.#logger.warn(
      { err: reason, redis: describeAddress(this.#address) },
      'Redis is away, and instances do not hear each other until it is there: look whether it runs, and whether this machine reaches it',
    );
  }

  #noteReady(name: string): void {
    if (!this.#lost.delete(name) || this.#lost.size > 0) return;
    this.#logger.info({ redis: describeAddress(this.#address) }, 'Redis is there');
  }
}
