import { test } from 'vitest';
import { seedOf } from '../faults/support.ts';
import { Random } from '../support/random.ts';
import { IS_SOAK } from '../support/soak.ts';
import { Cluster } from './cluster.ts';
import { Crowd } from './crowd.ts';
import { someOutages } from './outages.ts';
import { StoreRoad } from './store-road.ts';

/** Every outage has a test of its own elsewhere; here they meet. A round takes six seconds, more or less. */
const ROUNDS = IS_SOAK ? 300 : 1;

test.each(IS_SOAK ? [2, 3] : [2])(
  'whatever fails of %i instances and what they need, at whatever moment, nothing is lost',
  async (instances) => {
    const random = new Random(seedOf(`random outages of ${instances} instances`));
    await using cluster = await Cluster.start({ instances, redisThroughProxies: true });
    let road = await StoreRoad.build(cluster);
    await using crowd = await Crowd.join(cluster.places, random);
    try {
      for (let round = 1; round <= ROUNDS; round++) {
        road = await road.repaired(cluster);
        const outages = someOutages(random);
        const story = `round ${round}: ${outages.map(({ what }) => what).join('; ')}`;
        if (IS_SOAK) process.stdout.write(`${story}\n`);
        try {
          crowd.edit();
          await Promise.all(
            outages.map(async ({ happen }) => {
              await crowd.edited(random.below(150));
              await happen({ cluster, road, crowd, random });
            }),
          );
          await crowd.edited(random.below(150));
          await crowd.settle();
        } catch (error) {
          throw new Error(story, { cause: error });
        }
      }
    } finally {
      await road[Symbol.asyncDispose]();
    }
  },
);
