import { connect } from 'node:net';
import { text } from 'node:stream/consumers';
import { HeadwaterError } from '@headwater/protocol';
import { createServer } from '@headwater/server';
import { expect, test } from 'vitest';
import { createHttpApp, type Health } from '../../server/src/http/http-app.ts';
import { RawClient } from '../support/raw-client.ts';
import { ControlledStore } from './controlled-store.ts';

const OK: Health = { status: 'ok', documents: 2, connections: 3, unsavedBytes: 4 };

test.each([
  [OK, 200],
  [{ ...OK, status: 'degraded', reason: 'disk full' }, 200],
  [{ ...OK, status: 'stopping' }, 503],
] as const)('/health says %j with status %i', async (health, status) => {
  const response = await createHttpApp(() => health).request('/health');

  expect(response.status).toBe(status);
  expect(await response.json()).toEqual(health);
});

test('any other path says what this is', async () => {
  const response = await createHttpApp(() => OK).request('/');

  expect(response.status).toBe(404);
  expect(await response.text()).toMatch(/Headwater.*\/health\n$/);
});

test('a server counts its documents, its connections and what is not durable, and names what is wrong with the store', async () => {
  const store = new ControlledStore();
  await using server = await createServer({ port: 0, store });
  const { port } = await server.listen();
  await using one = await RawClient.connect(`ws://127.0.0.1:${port}/a`);
  await using two = await RawClient.connect(`ws://127.0.0.1:${port}/a`);
  await using three = await RawClient.connect(`ws://127.0.0.1:${port}/b`);
  for (const client of [one, two, three]) await client.next();
  store.health = {
    status: 'degraded',
    error: new HeadwaterError('HW_STORE_WRITE_FAILED', 'no space left on device'),
    unsavedBytes: 1_000,
  };

  const response = await fetch(`http://127.0.0.1:${port}/health`);

  expect(await response.json()).toEqual({
    status: 'degraded',
    reason: 'no space left on device',
    documents: 2,
    connections: 3,
    unsavedBytes: 1_000,
  });
});

test('a load balancer may ask in HTTP/1.0, which names no host', async () => {
  await using server = await createServer({ port: 0, store: new ControlledStore() });
  const { port } = await server.listen();
  const socket = connect(port, '127.0.0.1', () => socket.write('GET /health HTTP/1.0\r\n\r\n'));

  expect(await text(socket)).toMatch(/^HTTP\/1\.1 200 OK\r\n/);
});
