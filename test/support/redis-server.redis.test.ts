import { expect, test } from 'vitest';
import { RedisServer } from './redis-server.ts';

test('a Redis that is killed and started again is on the same port and empty', async () => {
  await using redis = await RedisServer.start();
  await redis.command('SET', 'key', 'value');
  expect(await redis.command('GET', 'key')).toBe('value');

  await redis.kill9();
  await expect(redis.command('PING')).rejects.toThrow('Connection refused');
  await redis.restart();

  expect(await redis.command('DBSIZE')).toBe('0');
});

test('a Redis that is paused answers once it may go on', async () => {
  await using redis = await RedisServer.start();

  redis.pause();
  const answer = redis.command('PING');
  redis.resume();

  expect(await answer).toBe('PONG');
});

test('a Redis with a password and users of its own refuses whoever does not know them', async () => {
  await using redis = await RedisServer.start({
    password: 'open sesame',
    flags: ['--user', 'guest', 'on', '>welcome', '~guests:*', '+@read'],
  });

  expect(await redis.command('PING')).toBe('PONG');
  expect(redis.url).toBe(`redis://:open%20sesame@127.0.0.1:${redis.port}`);
  await expect(redis.command('--user', 'guest', '--pass', 'wrong', 'PING')).rejects.toThrow('WRONGPASS');
  await expect(redis.command('--user', 'guest', '--pass', 'welcome', 'GET', 'other')).rejects.toThrow('NOPERM');
});
