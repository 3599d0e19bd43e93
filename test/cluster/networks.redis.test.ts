import { afterAll, beforeAll, test } from 'vitest';
import { seedOf } from '../faults/support.ts';
import { Random } from '../support/random.ts';
import { IS_SOAK } from '../support/soak.ts';
import type { TcpProxy } from '../support/tcp-proxy.ts';
import { Cluster } from './cluster.ts';
import { Crowd } from './crowd.ts';
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

async function again(proxyOf: () => TcpProxy, fault: (proxy: TcpProxy) => Promise<void>): Promise<void> {
  for (let round = 0; round < ROUNDS; round++) {
    crowd.edit();
    await aWhile();
    await fault(proxyOf());
    await aWhile();
    await crowd.settle();
  }
}

const FAULTS: readonly (readonly [string, (proxy: TcpProxy) => Promise<void>])[] = [
  [
    'is slow',
    async (proxy) => {
      proxy.delayMs = 200;
      await aWhile();
      proxy.delayMs = 0;
    },
  ],
  [
    'is cut again and again',
    async (proxy) => {
      for (let cut = 0; cut < 4; cut++) {
        proxy.cut();
        await crowd.edited(20);
      }
    },
  ],
  [
    'is gone for a while',
    async (proxy) => {
      proxy.beUnreachable();
      await aWhile();
      proxy.beReachable();
    },
  ],
  [
    'is open at this end only',
    async (proxy) => {
      proxy.fallSilent();
      await aWhile();
    },
  ],
];

test.each(FAULTS)('the way from an instance to Redis %s, and nothing is lost', async (_, fault) => {
  await again(() => random.pick(cluster.proxies), fault);
});

test.each(FAULTS)('the way from an instance to the store %s, and nothing is lost', async (_, fault) => {
  await again(() => road.proxy, fault);
});
