import { MemoryStore } from '@headwater/persistence';
import { createServer } from '@headwater/server';
import { expect, test, vi } from 'vitest';
import { SILENT_LOGGER } from '../../server/src/logging/logger.ts';
import { RedisConnections } from '../../server/src/relay/redis-connections.ts';
import { RedisRelay } from '../../server/src/relay/redis-relay.ts';
import { STREAM_WINDOW_MS } from '../../server/src/relay/redis-streams.ts';
import { HeardBy, written } from '../contracts/relay.ts';
import { RedisServer } from '../support/redis-server.ts';
import { IS_SOAK } from '../support/soak.ts';

const DOCUMENTS = 10_000;
/** Whole ones, which are also loaded, stored and compacted: that takes its time. */
const HOSTED_DOCUMENTS = IS_SOAK ? DOCUMENTS : 500;
/** So many are open at a time. */
const AT_ONCE = 500;

/** How many keys are there for longer than some milliseconds, or for ever. */
const LASTING = `local lasting = 0
for _, key in ipairs(redis.call('KEYS', '*')) do
  local left = redis.call('PTTL', key)
  if left < 0 or left > tonumber(ARGV[1]) then lasting = lasting + 1 end
end
return lasting`;

/** Waits until nobody listens for documents and all of them were kept; gives how many keys will be there after the window. */
async function lastingKeys(redis: RedisServer, documents: number): Promise<number> {
  await vi.waitFor(async () => expect(await redis.command('PUBSUB', 'CHANNELS')).toBe('headwater:instances'));
  await vi.waitFor(async () => expect(await redis.command('DBSIZE')).toBe(`${documents}`));
  return Number(await redis.command('EVAL', LASTING, '0', `${STREAM_WINDOW_MS}`));
}

test('of ten thousand documents that were edited once nothing stays in Redis', async () => {
  await using redis = await RedisServer.start();
  const connections = new RedisConnections(redis.url, SILENT_LOGGER);
  const relay = await RedisRelay.open({ connections, prefix: 'headwater:', logger: SILENT_LOGGER });
  await relay.join();

  for (let at = 0; at < DOCUMENTS; at += AT_ONCE) {
    const names = Array.from({ length: AT_ONCE }, (_, index) => `document ${at + index}`);
    const channels = names.map((name) => relay.attach(name, new HeardBy()));
    await Promise.all(channels.map(({ whenListening }) => whenListening));
    for (const channel of channels) channel.publish(written(1, 7));
    for (const channel of channels) channel.detach();
  }

  expect(await lastingKeys(redis, DOCUMENTS)).toBe(0);
  await relay.close();
});

test('documents that nobody has open any more are in no memory of an instance', async () => {
  await using redis = await RedisServer.start();
  await using server = await createServer({ port: 0, store: new MemoryStore(), redis: redis.url, unloadAfterMs: 0 });

  for (let at = 0; at < HOSTED_DOCUMENTS; at += AT_ONCE) {
    const names = Array.from({ length: AT_ONCE }, (_, index) => `document ${at + index}`);
    const opened = await Promise.all(names.map((name) => server.open(name)));
    for (const { document } of opened) document.getText('text').insert(0, 'once');
    await Promise.all(opened.map((each) => each.close()));
  }

  await vi.waitFor(() => expect(server.health.documents).toBe(0), { timeout: 60_000 });
  expect(await lastingKeys(redis, HOSTED_DOCUMENTS)).toBe(0);
});
