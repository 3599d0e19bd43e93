import path from 'node:path';
import { MemoryStore } from '@headwater/persistence';
import { createServer } from '@headwater/server';
import { expect, test } from 'vitest';
import { eventually, healthOf } from '../faults/support.ts';
import { freePorts } from '../support/free-ports.ts';
import { RedisSentinel } from '../support/redis-sentinel.ts';
import { RedisServer } from '../support/redis-server.ts';
import { REPOSITORY } from '../support/repository.ts';
import { ServerProcess } from '../support/server-process.ts';
import { TempDir } from '../support/temp-dir.ts';
import { RelayedPair } from './relayed-pair.ts';

/** It signed itself, is for 127.0.0.1, and is good for a hundred years. */
const CERTIFICATE = path.join(REPOSITORY, 'test/support/certificate/certificate.pem');
const KEY = path.join(REPOSITORY, 'test/support/certificate/key.pem');

const statuses = (...instances: readonly ServerProcess[]): Promise<readonly string[]> =>
  Promise.all(instances.map(async (instance) => (await healthOf(instance)).status));

test('instances meet in a Redis that is encrypted, when they know who signed its certificate', async () => {
  const port = await freePorts();
  const encrypted = ['--tls-port', `${port}`, '--tls-auth-clients', 'no'];
  const identity = ['--tls-cert-file', CERTIFICATE, '--tls-key-file', KEY, '--tls-ca-cert-file', CERTIFICATE];
  await using redis = await RedisServer.start({ flags: [...encrypted, ...identity] });
  await using data = await TempDir.create();
  const url = `rediss://127.0.0.1:${port}`;
  const flags = ['--redis', url];
  const env = { NODE_EXTRA_CA_CERTS: CERTIFICATE };
  await using one = await ServerProcess.start({ data: data.path, flags, env });
  await using two = await ServerProcess.start({ data: data.path, flags, env });
  await using pair = await RelayedPair.join(one.url, two.url);

  await pair.pass();
  expect(await redis.command('CLIENT', 'LIST')).toMatch(new RegExp(`laddr=127.0.0.1:${port} .*name=headwater-relay`));

  await using stranger = await createServer({ store: new MemoryStore(), redis: url });
  expect(stranger.health.reason).toBe('Redis: self-signed certificate');
});

test('instances follow the Sentinels to the Redis that takes the place of one that died', async () => {
  await using master = await RedisServer.start();
  await using replica = await RedisServer.start({ flags: ['--replicaof', '127.0.0.1', `${master.port}`] });
  await using sentinel = await RedisSentinel.start('main', master);
  await using data = await TempDir.create();
  const flags = ['--redis', `redis+sentinel://127.0.0.1:${sentinel.port}/main`];
  await using one = await ServerProcess.start({ data: data.path, flags });
  await using two = await ServerProcess.start({ data: data.path, flags });
  await using pair = await RelayedPair.join(one.url, two.url);
  await pair.pass();

  await master.kill9();
  await eventually(async () => (await replica.command('ROLE')).startsWith('master'), 'the replica to take over');
  await eventually(async () => (await statuses(one, two)).join() === 'ok,ok', 'the instances to be connected again');

  await pair.pass();
  expect(await replica.command('CLIENT', 'LIST')).toContain('name=headwater-relay');
});
