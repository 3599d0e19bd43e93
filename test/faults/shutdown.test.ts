import { setTimeout as delay } from 'node:timers/promises';
import { expect, test } from 'vitest';
import * as Y from 'yjs';
import { RawClient } from '../support/raw-client.ts';
import { ServerProcess } from '../support/server-process.ts';
import { StockClient } from '../support/stock-client.ts';
import { queryAwarenessFrame, updateFrame } from '../support/wire.ts';
import { RawSocket } from './raw-socket.ts';
import { countLacking, eventually, freshDocument, Observer, updatesOf } from './support.ts';

const textOf = (doc: Y.Doc): string => doc.getText('text').toString();

test('SIGTERM closes sockets with 1012, keeps everything and exits with 0; clients find their way back', async () => {
  await using server = await ServerProcess.start();
  await using ada = await new StockClient(server.url, 'doc').synced();
  await using bob = await new StockClient(server.url, 'doc').synced();
  for (let i = 0; i < 100; i++) ada.doc.getText('text').insert(0, `${i};`);
  await bob.until(() => textOf(bob.doc) === textOf(ada.doc), 'the edits to arrive');

  const exit = await server.stop();

  expect(exit).toEqual({ status: 0, signal: null });
  expect(ada.closeCodes[0]).toBe(1012);
  expect(bob.closeCodes[0]).toBe(1012);
  expect(server.logs.filter(({ level }) => level === 'error' || level === 'warn')).toEqual([]);

  // Offline for a moment, as far as they are concerned.
  bob.doc.getText('text').insert(0, 'offline;');
  await server.restart();
  await ada.until(() => textOf(ada.doc) === textOf(bob.doc), 'both to converge');
  expect(textOf(await freshDocument(server.url, 'doc'))).toBe(textOf(bob.doc));
});

test('everything that reached the server is on disk after SIGTERM, also from clients that are gone by then', async () => {
  await using server = await ServerProcess.start();
  const doc = new Y.Doc();
  const updates = updatesOf(doc, () => {
    for (let i = 0; i < 3_000; i++) doc.getText('text').insert(0, 'x');
  });
  const client = await RawClient.connect(`${server.url}/doc`);
  await client.next(); // the server listens now: nothing waits for the document to be loaded
  for (const update of updates) client.send(updateFrame(update));
  client.socket.close();
  // The close comes last in the connection: when the server has answered it, it has read everything before it.
  await client.closed;

  expect(await server.stop()).toEqual({ status: 0, signal: null });

  await server.restart();
  expect(countLacking(await freshDocument(server.url, 'doc'), updates)).toBe(0);
});

test('SIGTERM under load loses nothing that was seen, and stops in time', async () => {
  await using server = await ServerProcess.start({ flags: ['--compact-after-bytes', '4KiB'] });
  const observer = await Observer.join(server.url, 'doc');
  const writers = await Promise.all(
    Array.from({ length: 8 }, async () => {
      const client = await RawClient.connect(`${server.url}/doc`);
      return { client, doc: new Y.Doc() };
    }),
  );
  const writing = setInterval(() => {
    for (const { client, doc } of writers) {
      const updates = updatesOf(doc, () => {
        for (let i = 0; i < 20; i++) doc.getText('text').insert(0, 'y');
      });
      for (const update of updates) client.send(updateFrame(update));
    }
  }, 1);
  await eventually(() => observer.seen.length > 3_000, 'some thousand edits to be seen');

  const start = performance.now();
  const exit = await server.stop();
  clearInterval(writing);
  const tookMs = performance.now() - start;

  expect(exit).toEqual({ status: 0, signal: null });
  expect(tookMs).toBeLessThan(8_000);
  expect(server.logs.filter(({ level }) => level === 'error')).toEqual([]);
  for (const { client } of writers) expect((await client.closed).code).toBe(1012);
  expect((await observer.client.closed).code).toBe(1012);

  await server.restart();
  expect(countLacking(await freshDocument(server.url, 'doc'), observer.seen)).toBe(0);
});

test('a client that does not answer the goodbye does not hold up the stop', async () => {
  await using server = await ServerProcess.start();
  await using mute = await RawClient.connect(`${server.url}/doc`);
  mute.socket.pause();
  const start = performance.now();
  expect(await server.stop()).toEqual({ status: 0, signal: null });
  expect(performance.now() - start).toBeLessThan(5_000);
  mute.socket.resume();
});

/** What a newcomer hears: the code of the error, or that somebody is there. */
async function knock(port: number): Promise<string | undefined> {
  try {
    await using socket = await RawSocket.connect(port);
    return socket.socket.readyState;
  } catch (error) {
    return (error as NodeJS.ErrnoException).code;
  }
}

test('a server that stops accepts nobody new', async () => {
  // A client that never answers keeps the stop going for a second: long enough to knock.
  await using server = await ServerProcess.start();
  await using mute = await RawClient.connect(`${server.url}/doc`);
  mute.socket.pause();
  const port = server.port;
  server.signal('SIGTERM');
  await server.logLine(({ msg }) => msg === 'stopping');
  await eventually(async () => (await knock(port)) === 'ECONNREFUSED', 'the port to be closed');
  mute.socket.resume();
  expect(await server.ended()).toEqual({ status: 0, signal: null });
});

test('Ctrl-C, which a terminal sends twice within a moment, is one graceful stop', async () => {
  await using server = await ServerProcess.start();
  await using client = await new StockClient(server.url, 'doc').synced();
  client.doc.getText('text').insert(0, 'kept');
  await using observer = await Observer.join(server.url, 'doc');
  await eventually(() => observer.seen.length > 0, 'the edit to be seen');
  client.provider.shouldConnect = false;

  server.signal('SIGINT');
  server.signal('SIGINT');
  const exit = await server.ended();

  expect(exit).toEqual({ status: 0, signal: null });
  expect(server.logs.map(({ msg }) => msg)).not.toContain('stopping at once');
});

test('a stop while documents are being loaded and compacted ends cleanly', async () => {
  await using server = await ServerProcess.start({ flags: ['--compact-after-bytes', '1', '--unload-after-ms', '1'] });
  for (let round = 0; round < 3; round++) {
    const clients = await Promise.all(
      Array.from({ length: 10 }, (_, i) => RawClient.connect(`${server.url}/doc-${i}`)),
    );
    for (const client of clients) {
      const doc = new Y.Doc();
      const updates = updatesOf(doc, () => {
        for (let i = 0; i < 50; i++) doc.getText('text').insert(0, 'z');
      });
      for (const update of updates) client.send(updateFrame(update));
      client.send(queryAwarenessFrame());
    }
    await delay(0); // whatever has been sent by now is somewhere on its way
    const exit = await server.stop();
    expect(exit).toEqual({ status: 0, signal: null });
    expect(server.logs.filter(({ level }) => level === 'error')).toEqual([]);
    for (const client of clients) await client.closed;
    await server.restart();
  }
});
