import { readFileSync } from 'node:fs';
import { expect, test } from 'vitest';
import { RedisServer } from '../support/redis-server.ts';
import { REPOSITORY } from '../support/repository.ts';
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

test('the Redis user that docs/deployment.md describes is enough for a cluster', async () => {
  await using redis = await RedisServer.start({ flags: ['--user', 'headwater', ...documentedRights('secret')] });
  await using data = await TempDir.create();
  const url = `redis://headwater:secret@127.0.0.1:${redis.port}`;
  const flags = ['--redis', url, '--redis-prefix', PREFIX];
  await using owner = await ServerProcess.start({ data: data.path, flags });
  await using other = await ServerProcess.start({ data: data.path, flags });
  await using pair = await RelayedPair.join(owner.url, other.url);

  await pair.pass();

  // Whoever may do more than the prefix needs would pass as well.
  const whoami = await redis.command('--user', 'headwater', '--pass', 'secret', 'SET', 'elsewhere', 'x').catch(String);
  expect(whoami).toContain('NOPERM');
});
