import { MemoryStore } from '@headwater/persistence';
import { createServer } from '@headwater/server';
import { expect, test, vi } from 'vitest';
import { RedisServer } from '../../support/redis-server.ts';
import { TempDir } from '../../support/temp-dir.ts';

/** A Redis that was lost is back, and everybody has noticed, within this. */
const RECOVERY = { timeout: 10_000, interval: 20 };

/** Keeps what is said about Redis, above the level of debugging. */
function listen() {
  const said: string[] = [];
  const reasons: unknown[] = [];
  const hear = (fields: object, message: string): void => {
    if (!('redis' in fields)) return;
    said.push(`${message.split(',')[0]} (${String(fields.redis)})`);
    if ('err' in fields) reasons.push(fields.err);
  };
  return { said, reasons, logger: { debug: () => {}, info: hear, warn: hear, error: hear } };
}

test('an instance says once that Redis is lost, whatever it has connected to it, and once that it is back', async () => {
  await using redis = await RedisServer.start();
  await using data = await TempDir.create();
  const { said, logger } = listen();
  await using server = await createServer({ port: 0, data: data.path, redis: redis.url, logger });
  expect(await redis.command('CLIENT', 'LIST')).toMatch(
    /headwater-owner.*headwater-relay|headwater-relay.*headwater-owner/s,
  );
  expect(said).toEqual([]);

  await redis.kill9();
  await vi.waitFor(() => expect(server.health.status).toBe('degraded'), RECOVERY);
  await redis.restart();
  await vi.waitFor(() => expect(said).toHaveLength(2), RECOVERY);

  const where = `127.0.0.1:${redis.port}`;
  expect(said).toEqual([`Redis is away (${where})`, `Redis is there (${where})`]);
});

test('an instance that finds no Redis at its start says so once, and that it is there when it is', async () => {
  await using redis = await RedisServer.start();
  await redis.kill9();
  const { said, reasons, logger } = listen();

  await using server = await createServer({ port: 0, store: new MemoryStore(), redis: redis.url, logger });
  const where = `127.0.0.1:${redis.port}`;
  expect(said).toEqual([`Redis is away (${where})`]);
  expect(reasons).toMatchObject([{ code: 'ECONNREFUSED' }]);
  await redis.restart();
  await vi.waitFor(() => expect(server.health.status).toBe('ok'), RECOVERY);

  expect(said).toEqual([`Redis is away (${where})`, `Redis is there (${where})`]);
});
