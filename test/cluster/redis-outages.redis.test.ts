import { setTimeout as delay } from 'node:timers/promises';
import { afterAll, beforeAll, test } from 'vitest';
import { eventually, seedOf } from '../faults/support.ts';
import { Random } from '../support/random.ts';
import { IS_SOAK } from '../support/soak.ts';
import { Cluster } from './cluster.ts';
import { Crowd } from './crowd.ts';
import { disconnectAll, trimAll } from './redis-faults.ts';
import { SavedWriter } from './saved-writer.ts';

const ROUNDS = IS_SOAK ? 40 : 2;
/** The fault itself, not a wait for something. */
const FROZEN_MS = 5_000;

let random: Random;
let cluster: Cluster;
let crowd: Crowd;

beforeAll(async () => {
  random = new Random(seedOf('Redis outages'));
  cluster = await Cluster.start({ instances: 2 });
  crowd = await Crowd.join(cluster.places, random);
});
afterAll(async () => {
  await crowd?.[Symbol.asyncDispose]();
  await cluster?.[Symbol.asyncDispose]();
});

const aWhile = (): Promise<void> => crowd.edited(20 + random.below(100));

/** Every instance saves an edit of a client of its own. */
async function allSave(): Promise<void> {
  for (const place of cluster.places()) {
    await using writer = await SavedWriter.connect(place, 'saved');
    writer.doc.getMap('marks').set(`${writer.doc.clientID}`, true);
    await eventually(() => writer.unacknowledged === 0, `${place} to save an edit`);
  }
}

/** Does something to Redis again and again while everybody edits; after each time all agree. */
async function again(fault: () => Promise<unknown>): Promise<void> {
  for (let round = 0; round < ROUNDS; round++) {
    crowd.edit();
    await aWhile();
    await fault();
    await aWhile();
    await crowd.settle();
  }
}

test('while Redis is silent every instance saves edits and says that it is degraded; then all agree', async () => {
  crowd.edit();
  await aWhile();
  cluster.redis.pause();
  await delay(FROZEN_MS);
  await cluster.allAre('degraded');
  await allSave();
  cluster.redis.resume();
  await aWhile();
  await crowd.settle();
  await cluster.allAre('ok');
});

test('while Redis is gone every instance saves edits; an empty one in its place is enough', async () => {
  await again(async () => {
    await cluster.redis.kill9();
    await cluster.allAre('degraded');
    await allSave();
    await aWhile();
    await cluster.redis.restart();
  });
  await cluster.allAre('ok');
});

test('FLUSHALL loses nothing', async () => {
  await again(() => cluster.redis.command('FLUSHALL'));
});

test('streams that are trimmed to nothing lose nothing', async () => {
  await again(() => trimAll(cluster.redis));
});

test('CLIENT KILL of every connection loses nothing', async () => {
  await again(() => disconnectAll(cluster.redis));
});
