import { expect, test } from 'vitest';
import { clusterLine } from '../../server/src/cli/cluster/instance-log.ts';
import { eventually, healthOf } from '../faults/support.ts';
import { RedisServer } from '../support/redis-server.ts';
import { headwater } from '../support/run-command.ts';
import type { LogLine } from '../support/server-process.ts';
import { StockClient } from '../support/stock-client.ts';
import { TempDir } from '../support/temp-dir.ts';
import { HeadwaterCluster } from './headwater-cluster.ts';
import { RelayedPair } from './relayed-pair.ts';

const isAlive = (pid: number): boolean => {
  try {
    return process.kill(pid, 0);
  } catch {
    return false;
  }
};

const hasStore = ({ msg }: LogLine): boolean => msg === 'this instance has the store now, and serves it to the others';

test('one command starts instances that work as one, starts again what dies, and ends with all of them', async () => {
  await using redis = await RedisServer.start();
  await using data = await TempDir.create();
  await using cluster = await HeadwaterCluster.start(2, ['--redis', redis.url, '--data', data.path]);
  const [one = '', two = ''] = cluster.ports.map((port) => `ws://127.0.0.1:${port}`);
  expect(cluster.ports).toEqual([cluster.firstPort, cluster.firstPort + 1]);
  expect(cluster.logs.filter(({ msg }) => msg === 'listening').map((line) => line['instance'])).toEqual([1, 2]);
  await using pair = await RelayedPair.join(one, two);
  await pair.pass();

  const [first = 0, second = 0] = cluster.pids;
  process.kill(first, 'SIGKILL');
  await cluster.logLine(({ msg }) => msg === 'an instance ended (SIGKILL) and is started again');
  const again = await cluster.logLine(({ msg }) => msg.startsWith('instance 1 runs again, with pid '));
  expect(again['pid']).not.toBe(first);
  await eventually(() => cluster.logs.filter(hasStore).length === 2, 'one of them to say that it took over the store');
  await eventually(
    async () => (await healthOf({ port: cluster.firstPort }).catch(() => undefined)) !== undefined,
    'the first instance to be back',
  );
  await pair.pass();

  expect(await cluster.end('SIGTERM')).toBe(0);
  expect(isAlive(second)).toBe(false);
  expect(cluster.logs.at(-1)?.msg).toBe('all instances stopped');
});

test('instances end when the command that started them is killed', async () => {
  await using redis = await RedisServer.start();
  await using data = await TempDir.create();
  await using cluster = await HeadwaterCluster.start(2, ['--redis', redis.url, '--data', data.path]);
  await using client = await new StockClient(`ws://127.0.0.1:${cluster.firstPort}`, 'doc').synced();

  await cluster.end('SIGKILL');

  await client.disconnected();
  await eventually(() => !cluster.pids.some(isAlive), 'the instances to be gone');
  expect(client.closeCodes[0]).toBe(1012);
});

test('a start that fails says why once, leaves nothing behind, and has status 1', async () => {
  await using redis = await RedisServer.start({ password: 'right' });
  await using data = await TempDir.create();
  const flags = ['--redis', redis.url.replace('right', 'wrong'), '--data', data.path, '--port', '20000'];

  const { status, stderr } = await headwater(['cluster', '--instances', '3', ...flags]);

  expect(status).toBe(1);
  expect(stderr).toContain('[1] headwater: ');
  expect(stderr.match(/HW_REDIS_REFUSED/g)).toHaveLength(1);
  expect(stderr).toContain('headwater: instance 1 ended before it listened (status 1)');
});

test.each([
  [['--instances', '2'], 'several instances need a Redis between them: --redis redis://localhost:6379'],
  [['--port', '65535'], '--port: expected the first of 2 consecutive ports, got 65535'],
  [['--instances', '0'], 'Expected a whole number, at least 1.'],
])('a call that cannot work (%j) is refused with status 2', async (flags, message) => {
  const { status, stderr } = await headwater(['cluster', ...flags]);

  expect(status).toBe(2);
  expect(stderr).toContain(message);
});

test('a line of an instance says which: with a field to programs, before the message to people, and text is marked', () => {
  const line = '{"level":"info","time":"now","port":1,"msg":"listening"}';

  expect(clusterLine(2, line, false)).toBe('{"level":"info","time":"now","instance":2,"port":1,"msg":"listening"}');
  expect(clusterLine(2, line, true)).toBe('{"level":"info","time":"now","port":1,"msg":"[2] listening"}');
  expect(clusterLine(2, '(node:1) Warning: {', false)).toBe('[2] (node:1) Warning: {');
});
