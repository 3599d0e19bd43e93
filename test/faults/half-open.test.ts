import { once } from 'node:events';
import { expect, test } from 'vitest';
import { RawClient } from '../support/raw-client.ts';
import { ServerProcess } from '../support/server-process.ts';
import { StockClient } from '../support/stock-client.ts';
import { TcpProxy } from '../support/tcp-proxy.ts';
import { awarenessFrame } from '../support/wire.ts';
import { eventually, healthOf } from './support.ts';

const HEARTBEAT_MS = 500;
/** Two heartbeats, and what a busy machine may take to tell us. */
const GONE_WITHIN_MS = 2 * HEARTBEAT_MS + 1_500;
const FLAGS = ['--heartbeat-interval-ms', String(HEARTBEAT_MS)];

test('a connection that answers nothing any more is gone within two heartbeats, and its presence with it', async () => {
  await using server = await ServerProcess.start({ flags: FLAGS });
  await using proxy = await TcpProxy.start(server.port);
  await using watcher = await new StockClient(server.url, 'doc').synced();
  await using lost = await new StockClient(proxy.url, 'doc').synced();
  lost.awareness.setLocalState({ name: 'lost' });
  await watcher.until(() => watcher.awareness.getStates().has(lost.doc.clientID), 'the presence');

  lost.provider.shouldConnect = false;
  proxy.fallSilent();

  await watcher.until(
    () => !watcher.awareness.getStates().has(lost.doc.clientID),
    'the presence of the lost client to go',
    GONE_WITHIN_MS,
  );
  await eventually(async () => (await healthOf(server)).connections === 1, 'the connection to go', GONE_WITHIN_MS);
  expect(watcher.closeCodes).toEqual([]);
});

test('a connection that answers pings and says nothing else stays', async () => {
  await using server = await ServerProcess.start({ flags: ['--heartbeat-interval-ms', '50'] });
  await using quiet = await RawClient.connect(`${server.url}/doc`);
  for (let pings = 0; pings < 10; pings++) await once(quiet.socket, 'ping', { signal: AbortSignal.timeout(10_000) });
  expect((await healthOf(server)).connections).toBe(1);
});

test('the presence of a client lost while its document is busy goes just as fast', async () => {
  await using server = await ServerProcess.start({ flags: FLAGS });
  await using proxy = await TcpProxy.start(server.port);
  await using writer = await new StockClient(server.url, 'doc').synced();
  await using watcher = await new StockClient(server.url, 'doc').synced();
  // A raw client behind the proxy, its socket paused: the server's bytes fill the way to it and then wait in the server.
  await using lost = await RawClient.connect(`${proxy.url}/doc`);
  lost.send(awarenessFrame([{ clientId: 4711, clock: 1, state: { name: 'lost' } }]));
  await watcher.until(() => watcher.awareness.getStates().has(4711), 'the presence');

  proxy.fallSilent();
  const text = writer.doc.getText('text');
  const busy = setInterval(() => text.insert(0, 'x'.repeat(20_000)), 5);
  try {
    await watcher.until(() => !watcher.awareness.getStates().has(4711), 'the presence to go', GONE_WITHIN_MS);
  } finally {
    clearInterval(busy);
  }
  await watcher.until(() => watcher.doc.getText('text').length === text.length, 'every edit to arrive');
  expect([...writer.closeCodes, ...watcher.closeCodes]).toEqual([]);
});

test('a client lost with megabytes on their way to it loses its presence, and its connection once nothing moves', async () => {
  const flags = [...FLAGS, '--stalled-socket-timeout-ms', '1000', '--max-queued-bytes', '256KiB'];
  await using server = await ServerProcess.start({ flags });
  await using writer = await new StockClient(server.url, 'doc').synced();
  await using watcher = await new StockClient(server.url, 'doc').synced();
  await using lost = await RawClient.connect(`${server.url}/doc`);
  lost.send(Uint8Array.of(0, 0, 1, 0));
  lost.send(awarenessFrame([{ clientId: 4711, clock: 1, state: { name: 'lost' } }]));
  await watcher.until(() => watcher.awareness.getStates().has(4711), 'the presence');

  lost.socket.pause();
  const text = writer.doc.getText('text');
  const busy = setInterval(() => text.insert(0, 'x'.repeat(200_000)), 10);
  try {
    await watcher.until(() => !watcher.awareness.getStates().has(4711), 'the presence to go');
    await eventually(async () => (await healthOf(server)).connections === 2, 'the connection to go');
  } finally {
    clearInterval(busy);
  }
  expect([...writer.closeCodes, ...watcher.closeCodes]).toEqual([]);
});
