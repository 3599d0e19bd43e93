import { afterAll, beforeAll, expect, test } from 'vitest';
import { BALANCERS, type Balancer } from '../../server/src/cli/cluster/balancer-configurations.ts';
import { eventually, healthOf, seedOf } from '../faults/support.ts';
import { BalancerProcess } from '../support/balancer.ts';
import { freePorts } from '../support/free-ports.ts';
import { Random } from '../support/random.ts';
import { headwater } from '../support/run-command.ts';
import type { ServerProcess } from '../support/server-process.ts';
import { StockClient } from '../support/stock-client.ts';
import { Cluster } from './cluster.ts';
import { Crowd } from './crowd.ts';

let cluster: Cluster;

beforeAll(async () => {
  cluster = await Cluster.start({ instances: 3 });
});
afterAll(() => cluster[Symbol.asyncDispose]());

/** Starts a balancer with what `headwater cluster --print` says, for the ports that these instances have. */
async function startBalancer(program: Balancer): Promise<BalancerProcess> {
  const balancerPort = await freePorts();
  const flags = [
    '--instances',
    String(cluster.instances.length),
    '--port',
    '1',
    '--balancer-port',
    String(balancerPort),
  ];
  const { status, stdout } = await headwater(['cluster', ...flags, '--print', program]);
  expect(status).toBe(0);
  const configuration = stdout
    .toString()
    .replace(/(?<=127\.0\.0\.1:)([123])(?=[ ;])/g, (index) => String(cluster.instances[Number(index) - 1]?.port));
  return BalancerProcess.start(program, configuration, balancerPort);
}

const connectionsOf = async (instance: ServerProcess): Promise<number> => (await healthOf(instance)).connections;

test.each(BALANCERS)(
  'behind %s clients are spread, go on when an instance ends, and come back to it',
  async (program) => {
    await using balancer = await startBalancer(program);
    const join = async (name: string): Promise<StockClient> => new StockClient(balancer.url, name).synced();
    await using one = await join(program);
    await using two = await join(program);
    const connections = await Promise.all(cluster.instances.map(connectionsOf));
    expect(connections.toSorted((a, b) => a - b)).toEqual([0, 1, 1]);
    one.doc.getMap('map').set('key', 'from one');
    await two.until(() => two.doc.getMap('map').get('key') === 'from one', 'the edit');

    const victim = cluster.instances[connections.indexOf(1)];
    if (victim === undefined) throw new Error('nobody is connected');
    const left = Promise.race([one.disconnected(), two.disconnected()]);
    await victim.kill9();
    await left;
    await Promise.all([one.synced(), two.synced()]);
    two.doc.getMap('map').set('key', 'from two');
    await one.until(() => one.doc.getMap('map').get('key') === 'from two', 'the edit');

    await victim.restart();
    await eventually(async () => {
      await using _ = await join('another');
      return (await connectionsOf(victim)) === 1;
    }, 'somebody to be at the instance that is back');
    expect([...one.closeCodes, ...two.closeCodes].filter((code) => code >= 4400)).toEqual([]);
  },
);

test('instances behind HAProxy are restarted one after the other while thirty clients edit: nothing saved is lost', async () => {
  const random = new Random(seedOf('rolling restart'));
  await using balancer = await startBalancer('haproxy');
  await using crowd = await Crowd.join(() => [balancer.url], random);
  crowd.edit();

  for (const instance of cluster.instances) {
    await crowd.edited(50);
    expect(await instance.stop()).toEqual({ status: 0, signal: null });
    await crowd.edited(50);
    await instance.restart();
  }

  await crowd.edited(50);
  await crowd.settle();
});
