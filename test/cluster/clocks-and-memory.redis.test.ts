import { expect, test } from 'vitest';
import { healthOf, seedOf } from '../faults/support.ts';
import { Random } from '../support/random.ts';
import { Cluster } from './cluster.ts';
import { Crowd } from './crowd.ts';

const AHEAD_MS = 5 * 60 * 1_000;

/** Loaded before anything else, it makes a process believe that it is later. */
const later = `--import=data:text/javascript,${encodeURIComponent(`
  globalThis.Date = class extends Date {
    constructor(...given) { if (given.length === 0) super(Date.now()); else super(...given); }
    static now() { return super.now() + ${AHEAD_MS}; }
  };
`)}`;

test('instances whose clocks are five minutes apart show the same, also when the store moves from one to the other', async () => {
  const random = new Random(seedOf('clocks'));
  await using cluster = await Cluster.start({ instances: 1 });
  await cluster.add({ NODE_OPTIONS: later });
  await using crowd = await Crowd.join(cluster.places, random);
  crowd.edit();
  await crowd.edited(100);
  const owner = await cluster.owner();
  await owner.kill9();
  await crowd.edited(50);
  await owner.restart();
  await crowd.edited(50);
  await crowd.settle();
});

test('with a Redis that is full instances say so, relay, and find a new owner of the store; nothing is lost', async () => {
  const random = new Random(seedOf('full Redis'));
  await using cluster = await Cluster.start({
    instances: 2,
    redis: { flags: ['--maxmemory', '8mb', '--maxmemory-policy', 'noeviction'] },
  });
  await using crowd = await Crowd.join(cluster.places, random);
  crowd.edit();
  await crowd.edited(50);
  await cluster.redis.command('EVAL', FILL, '0');
  await cluster.allAre('degraded');
  for (const instance of cluster.instances) expect((await healthOf(instance)).reason).toContain('OOM');
  await crowd.edited(50);
  await crowd.settle();

  crowd.edit();
  const owner = await cluster.owner();
  await owner.kill9();
  await crowd.edited(50);
  await owner.restart();
  await crowd.edited(50);
  await crowd.settle();

  crowd.edit();
  await cluster.redis.command('EVAL', EMPTY, '0');
  await cluster.allAre('ok');
  await crowd.settle();
});

/** A script that began to write is not stopped by the limit. */
const FILL = `for index = 1, 200 do redis.call('SET', 'filling:' .. index, string.rep('x', 65536)) end`;
const EMPTY = `for _, key in ipairs(redis.call('KEYS', 'filling:*')) do redis.call('DEL', key) end`;
