import { readFileSync } from 'node:fs';
import { expect, test } from 'vitest';
import { RedisServer } from '../support/redis-server.ts';
import { REPOSITORY } from '../support/repository.ts';
import { headwater } from '../support/run-command.ts';
import { ServerProcess } from '../support/server-process.ts';
import { TempDir } from '../support/temp-dir.ts';
import { RelayedPair } from './relayed-pair.ts';

const PREFIX = 'test:';

/** The line of the table in docs/deployment.md, for one prefix and password. */
function documentedRights(password: string): readonly string[] {
  const page = readFileSync(`${REPOSITORY}/docs/deployment.md`, 'utf8');
  const line = /^\| ACL +\| `(.+?)` +\|$/m.exec(page)?.[1] ?? '';
  return line.replace('PASSWORD', password).replaceAll('PREFIX', PREFIX).split(' ');
}

/** What Redis was told since it was asked to count, in scripts, too. */
async function commandsSeen(redis: RedisServer): Promise<readonly string[]> {
  const stats = await redis.command('INFO', 'commandstats');
  return [...stats.matchAll(/^cmdstat_([^:]+):/gm)].map(([, name = '']) => name);
}

test('the Redis user that docs/deployment.md describes is enough for a cluster, and doctor tries all that a cluster does', async () => {
  await using redis = await RedisServer.start({ flags: ['--user', 'headwater', ...documentedRights('secret')] });
  await using data = await TempDir.create();
  const url = `redis://headwater:secret@127.0.0.1:${redis.port}`;
  const flags = ['--redis', url, '--redis-prefix', PREFIX];
  await using owner = await ServerProcess.start({ data: data.path, flags });
  await using other = await ServerProcess.start({ data: data.path, flags });
  await using pair = await RelayedPair.join(owner.url, other.url);

  await pair.pass();

  const ofInstances = await commandsSeen(redis);
  await redis.command('CONFIG', 'RESETSTAT');
  const { stdout } = await headwater(['doctor', '--json', '--data', data.path, ...flags]);
  expect(stdout.toString()).toContain('"may do what instances do"');
  expect(await commandsSeen(redis)).toEqual(expect.arrayContaining([...ofInstances]));

  // Whoever may do more than the prefix needs would pass as well.
  const whoami = await redis.command('--user', 'headwater', '--pass', 'secret', 'SET', 'elsewhere', 'x').catch(String);
  expect(whoami).toContain('NOPERM');
});

test('doctor names what a Redis user lacks, be it one command of a script', async () => {
  const rights = documentedRights('secret');
  await using redis = await RedisServer.start({
    flags: ['--user', 'headwater', ...rights, '-get', '-hincrby', '-subscribe'],
  });
  await using data = await TempDir.create();

  const url = `redis://headwater:secret@127.0.0.1:${redis.port}`;
  const { stdout } = await headwater([
    'doctor',
    '--json',
    '--data',
    data.path,
    '--redis',
    url,
    '--redis-prefix',
    PREFIX,
  ]);

  expect(stdout.toString()).toContain('"status":"fail","found":"may not: hincrby, get, subscribe (NOPERM');
});

test('doctor says what it costs when Redis keeps functions from its user', async () => {
  const rights = [...documentedRights('secret'), '-function'];
  await using redis = await RedisServer.start({ flags: ['--user', 'headwater', ...rights] });
  await using data = await TempDir.create();
  const url = `redis://headwater:secret@127.0.0.1:${redis.port}`;

  const flags = ['--json', '--data', data.path, '--redis', url, '--redis-prefix', PREFIX];
  const { stdout } = await headwater(['doctor', ...flags]);

  expect(stdout.toString()).toContain('"status":"ok","found":"may do what instances do, but not with functions');
});
