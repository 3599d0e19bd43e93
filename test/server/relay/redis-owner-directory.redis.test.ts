import { afterAll, expect, onTestFinished, test, vi } from 'vitest';
import { SILENT_LOGGER } from '../../../server/src/logging/logger.ts';
import { RedisClusterSecret } from '../../../server/src/relay/redis-cluster-secret.ts';
import type { RedisConnection } from '../../../server/src/relay/redis-connection.ts';
import { RedisConnections } from '../../../server/src/relay/redis-connections.ts';
import { RedisOwnerDirectory } from '../../../server/src/relay/redis-owner-directory.ts';
import { describeOwnerDirectory } from '../../contracts/owner-directory.ts';
import { RedisServer } from '../../support/redis-server.ts';

const redis = await RedisServer.start();
const connections: RedisConnection[] = [];

afterAll(async () => {
  for (const connection of connections) connection.close();
  await redis[Symbol.asyncDispose]();
});

async function connect(): Promise<RedisConnection> {
  const connection = new RedisConnections(redis.url, SILENT_LOGGER).add('test');
  connections.push(connection);
  await connection.open();
  return connection;
}

let directories = 0;
describeOwnerDirectory('RedisOwnerDirectory', async () => {
  directories++;
  return new RedisOwnerDirectory(await connect(), `cluster-${directories}:`);
});

test('what something else wrote under its keys is no owner', async () => {
  const directory = new RedisOwnerDirectory(await connect(), 'odd:');
  await redis.command('SET', 'odd:{owner}:lease', 'whatever');

  expect(await directory.find()).toEqual({ storeId: undefined, generation: 0, owner: undefined });
});

test('what it tells an operator to type has the cluster forget its store', async () => {
  const directory = new RedisOwnerDirectory(await connect(), 'cluster-x:');
  const owner = { instanceId: 'one', storeId: 'the store', generation: 1, host: '127.0.0.1', port: 4000 };
  await directory.announce(owner, 60_000);

  expect(directory.howToForget).toBe("redis-cli DEL 'cluster-x:{owner}:store'");
  expect(await redis.command('DEL', 'cluster-x:{owner}:store')).toBe('1');

  expect((await directory.find()).storeId).toBeUndefined();
});

test('in a Redis that is full an owner is announced, and a secret is agreed on, all the same', async () => {
  const connection = await connect();
  const [directory, other] = [
    new RedisOwnerDirectory(connection, 'full:'),
    new RedisOwnerDirectory(connection, 'full:'),
  ];
  onTestFinished(() => redis.command('CONFIG', 'SET', 'maxmemory', '0').then(() => {}));
  await redis.command('CONFIG', 'SET', 'maxmemory', '1');
  await expect(redis.command('SET', 'anything', 'else')).rejects.toThrow('OOM');

  const owner = { instanceId: 'one', storeId: 'the store', generation: 1, host: '127.0.0.1', port: 4000 };
  const announced = await directory.announce(owner, 60_000);
  const secret = await new RedisClusterSecret(connection, 'full:').get();

  expect((await other.find()).owner).toEqual(announced);
  expect(secret).not.toBe('');
  expect(await new RedisClusterSecret(connection, 'full:').get()).toBe(secret);
});

test('it says so when Redis is not there', async () => {
  const connection = await connect();
  const directory = new RedisOwnerDirectory(connection, 'gone:');
  connection.close();

  await expect(directory.find()).rejects.toThrow("Stream isn't writeable");
});

test('it says when Redis is there again, and answers by then, until nobody listens any more', async () => {
  const connection = await connect();
  const directory = new RedisOwnerDirectory(connection, 'again:');
  const ignored = vi.fn<() => void>();
  directory.onReachable(ignored)();
  const found = new Promise((resolve) => {
    directory.onReachable(() => resolve(directory.find()));
  });

  connection.client.disconnect(true);

  expect(await found).toEqual({ generation: 0 });
  expect(ignored).not.toHaveBeenCalled();
});

test('a question that Redis took and never answered is settled when the connection ends, and the next one is asked', async () => {
  const connection = await connect();
  const directory = new RedisOwnerDirectory(connection, 'unanswered:');
  redis.pause();
  const question = directory.find();
  question.catch(() => {});

  connection.client.disconnect(true);
  await expect(question).rejects.toThrow(/max retries|closed/);
  redis.resume();

  await expect.poll(() => directory.find().catch(() => 'not yet'), { timeout: 10_000 }).toEqual({ generation: 0 });
});
