import { MemoryStore } from '@headwater/persistence';
import { createServer } from '@headwater/server';
import { expect, test } from 'vitest';
import { RawClient } from '../support/raw-client.ts';
import { StockClient } from '../support/stock-client.ts';
import { awarenessFrame, syncStep1 } from '../support/wire.ts';
import { ControlledStore } from './controlled-store.ts';

const KEEP_ALIVE = [1, 1, 0];
const HEARTBEAT_MS = 100;

async function open(store = new MemoryStore()) {
  const server = await createServer({ port: 0, store, heartbeatIntervalMs: HEARTBEAT_MS });
  const { port } = await server.listen();
  return { url: `ws://127.0.0.1:${port}`, [Symbol.asyncDispose]: () => server.close() };
}

test('a client that says nothing but answers pings stays, and gets a message about nobody to stay for', async () => {
  await using house = await open();
  await using client = await RawClient.connect(`${house.url}/doc`);

  for (let i = 0; i < 4; i++) {
    const message = await client.next(([type]) => type === 1);
    expect([...message]).toEqual(KEEP_ALIVE);
  }

  expect(client.socket.readyState).toBe(client.socket.OPEN);
});

test('a stock client counts it as a sign of life', async () => {
  await using house = await open();
  await using client = await new StockClient(house.url, 'doc').synced();
  const syncedAt = client.provider.wsLastMessageReceived;

  await new Promise<void>((resolve) => {
    client.provider.ws?.addEventListener('message', () => resolve(), { once: true });
  });

  expect(client.provider.wsLastMessageReceived).toBeGreaterThan(syncedAt);
  expect(client.awareness.getStates().size).toBe(1);
});

test('a client that answers no pings is gone within two heartbeats, and with it its awareness for the others', async () => {
  await using house = await open();
  await using witness = await RawClient.connect(`${house.url}/doc`);
  witness.send(syncStep1());
  await using silent = await RawClient.connect(`${house.url}/doc`, { autoPong: false });
  silent.send(awarenessFrame([{ clientId: 5, clock: 1, state: { name: 'silent' } }]));
  const startMs = performance.now();
  await witness.next((message) => message[0] === 1 && message.length > KEEP_ALIVE.length);

  const { code } = await silent.closed;
  const tookMs = performance.now() - startMs;
  const gone = await witness.next((message) => message[0] === 1 && message.length > KEEP_ALIVE.length);

  expect(code).toBe(1006); // cut, not closed: nobody would answer
  expect([...gone]).toEqual([...awarenessFrame([{ clientId: 5, clock: 1, state: null }])]);
  // Two heartbeats, and as much again for a busy machine.
  expect(tookMs).toBeGreaterThan(HEARTBEAT_MS);
  expect(tookMs).toBeLessThan(4 * HEARTBEAT_MS);
  expect(witness.socket.readyState).toBe(witness.socket.OPEN);
});

test('a client whose frames are not read because the store is behind is not taken for gone', async () => {
  const store = new ControlledStore();
  await using server = await createServer({ port: 0, store, heartbeatIntervalMs: HEARTBEAT_MS, maxUnsavedBytes: 1 });
  const { port } = await server.listen();
  await using client = await RawClient.connect(`ws://127.0.0.1:${port}/doc`);
  await client.next();
  store.health = { status: 'degraded', unsavedBytes: 2 };
  client.send(syncStep1());

  for (let i = 0; i < 4; i++) await client.next(([type]) => type === 1);

  expect(client.socket.readyState).toBe(client.socket.OPEN);
  store.health = { status: 'ok', unsavedBytes: 0 };
  expect([...(await client.next(([type]) => type === 0))]).toEqual([0, 1, 2, 0, 0]);
});
