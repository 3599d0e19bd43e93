import type { RedisServer } from '../support/redis-server.ts';

const TRIM_ALL = `for _, key in ipairs(redis.call('KEYS', '*')) do
  if redis.call('TYPE', key).ok == 'stream' then redis.call('XTRIM', key, 'MAXLEN', 0) end
end`;

/** Takes every entry out of every stream. */
export async function trimAll(redis: RedisServer): Promise<void> {
  await redis.command('EVAL', TRIM_ALL, '0');
}

/** Ends every connection there is. */
export async function disconnectAll(redis: RedisServer): Promise<void> {
  await redis.command('CLIENT', 'KILL', 'TYPE', 'pubsub');
  await redis.command('CLIENT', 'KILL', 'TYPE', 'normal');
}
