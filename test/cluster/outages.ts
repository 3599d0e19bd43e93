import { setTimeout as delay } from 'node:timers/promises';
import type { Random } from '../support/random.ts';
import type { ServerProcess } from '../support/server-process.ts';
import type { TcpProxy } from '../support/tcp-proxy.ts';
import type { Cluster } from './cluster.ts';
import type { Crowd } from './crowd.ts';
import { NETWORK_FAULTS } from './network-faults.ts';
import { disconnectAll, trimAll } from './redis-faults.ts';
import type { StoreRoad } from './store-road.ts';

/** What an outage happens to. */
export interface Scene {
  readonly cluster: Cluster;
  readonly road: StoreRoad;
  readonly crowd: Crowd;
  readonly random: Random;
}

/** Something goes wrong, and is over in the end. */
export interface Outage {
  readonly what: string;
  readonly happen: (scene: Scene) => Promise<void>;
}

/** The faults themselves, not waits for something. */
const REDIS_FROZEN_MS = 5_000;
const INSTANCE_FROZEN_MS = 4_000;

const aWhile = ({ crowd, random }: Scene): Promise<void> => crowd.edited(20 + random.below(150));

async function killAndRestart(scene: Scene, victim: ServerProcess): Promise<void> {
  await victim.kill9();
  await aWhile(scene);
  await victim.restart();
}

const ofRedis: readonly Outage[] = [
  {
    what: 'Redis is frozen',
    happen: async ({ cluster }) => {
      cluster.redis.pause();
      await delay(REDIS_FROZEN_MS);
      cluster.redis.resume();
    },
  },
  {
    what: 'Redis is killed, and comes back empty',
    happen: async (scene) => {
      await scene.cluster.redis.kill9();
      await aWhile(scene);
      await scene.cluster.redis.restart();
    },
  },
  { what: 'FLUSHALL', happen: async ({ cluster }) => void (await cluster.redis.command('FLUSHALL')) },
  { what: 'XTRIM of every stream', happen: ({ cluster }) => trimAll(cluster.redis) },
  { what: 'CLIENT KILL of every connection', happen: ({ cluster }) => disconnectAll(cluster.redis) },
];

const ofInstances: readonly Outage[] = [
  {
    what: 'the instance with the store is killed',
    happen: async (scene) => killAndRestart(scene, await scene.cluster.owner()),
  },
  {
    what: 'an instance without the store is killed',
    happen: async (scene) => killAndRestart(scene, scene.random.pick(await scene.cluster.others())),
  },
  {
    what: 'an instance is frozen',
    happen: async ({ cluster, random }) => {
      const frozen = random.pick(cluster.instances);
      cluster.freeze(frozen);
      await delay(INSTANCE_FROZEN_MS);
      cluster.thaw(frozen);
    },
  },
];

const ofNetworks = (way: string, proxyOf: (scene: Scene) => TcpProxy): readonly Outage[] =>
  NETWORK_FAULTS.map(([what, fault]) => ({
    what: `the way to ${way} ${what}`,
    happen: (scene) => fault(proxyOf(scene), scene.crowd),
  }));

/** All that may go wrong, by the part that it happens to: what happens to several parts may happen at the same time. */
const PARTS: readonly (readonly Outage[])[] = [
  ofRedis,
  ofInstances,
  ofNetworks('Redis', ({ cluster, random }) => random.pick(cluster.proxies)),
  ofNetworks('the store', ({ road }) => road.proxy),
];

/** Some outages that may happen at once: one in two rounds it is a single one. */
export function someOutages(random: Random): readonly Outage[] {
  const parts = random.shuffled(PARTS);
  return parts.slice(0, random.chance(50) ? 1 : 2 + random.below(PARTS.length - 1)).map((part) => random.pick(part));
}
