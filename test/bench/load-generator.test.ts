import { mkdtemp } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, expect, test } from 'vitest';
import type { RunningServer } from '../../bench/src/contestants/contestant.ts';
import { batchingRelay, headwater, textbookServer, wsRelay } from '../../bench/src/contestants/contestants.ts';
import { proveConvergence } from '../../bench/src/contestants/proof.ts';
import { feed } from '../../bench/src/documents/feed.ts';
import { fetchDocument } from '../../bench/src/documents/fetch.ts';
import { LoadProcess } from '../../bench/src/load/load-process.ts';
import { OwnWords, ROOT_NAME } from '../../bench/src/load/typing.ts';

const running: (RunningServer | LoadProcess)[] = [];
afterEach(async () => {
  for (const each of running.splice(0)) await each.close();
});

for (const contestant of [wsRelay, batchingRelay, textbookServer]) {
  test(`${contestant.name}: stock clients converge, and everything sent reaches everyone exactly once`, async () => {
    const server = await contestant.start(tmpdir());
    const load = await LoadProcess.open();
    running.push(load, server);

    await proveConvergence(server);
    const result = await load.run({
      kind: 'traffic',
      port: server.port,
      serverPid: server.pid,
      path: '/smoke',
      clients: 6,
      writers: 3,
      ratePerSecond: 200,
      warmupMs: 200,
      windowMs: 1000,
      drainTimeoutMs: 5000,
      latencyReceivers: 6,
      firstClientId: 1_000_000,
    });

    expect(result).toMatchObject({ sent: 200, missing: 0, gaps: 0, lost: 0 });
    expect(result.latencyMs.count).toBe(200 * 6);
  });
}

test("the load generator and the proof speak Hocuspocus' dialect as its provider does", async () => {
  const started = await headwater.start(await mkdtemp(join(tmpdir(), 'headwater-bench-')));
  const server: RunningServer = { ...started, dialect: 'hocuspocus' };
  const load = await LoadProcess.open();
  running.push(load, server);

  await proveConvergence(server);
  await feed(server, 'fed', [new OwnWords().type({ client: 1, clock: 0 })]);
  const doc = await fetchDocument(server, 'fed');
  const result = await load.run({
    kind: 'traffic',
    port: server.port,
    dialect: server.dialect,
    serverPid: server.pid,
    path: '/smoke',
    clients: 4,
    writers: 2,
    ratePerSecond: 200,
    warmupMs: 100,
    windowMs: 500,
    drainTimeoutMs: 5000,
    latencyReceivers: 4,
    firstClientId: 1_000_000,
  });

  expect(doc.getText(ROOT_NAME).toJSON()).toBe('a');
  expect(result).toMatchObject({ sent: 100, missing: 0, gaps: 0, lost: 0 });
  doc.destroy();
});

test('presence counts as delivered to all others once a newer state has come', async () => {
  const server = await headwater.start(await mkdtemp(join(tmpdir(), 'headwater-bench-')));
  const load = await LoadProcess.open();
  running.push(load, server);

  const result = await load.run({
    kind: 'traffic',
    traffic: 'presence',
    port: server.port,
    serverPid: server.pid,
    path: '/presence',
    clients: 5,
    writers: 5,
    ratePerSecond: 500,
    warmupMs: 100,
    windowMs: 400,
    drainTimeoutMs: 5000,
    latencyReceivers: 5,
    firstClientId: 1_000_000,
  });

  expect(result).toMatchObject({ sent: 200, missing: 0, gaps: 0, lost: 0 });
  expect(result.latencyMs.count).toBe(200 * 4);
});

test('a closed loop delivers everything it sent, over several documents', async () => {
  const server = await batchingRelay.start(tmpdir());
  const load = await LoadProcess.open();
  running.push(load, server);

  const result = await load.run({
    kind: 'saturate',
    port: server.port,
    serverPid: server.pid,
    paths: ['/one', '/two'],
    clientsPerDocument: 3,
    writersPerDocument: 2,
    inFlightPerWriter: 8,
    warmupMs: 100,
    windowMs: 300,
    drainTimeoutMs: 5000,
    latencyReceivers: 2,
    firstClientId: 1_000_000,
  });

  expect(result.sentInAll).toBeGreaterThan(100);
  expect(result).toMatchObject({ missing: 0, gaps: 0, lost: 0 });
});

test('a day ends with everything delivered, and has weighed the disk every hour', async () => {
  const dataDirectory = await mkdtemp(join(tmpdir(), 'headwater-bench-'));
  const server = await headwater.start(dataDirectory);
  const load = await LoadProcess.open();
  running.push(load, server);

  const result = await load.run({
    kind: 'day',
    port: server.port,
    serverPid: server.pid,
    dataDirectory,
    paths: ['/one', '/two'],
    readersPerDocument: 1,
    sessionFile: 'no such trace',
    edits: 200,
    hours: 4,
    hourMs: 150,
    drainTimeoutMs: 5000,
    firstClientId: 1_000_000,
  });

  expect(result).toMatchObject({ updates: 400, missing: 0, lost: 0 });
  expect(result.hours).toHaveLength(4);
  for (const { diskBytes } of result.hours) expect(diskBytes).toBeGreaterThan(0);
});

test('clients that stopped reading get everything once they read on', async () => {
  const server = await textbookServer.start(tmpdir());
  const load = await LoadProcess.open();
  running.push(load, server);

  const result = await load.run({
    kind: 'stall',
    port: server.port,
    serverPid: server.pid,
    path: '/stall',
    clients: 3,
    writers: 2,
    slowClients: 2,
    stops: true,
    pictureBytes: 50_000,
    ratePerSecond: 400,
    warmupMs: 100,
    windowMs: 500,
    drainTimeoutMs: 5000,
    catchUpTimeoutMs: 5000,
    firstClientId: 1_000_000,
  });

  expect(result).toMatchObject({ missing: 0, lost: 0, slowMissing: 0, slowLost: 0 });
  // The server held for each what the kernel did not take: two sockets, at least a megabyte each.
  expect(result.peakRssBytes).toBeGreaterThan(result.rssBeforeBytes + 2e6);
});

test('presence that everybody echoes is delivered, and ends', async () => {
  const server = await headwater.start(await mkdtemp(join(tmpdir(), 'headwater-bench-')));
  const load = await LoadProcess.open();
  running.push(load, server);

  const result = await load.run({
    kind: 'traffic',
    traffic: 'presence',
    echoes: true,
    port: server.port,
    serverPid: server.pid,
    path: '/echo',
    clients: 5,
    writers: 5,
    ratePerSecond: 200,
    warmupMs: 100,
    windowMs: 400,
    drainTimeoutMs: 5000,
    latencyReceivers: 5,
    firstClientId: 1_000_000,
  });

  expect(result).toMatchObject({ sent: 80, missing: 0, gaps: 0, lost: 0 });
});
