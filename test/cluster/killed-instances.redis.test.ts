import { setTimeout as delay } from 'node:timers/promises';
import { LevelStore } from '@headwater/persistence';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { toDoc } from '../../server/src/cli/offline-store.ts';
import { eventually, seedOf } from '../faults/support.ts';
import { Random } from '../support/random.ts';
import type { ServerProcess } from '../support/server-process.ts';
import { IS_SOAK } from '../support/soak.ts';
import { Cluster } from './cluster.ts';
import { Crowd, DOCUMENTS } from './crowd.ts';
import { RelayedPair } from './relayed-pair.ts';
import { sameState } from './same-state.ts';
import { SavedWriter } from './saved-writer.ts';

const ROUNDS = IS_SOAK ? 40 : 2;
/** The fault itself, not a wait for something. */
const FROZEN_MS = 30_000;
const OWNER_FROZEN_MS = IS_SOAK ? 30_000 : 6_000;

let random: Random;
let cluster: Cluster;
let crowd: Crowd;

beforeAll(async () => {
  random = new Random(seedOf('killed instances'));
  cluster = await Cluster.start({ instances: 3 });
  crowd = await Crowd.join(cluster.places, random);
});
afterAll(async () => {
  await crowd?.[Symbol.asyncDispose]();
  await cluster?.[Symbol.asyncDispose]();
});

const aWhile = (): Promise<void> => crowd.edited(20 + random.below(150));

test('three instances show everybody the same', async () => {
  crowd.edit();
  await crowd.edited(300);
  await crowd.settle();
});

test('kill -9 of an instance that has not the store open loses nothing', async () => {
  for (let round = 0; round < ROUNDS; round++) {
    crowd.edit();
    await aWhile();
    const victim = random.pick(await cluster.others());
    await victim.kill9();
    await aWhile();
    await crowd.settle(); // the others need not wait for it
    crowd.edit();
    await victim.restart();
    await aWhile();
    await crowd.settle();
  }
});

test('kill -9 of the instance that has the store open loses nothing: another takes over', async () => {
  for (let round = 0; round < ROUNDS; round++) {
    crowd.edit();
    await aWhile();
    const victim = await cluster.owner();
    await victim.kill9();
    await aWhile();
    await crowd.settle();
    expect(await cluster.owner()).not.toBe(victim);
    crowd.edit();
    await victim.restart();
    await aWhile();
    await crowd.settle();
  }
});

test('kill -9 of two instances at once loses nothing', async () => {
  crowd.edit();
  await aWhile();
  const victims = [await cluster.owner(), random.pick(await cluster.others())];
  await Promise.all(victims.map((victim) => victim.kill9()));
  await aWhile();
  await Promise.all(victims.map((victim) => victim.restart()));
  await aWhile();
  await crowd.settle();
});

/** Stops an instance where it stands; meanwhile edits go on between the two others. */
async function standStill(stalled: ServerProcess, forMs: number, meanwhile?: () => Promise<void>): Promise<void> {
  crowd.edit();
  await aWhile();
  const [one = '', other = ''] = cluster.places().filter((place) => place !== stalled.url);
  await using pair = await RelayedPair.join(one, other);
  cluster.freeze(stalled);
  try {
    await pair.pass();
    await delay(forMs);
    await pair.pass();
    await meanwhile?.();
  } finally {
    cluster.thaw(stalled);
  }
  await aWhile();
  await crowd.settle();
}

test('an instance that stands still for half a minute hurts nobody, and catches up', async () => {
  await standStill(random.pick(await cluster.others()), FROZEN_MS);
});

test('while the instance with the store stands still, the others relay, call nothing saved, and lose nothing', async () => {
  const owner = await cluster.owner();
  const [place = ''] = cluster.places().filter((each) => each !== owner.url);
  await using writer = await SavedWriter.connect(place, 'withheld');
  const write = (word: string): void => writer.doc.getText('text').insert(0, word);
  write('before');
  await eventually(() => writer.unacknowledged === 0, 'what was written before to be called saved');

  await standStill(owner, OWNER_FROZEN_MS, async () => {
    write('meanwhile');
    await cluster.allAre('degraded');
    expect(writer.unacknowledged).toBe(1);
  });

  await eventually(() => writer.unacknowledged === 0, 'what was written meanwhile to be called saved');
});

test('what everybody sees in the end is what the store has', async () => {
  await crowd.settle();
  for (const instance of cluster.instances) {
    expect(await instance.stop()).toEqual({ status: 0, signal: null });
  }

  await using store = await LevelStore.open(cluster.data);
  for (const name of DOCUMENTS) expect(sameState(toDoc(await store.load(name)), crowd.document(name))).toBe(true);
});
