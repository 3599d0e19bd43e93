import { randomBytes } from 'node:crypto';
import type { RedisConnection } from './redis-connection.ts';

/** The deletion is for a Redis that is full, as in the directory of owners. */
const AGREE = `
local secret = redis.call('GET', KEYS[1])
if secret then return secret end
redis.call('DEL', KEYS[1])
redis.call('SET', KEYS[1], ARGV[1])
return ARGV[1]`;

/**
 * The cluster secret of instances that were given none: the first one makes it, and all of them keep it in Redis. Who may read
 * there can also write edits into the relay, so it keeps out nobody less than Redis does.
 */
export class RedisClusterSecret {
  readonly #connection: RedisConnection;
  readonly #key: string;
  #last: string | undefined;

  /** `prefix`: what every key begins with. */
  constructor(connection: RedisConnection, prefix: string) {
    this.#connection = connection;
    this.#key = `${prefix}{owner}:secret`;
  }

  /** While Redis is away, the one it had before. @throws Error when there was none */
  async get(): Promise<string> {
    try {
      this.#last = await this.#look();
    } catch (error) {
      if (this.#last === undefined) throw error;
    }
    return this.#last;
  }

  async #look(): Promise<string> {
    const offer = randomBytes(32).toString('base64url');
    return (await this.#connection.client.call('eval', AGREE, 1, this.#key, offer)) as string;
  }
}
