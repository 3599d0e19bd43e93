import { readFileSync } from 'node:fs';
import { expect, test } from 'vitest';
import { parse } from 'yaml';
import { describeClusterStore } from '../../server/src/cli/doctor/cluster-store-findings.ts';
import {
  describeClock,
  describeMemory,
  describePersistence,
  describeRole,
  describeVersion,
} from '../../server/src/cli/doctor/redis-findings.ts';
import { parseInfo } from '../../server/src/cli/doctor/redis-info.ts';
import { freePorts } from '../support/free-ports.ts';
import { RedisServer } from '../support/redis-server.ts';
import { REPOSITORY } from '../support/repository.ts';
import { headwater } from '../support/run-command.ts';
import { storeDocuments, updateOf } from '../support/stored-documents.ts';
import { TempDir } from '../support/temp-dir.ts';

interface Finding {
  readonly check: string;
  readonly status: string;
  readonly found: string;
  readonly advice?: string;
}

async function findingsOn(redis: string): Promise<readonly Finding[]> {
  await using directory = await TempDir.create();
  const { stdout } = await headwater(['doctor', '--json', '--data', directory.path, '--redis', redis]);
  const findings = stdout
    .toString()
    .trimEnd()
    .split('\n')
    .map((line) => JSON.parse(line) as Finding);
  return findings.filter(({ check }) => check.startsWith('redis') || check === 'clock');
}

test('a Redis that will do is looked at from all sides, and left as it was', async () => {
  await using redis = await RedisServer.start({ flags: ['--maxmemory', '64mb'] });

  const findings = await findingsOn(redis.url);

  expect(findings.map(({ status }) => status)).toEqual(Array.from({ length: 7 }, () => 'ok'));
  expect(findings.map(({ check }) => check)).toEqual([
    'redis',
    'redis version',
    'redis role',
    'redis permissions',
    'redis persistence',
    'redis memory',
    'clock',
  ]);
  await expect.poll(() => redis.command('DBSIZE'), { timeout: 5_000 }).toBe('0');
});

test('the Redis of deploy/compose.yaml is one that will do', async () => {
  const compose = parse(readFileSync(`${REPOSITORY}/deploy/compose.yaml`, 'utf8'), { merge: true }) as {
    readonly services: { readonly redis: { readonly command: readonly [program: string, ...flags: string[]] } };
  };
  const [program, ...flags] = compose.services.redis.command;
  await using redis = await RedisServer.start({ flags });

  const findings = await findingsOn(redis.url);

  expect(program).toBe('redis-server');
  expect(findings.filter(({ status }) => status !== 'ok')).toEqual([]);
});

test('a Redis that is not there, one that is silent and one that refuses are told apart', async () => {
  await using redis = await RedisServer.start({ password: 'right' });
  const refused = await findingsOn(redis.url.replace('right', 'wrong'));
  expect(refused).toMatchObject([
    {
      check: 'redis',
      status: 'fail',
      found: expect.stringContaining('WRONGPASS'),
      advice: expect.stringContaining('password'),
    },
  ]);
  expect(JSON.stringify(refused)).not.toContain('wrong@');

  redis.pause();
  expect(await findingsOn(redis.url)).toMatchObject([{ status: 'fail', found: expect.stringContaining('no answer') }]);
  redis.resume();

  const nobody = `redis://127.0.0.1:${await freePorts()}`;
  expect(await findingsOn(nobody)).toMatchObject([{ status: 'fail', found: expect.stringContaining('ECONNREFUSED') }]);
});

test.each([
  ['there is none yet', {}, undefined, 'ok', 'none yet'],
  ['it is the one here', { storeId: 'one' }, { storeId: 'one' }, 'ok', 'the one in --data'],
  ['what is here is older', { storeId: 'one', generation: 8 }, { storeId: 'one' }, 'fail', 'older copy'],
  ['here is none', { storeId: 'one' }, undefined, 'warn', 'not in --data'],
  ['here is another, empty one', { storeId: 'one' }, { isEmpty: true }, 'warn', 'not in --data'],
  ['here is another one with documents', { storeId: 'one' }, {}, 'fail', 'documents in another one, own'],
])('of the store that Redis remembers, when %s, doctor says so', (_, inRedis, here, status, found) => {
  const remembered = { storeId: undefined, generation: 7, howToForget: 'redis-cli DEL x', ...inRedis };
  const own = here && { storeId: 'own', generation: 7, isEmpty: false, ...here };

  expect(describeClusterStore(remembered, own)).toMatchObject({ status, found: expect.stringContaining(found) });
});

test('a store that the cluster would refuse is found before an instance starts with it', async () => {
  await using redis = await RedisServer.start();
  await using directory = await TempDir.create();
  await storeDocuments(directory.path, { doc: { updates: [updateOf((doc) => doc.getText('text').insert(0, 'x'))] } });
  await redis.command('HSET', 'headwater:{owner}:store', 'storeId', 'another', 'generation', '3');

  const flags = ['--json', '--data', directory.path, '--redis', redis.url];
  const { status, stdout } = await headwater(['doctor', ...flags]);

  expect(status).toBe(1);
  expect(stdout.toString()).toContain(
    '"check":"cluster store","status":"fail","found":"another, and --data has documents',
  );
});

test('a user who may not do what instances do is found out before an instance starts', async () => {
  await using redis = await RedisServer.start({
    flags: ['--user', 'guest', 'on', '>welcome', '~*', '&*', '+@connection', '+info', '+time', '+@scripting'],
  });

  const findings = await findingsOn(redis.url.replace('redis://', 'redis://guest:welcome@'));

  expect(findings.find(({ check }) => check === 'redis permissions')).toMatchObject({ status: 'fail' });
});

const infoOf = (values: Readonly<Record<string, string>>): ReturnType<typeof parseInfo> =>
  parseInfo(
    Object.entries(values)
      .map(([key, value]) => `${key}:${value}\r\n`)
      .join(''),
  );

test.each([
  [{ redis_version: '6.0.16' }, 'fail', 'Redis 6.0.16'],
  [{ redis_version: '6.2.0' }, 'ok', 'Redis 6.2.0'],
  [{ redis_version: '7.2.4', valkey_version: '8.0.1' }, 'ok', 'Valkey 8.0.1'],
])('version %j is "%s"', (info, status, found) => {
  expect(describeVersion(infoOf(info))).toMatchObject({ status, found });
});

test('a replica and a node of a Redis Cluster are no primary', () => {
  expect(describeRole(infoOf({ role: 'slave' }), 'single').status).toBe('fail');
  expect(describeRole(infoOf({ role: 'master', cluster_enabled: '1' }), 'single').status).toBe('fail');
  expect(describeRole(infoOf({ role: 'master', cluster_enabled: '1' }), 'cluster').status).toBe('ok');
});

test.each([
  [{ rdb_last_bgsave_status: 'err' }, 'fail'],
  [{ rdb_last_bgsave_status: 'ok', aof_enabled: '1' }, 'warn'],
  [{ rdb_last_bgsave_status: 'ok', aof_enabled: '0' }, 'ok'],
])('persistence %j is "%s"', (info, status) => {
  expect(describePersistence(infoOf(info)).status).toBe(status);
});

test.each([
  [{ used_memory: '10', maxmemory: '0', maxmemory_policy: 'noeviction' }, 'warn'],
  [{ used_memory: '10', maxmemory: '100', maxmemory_policy: 'allkeys-lru' }, 'warn'],
  [{ used_memory: '90', maxmemory: '100', maxmemory_policy: 'noeviction' }, 'warn'],
  [{ used_memory: '10', maxmemory: '100', maxmemory_policy: 'volatile-ttl' }, 'ok'],
])('memory %j is "%s"', (info, status) => {
  expect(describeMemory(infoOf(info)).status).toBe(status);
});

test.each([
  [300_000, 'warn', '300.0 s behind that of Redis'],
  [-300_000, 'warn', '300.0 s ahead of that of Redis'],
  [12, 'ok', '0.0 s behind that of Redis'],
])('a clock %i ms apart is "%s"', (aheadMs, status, found) => {
  expect(describeClock(aheadMs)).toMatchObject({ status, found });
});
