import { MemoryStore } from '@headwater/persistence';
import { createServer, type HeadwaterServer } from '@headwater/server';
import { expect, test, vi } from 'vitest';
import { RedisServer } from '../../support/redis-server.ts';
import { StockClient } from '../../support/stock-client.ts';
import { ControlledStore } from '../controlled-store.ts';

/** A Redis that was lost is back, and everybody has noticed, within this. */
const RECOVERY = { timeout: 10_000, interval: 20 };

/** Whether a client has what was written on both sides. */
function isWhole(client: StockClient): boolean {
  return /^(herethere|therehere)$/.test(client.doc.getText('text').toString());
}

/** Two servers around one store and one Redis, and somebody at each of them in the same document. */
class TwoServers implements AsyncDisposable {
  readonly redis: RedisServer;
  readonly servers: readonly HeadwaterServer[];
  readonly ports: readonly number[];
  readonly ada: StockClient;
  readonly grace: StockClient;

  private constructor(redis: RedisServer, servers: readonly HeadwaterServer[], ports: readonly number[]) {
    this.redis = redis;
    this.servers = servers;
    this.ports = ports;
    const [ada, grace] = ports.map((port) => new StockClient(`ws://127.0.0.1:${port}`, 'notes'));
    if (ada === undefined || grace === undefined) throw new Error('two servers are needed');
    this.ada = ada;
    this.grace = grace;
  }

  static async open(): Promise<TwoServers> {
    const redis = await RedisServer.start();
    const store = new MemoryStore();
    const options = { port: 0, redis: redis.url };
    const servers = [
      await createServer({ ...options, store: new ControlledStore(store) }),
      await createServer({ ...options, store: new ControlledStore(store) }),
    ];
    const addresses = await Promise.all(servers.map((server) => server.listen()));
    const two = new TwoServers(
      redis,
      servers,
      addresses.map(({ port }) => port),
    );
    await Promise.all([two.ada.synced(), two.grace.synced()]);
    return two;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await Promise.all([this.ada[Symbol.asyncDispose](), this.grace[Symbol.asyncDispose]()]);
    await Promise.all(this.servers.map((server) => server.close()));
    await this.redis[Symbol.asyncDispose]();
  }
}

test('clients of two servers edit one document, and see each other', async () => {
  await using two = await TwoServers.open();
  const { ada, grace } = two;

  ada.doc.getText('text').insert(0, 'hello');
  await grace.until(() => grace.doc.getText('text').toString() === 'hello');
  grace.doc.getText('text').insert(5, ' world');
  await ada.until(() => ada.doc.getText('text').toString() === 'hello world');

  ada.awareness.setLocalStateField('name', 'Ada');
  await grace.until(() => grace.awareness.getStates().get(ada.doc.clientID)?.['name'] === 'Ada');
  ada.provider.disconnect();
  await grace.until(() => !grace.awareness.getStates().has(ada.doc.clientID));
  expect(two.servers.map(({ health }) => health)).toMatchObject([
    { status: 'ok', instances: 1 },
    { status: 'ok', instances: 1 },
  ]);
});

test('a server that stops takes its presence along at once', async () => {
  await using two = await TwoServers.open();
  const { ada, grace, servers } = two;
  ada.awareness.setLocalStateField('name', 'Ada');
  await grace.until(() => grace.awareness.getStates().has(ada.doc.clientID));

  ada.provider.shouldConnect = false;
  await servers[0]?.close();

  await grace.until(() => !grace.awareness.getStates().has(ada.doc.clientID));
  await vi.waitFor(() => expect(servers[1]?.health.instances).toBe(0));
});

test('while Redis is away each server serves its own clients; when it is back they have everything', async () => {
  await using two = await TwoServers.open();
  const { ada, grace, redis, servers } = two;

  await redis.kill9();
  for (const server of servers) await vi.waitFor(() => expect(server.health.status).toBe('degraded'), RECOVERY);
  ada.doc.getText('text').insert(0, 'here');
  grace.doc.getText('text').insert(0, 'there');
  await using neighbour = await new StockClient(`ws://127.0.0.1:${two.ports[0]}`, 'notes').synced();
  await neighbour.until(() => neighbour.doc.getText('text').toString().includes('here'));
  await redis.restart();

  await Promise.all([ada, grace].map((client) => client.until(() => isWhole(client), 'everything', RECOVERY.timeout)));
  for (const server of servers) await vi.waitFor(() => expect(server.health.status).toBe('ok'), RECOVERY);
});

test('a server is not started with a Redis that refuses it', async () => {
  await using redis = await RedisServer.start({ password: 'open sesame' });

  const refused = createServer({ port: 0, store: new MemoryStore(), redis: `redis://127.0.0.1:${redis.port}` });

  await expect(refused).rejects.toMatchObject({ code: 'HW_REDIS_REFUSED' });
});
