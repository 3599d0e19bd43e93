import { afterAll, beforeAll, test } from 'vitest';
import { seedOf } from '../faults/support.ts';
import { Random } from '../support/random.ts';
import { IS_SOAK } from '../support/soak.ts';
import type { TcpProxy } from '../support/tcp-proxy.ts';
import { Cluster } from './cluster.ts';
import { Crowd } from './crowd.ts';
import { NETWORK_FAULTS, type NetworkFault } from './network-faults.ts';
import { StoreRoad } from './store-road.ts';

const ROUNDS = IS_SOAK ? 20 : 1;

let random: Random;
let cluster: Cluster;
let road: StoreRoad;
let crowd: Crowd;

beforeAll(async () => {
  random = new Random(seedOf('networks'));
  cluster = await Cluster.start({ instances: 3, redisThroughProxies: true });
  road = await StoreRoad.build(cluster);
  crowd = await Crowd.join(cluster.places, random);
});
afterAll(async () => {
  await crowd?.[Symbol.asyncDispose]();
  await road?.[Symbol.asyncDispose]();
  await cluster?.[Symbol.asyncDispose]();
});

const aWhile = (): Promise<void> => crowd.edited(20 + random.below(100));

async function again(proxyOf: () => TcpProxy, fault: NetworkFault): Promise<void> {
  for (let round = 0; round < ROUNDS; round++) {
    crowd.edit();
    await aWhile();
    await fault(proxyOf(), crowd);
    await aWhile();
    await crowd.settle();
  }
}

test.each(NETWORK_FAULTS)('the way from an instance to Redis %s, and nothing is lost', async (_, fault) => {
  await again(() => random.pick(cluster.proxies), fault);
});

test.each(NETWORK_FAULTS)('the way from an instance to the store %s, and nothing is lost', async (_, fault) => {
  road = await road.repaired(cluster);
  await again(() => road.proxy, fault);
});
