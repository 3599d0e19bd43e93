import { createHash } from 'node:crypto';
import { Cluster } from 'ioredis';
import type { RedisClient } from './redis-address.ts';

/**
 * Some Redis commands that Redis runs as one: Lua, given its only key as `KEYS[1]` and its only argument as `ARGV[1]`. It is called by
 * a short name, as a function (Redis 7.0, https://redis.io/docs/latest/develop/programmability/functions-intro/), or by its
 * hash, as a script, where there are no functions or none for us: 40 bytes more with every call.
 */
export class RedisProgram {
  readonly #client: RedisClient;
  readonly #body: string;
  readonly #hash: string;
  /** Of the function: another body has another name, as instances of two releases share one Redis during an update. */
  readonly #name: string;
  /** While Redis is told the function. */
  #loading: Promise<boolean> | undefined;
  #hasFunctions: boolean;

  constructor(client: RedisClient, body: string) {
    this.#client = client;
    this.#body = body;
    this.#hash = createHash('sha1').update(body).digest('hex');
    this.#name = `h${this.#hash.slice(0, 5)}`;
    // Each node of a Redis Cluster has functions of its own.
    this.#hasFunctions = !(client instanceof Cluster);
  }

  /** @throws ReplyError when Redis says no, and another error when it says nothing */
  async run(key: string, argument: Buffer): Promise<void> {
    if (this.#hasFunctions && (await this.#runFunction(key, argument))) return;
    this.#hasFunctions = false;
    await this.#runScript(key, argument);
  }

  /** @returns `false` where there are no functions, or none for us */
  async #runFunction(key: string, argument: Buffer): Promise<boolean> {
    const call = (): Promise<unknown> => this.#client.call('fcall', this.#name, 1, key, argument);
    try {
      await call();
    } catch (error) {
      if (isAnswer(error, /^(ERR unknown command|NOPERM)/)) return false;
      if (!isAnswer(error, /^ERR Function not found/)) throw error;
      if (!(await this.#loaded())) return false;
      await call();
    }
    return true;
  }

  async #runScript(key: string, argument: Buffer): Promise<void> {
    try {
      await this.#client.call('evalsha', this.#hash, 1, key, argument);
    } catch (error) {
      if (!isAnswer(error, /^NOSCRIPT/)) throw error;
      await this.#client.call('eval', this.#body, 1, key, argument); // from now on it is known by its hash
    }
  }

  /** Whether Redis has the function from now on; told once for all who ask meanwhile. */
  #loaded(): Promise<boolean> {
    this.#loading ??= this.#load().finally(() => {
      this.#loading = undefined;
    });
    return this.#loading;
  }

  async #load(): Promise<boolean> {
    const name = this.#name;
    const library = `#!lua name=headwater_${name}
redis.register_function('${name}', function(KEYS, ARGV)
${this.#body}
end)`;
    try {
      await this.#client.call('function', 'load', library);
    } catch (error) {
      if (!isAnswer(error)) throw error;
      return isAnswer(error, /already exists/); // another instance was first
    }
    return true;
  }
}

/** Whether Redis said so; anything else is a connection that is gone. */
function isAnswer(error: unknown, saying = /^/): error is Error {
  return error instanceof Error && error.name === 'ReplyError' && saying.test(error.message);
}
