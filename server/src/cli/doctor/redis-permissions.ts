import { createHash } from 'node:crypto';
import type { RedisClient } from '../../relay/redis-address.ts';
import { type Finding, fail, ok } from './finding.ts';

/** Redis says this of a user who lacks a right, and of a command that a provider has taken away. */
const REFUSAL = /^(NOPERM|ERR unknown command)/;
const SCRIPT = 'return 1';
const FUNCTION = 'headwater_doctor';
const SCRIPT_SHA = createHash('sha1').update(SCRIPT).digest('hex');

/**
 * Every command of an instance, also those in its scripts, which run with the rights of who calls them. The key is a stream
 * first, then a hash, then text, and gone in the end.
 */
function trials(key: string): readonly (readonly [command: string, ...args: (string | number)[]])[] {
  return [
    ['ping'],
    ['eval', SCRIPT, 1, key],
    ['evalsha', SCRIPT_SHA, 1, key],
    ['xadd', key, 'MAXLEN', '~', 1, '*', 'batch', ''],
    ['pexpire', key, 1_000],
    ['xrange', key, '-', '+', 'COUNT', 1],
    ['del', key],
    ['hset', key, 'field', 0],
    ['hincrby', key, 'field', 1],
    ['hget', key, 'field'],
    ['hmget', key, 'field'],
    ['pexpire', key, 1_000],
    ['del', key],
    ['set', key, '', 'PX', 1_000],
    ['get', key],
    ['del', key],
    ['publish', key, ''],
  ];
}

/** What an instance prefers, and does without where Redis has no functions or keeps them from us. */
const PREFERRED = [
  ['function', 'load', 'REPLACE', `#!lua name=${FUNCTION}\nredis.register_function('${FUNCTION}', function() end)`],
  ['fcall', FUNCTION, 0],
  ['function', 'delete', FUNCTION],
] as const;

/** Tries whatever an instance does to Redis, on a key and a channel of its own. @throws Error when there is no answer */
export async function checkPermissions(
  client: RedisClient,
  prefix: string,
  inTime: <T>(answer: Promise<T>) => Promise<T>,
): Promise<Finding> {
  const key = `${prefix}{doctor}`;
  const refused = new Map<string, string>();
  const attempt = async (command: string, answer: Promise<unknown>): Promise<void> => {
    try {
      await inTime(answer);
    } catch (error) {
      if (!isAnswer(error)) throw error;
      // Anything else is no question of rights: a Redis that is full, say, which has a line of its own.
      if (REFUSAL.test(error.message)) refused.set(command, error.message);
    }
  };
  for (const [command, ...args] of trials(key)) await attempt(command, client.call(command, ...args));
  await attempt('subscribe', client.subscribe(key));
  await attempt('unsubscribe', client.unsubscribe(key));

  const [firstReason] = refused.values();
  if (firstReason === undefined) {
    for (const [command, ...args] of PREFERRED) await attempt(command, client.call(command, ...args));
    const cost = refused.size === 0 ? '' : ', but not with functions: every batch costs Redis 40 bytes more';
    return ok('redis permissions', `may do what instances do${cost}`);
  }
  return fail(
    'redis permissions',
    `may not: ${[...refused.keys()].join(', ')} (${firstReason})`,
    'give the user the rights in the table of docs/deployment.md, "Redis", for this --redis-prefix',
  );
}

/** Redis said no; anything else is a connection that is gone. */
export const isAnswer = (error: unknown): error is Error => error instanceof Error && error.name === 'ReplyError';
