import type { AnnouncedOwner, DirectoryEntry, OwnerDirectory, StoreOwner } from '@headwater/persistence';
import type { RedisConnection } from './redis-connection.ts';

/**
 * Keys: a hash with the id and the generation of the store and the last fencing number, and the announcement, which expires.
 * The deletion is for a Redis that is full: it lets a script go on whose first write needs no memory, and without these few
 * bytes nobody would find the store.
 */
const ANNOUNCE = `
local known = redis.call('HGET', KEYS[1], 'storeId')
if known and known ~= ARGV[1] then return 0 end
if tonumber(redis.call('HGET', KEYS[1], 'generation') or 0) >= tonumber(ARGV[4]) then return 0 end
redis.call('DEL', KEYS[2])
redis.call('HSET', KEYS[1], 'storeId', ARGV[1], 'generation', ARGV[4])
local fence = redis.call('HINCRBY', KEYS[1], 'fence', 1)
redis.call('SET', KEYS[2], fence .. ' ' .. ARGV[2], 'PX', ARGV[3])
return fence`;

const RENEW = `
if redis.call('GET', KEYS[1]) ~= ARGV[1] then return 0 end
return redis.call('PEXPIRE', KEYS[1], ARGV[2])`;

const WITHDRAW = `
if redis.call('GET', KEYS[1]) ~= ARGV[1] then return 0 end
return redis.call('DEL', KEYS[1])`;

/** Where Redis remembers the store of a cluster. The braces keep it in one slot of a Redis Cluster with the announcement. */
export const storeKeyOf = (prefix: string): string => `${prefix}{owner}:store`;

/** The command with which that is forgotten. */
export const howToForget = (prefix: string): string => `redis-cli DEL '${storeKeyOf(prefix)}'`;

/** The directory of owners in Redis. Its few calls are scripts, so that none of them sees half of another. */
export class RedisOwnerDirectory implements OwnerDirectory {
  readonly howToForget: string;
  readonly #connection: RedisConnection;
  readonly #storeKey: string;
  readonly #leaseKey: string;

  /** `prefix`: what every key begins with. */
  constructor(connection: RedisConnection, prefix: string) {
    this.#connection = connection;
    this.howToForget = howToForget(prefix);
    this.#storeKey = storeKeyOf(prefix);
    this.#leaseKey = `${prefix}{owner}:lease`;
  }

  async find(): Promise<DirectoryEntry> {
    const { client } = this.#connection;
    const [[storeId, generation], announced] = await Promise.all([
      client.hmget(this.#storeKey, 'storeId', 'generation'),
      client.get(this.#leaseKey),
    ]);
    return {
      storeId: storeId ?? undefined,
      generation: Number(generation ?? 0),
      owner: announced === null ? undefined : readAnnounced(announced),
    };
  }

  onReachable(listener: () => void): () => void {
    const { client } = this.#connection;
    client.on('ready', listener);
    return () => void client.off('ready', listener);
  }

  async announce(owner: StoreOwner, leaseMs: number): Promise<AnnouncedOwner | undefined> {
    const { storeId, generation } = owner;
    const text = writeOwner(owner);
    const { client } = this.#connection;
    const keys = [this.#storeKey, this.#leaseKey];
    const fence = await client.call('eval', ANNOUNCE, keys.length, ...keys, storeId, text, leaseMs, generation);
    return fence === 0 ? undefined : { ...owner, fence: Number(fence) };
  }

  async renew(announced: AnnouncedOwner, leaseMs: number): Promise<boolean> {
    const text = writeAnnounced(announced);
    return (await this.#connection.client.call('eval', RENEW, 1, this.#leaseKey, text, leaseMs)) === 1;
  }

  async withdraw(announced: AnnouncedOwner): Promise<void> {
    await this.#connection.client.call('eval', WITHDRAW, 1, this.#leaseKey, writeAnnounced(announced));
  }
}

function writeOwner({ instanceId, storeId, generation, host, port }: StoreOwner): string {
  return JSON.stringify({ instanceId, storeId, generation, host, port });
}

/** As `ANNOUNCE` leaves it. An announcement is told by all of it: a Redis that was flushed counts from one again. */
function writeAnnounced(announced: AnnouncedOwner): string {
  return `${announced.fence} ${writeOwner(announced)}`;
}

/** `undefined` for what was not written by an instance of this version. */
function readAnnounced(text: string): AnnouncedOwner | undefined {
  const space = text.indexOf(' ');
  try {
    const owner = JSON.parse(text.slice(space + 1)) as Omit<StoreOwner, 'generation'> & Partial<StoreOwner>;
    const { instanceId, storeId, generation = 0, host, port } = owner;
    return { instanceId, storeId, generation, host, port, fence: Number(text.slice(0, space)) };
  } catch {
    return undefined;
  }
}
