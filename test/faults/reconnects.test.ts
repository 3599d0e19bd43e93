import type { DocumentInfo } from '@headwater/persistence';
import { expect, test } from 'vitest';
import * as Y from 'yjs';
import { RawClient } from '../support/raw-client.ts';
import { headwater } from '../support/run-command.ts';
import { ServerProcess } from '../support/server-process.ts';
import { playSession } from '../support/sessions.ts';
import { StockClient } from '../support/stock-client.ts';
import { syncStep1, updateFrame } from '../support/wire.ts';
import { eventually, freshDocument, healthOf, parseServerMessage, syncStep2 } from './support.ts';

const RECONNECTS = 1_000;
const AT_ONCE = 20;
const PERSISTENT = ['--compact-after-bytes', '1GiB'];

/** What is stored of a document, asked while no server holds the store. */
async function stored(server: ServerProcess): Promise<Omit<DocumentInfo, 'createdMs' | 'updatedMs'>> {
  const { stdout } = await headwater(['documents', '--json', '--data', server.data]);
  return JSON.parse(stdout.toString('utf8')) as DocumentInfo;
}

/** Connects as a stock client does, with everything in hand, and goes once it was told that it is synced. */
async function reconnect(url: string, doc: Y.Doc): Promise<void> {
  await using client = await RawClient.connect(url);
  client.send(syncStep1(Y.encodeStateVector(doc)));
  await client.next((message) => parseServerMessage(message).kind === 'sync-step-1');
  client.send(syncStep2(Y.encodeStateAsUpdate(doc)));
  // Answered in order: with this one the server has dealt with the state before it.
  client.send(syncStep1(Y.encodeStateVector(doc)));
  await client.next((message) => parseServerMessage(message).kind === 'sync-step-2');
  await client.next((message) => parseServerMessage(message).kind === 'sync-step-2');
}

/** Stops the server gracefully after everybody left, without the compaction of an idle document. */
async function stopped(server: ServerProcess): Promise<void> {
  await eventually(async () => (await healthOf(server)).connections === 0, 'everybody to leave');
  await server.stop();
}

test('a thousand reconnects of clients that have everything add nothing to the log', async () => {
  await using server = await ServerProcess.start({ flags: PERSISTENT });
  const { updates } = playSession({ seed: 4711, clients: 4, steps: 400 });
  const writer = await RawClient.connect(`${server.url}/doc`);
  for (const update of updates) writer.send(updateFrame(update));
  writer.socket.close();
  await writer.closed;
  const doc = await freshDocument(server.url, 'doc');
  // Integrating deletes more than the updates say (of two concurrent values of a key one goes): the first who comes back
  // with that knowledge adds it, and nobody after it.
  await reconnect(`${server.url}/doc`, doc);
  await stopped(server);
  const before = await stored(server);
  expect(before.tailBytes).toBeGreaterThan(1_000);

  await server.restart();
  for (let i = 0; i < RECONNECTS; i += AT_ONCE) {
    await Promise.all(Array.from({ length: AT_ONCE }, () => reconnect(`${server.url}/doc`, doc)));
  }
  await stopped(server);

  expect(await stored(server)).toEqual(before);
});

test('the same update sent a thousand times is stored once', async () => {
  await using server = await ServerProcess.start({ flags: PERSISTENT });
  const doc = new Y.Doc();
  doc.getText('text').insert(0, 'once');
  const update = Y.encodeStateAsUpdate(doc);
  const client = await RawClient.connect(`${server.url}/doc`);
  for (let i = 0; i < 1_000; i++) client.send(updateFrame(update));
  client.socket.close();
  await client.closed;
  await stopped(server);

  const { sequence, tailRecords, tailBytes, waitingUpdates } = await stored(server);
  expect({ sequence, tailRecords, waitingUpdates }).toEqual({ sequence: 1, tailRecords: 1, waitingUpdates: 0 });
  expect(tailBytes).toBeLessThan(update.length + 100);
});

test('an update that waits for another one is stored once however often it comes, and not at all once that came', async () => {
  await using server = await ServerProcess.start({ flags: PERSISTENT });
  const doc = new Y.Doc();
  doc.getText('text').insert(0, 'first');
  const first = Y.encodeStateAsUpdate(doc);
  const before = Y.encodeStateVector(doc);
  doc.getText('text').insert(5, ' second');
  const second = Y.encodeStateAsUpdate(doc, before);
  const client = await RawClient.connect(`${server.url}/doc`);
  for (let i = 0; i < 1_000; i++) client.send(updateFrame(second));
  client.socket.close();
  await client.closed;
  await stopped(server);
  expect(await stored(server)).toMatchObject({ tailRecords: 0, waitingUpdates: 1 });

  await server.restart();
  const late = await RawClient.connect(`${server.url}/doc`);
  late.send(updateFrame(first));
  late.socket.close();
  await late.closed;
  const reader = new StockClient(server.url, 'doc');
  await reader.until(() => reader.doc.getText('text').toString() === 'first second', 'both edits');
  reader.close();
  await stopped(server);
  expect(await stored(server)).toMatchObject({ waitingUpdates: 0 });
});

test('edits made offline by several clients merge when they are back', async () => {
  await using server = await ServerProcess.start();
  const clients = await Promise.all(
    ['ada', 'bob', 'eve'].map(async (name) => ({ name, client: await new StockClient(server.url, 'doc').synced() })),
  );
  const [first] = clients;
  first?.client.doc.getText('text').insert(0, 'together.');
  for (const { client } of clients) {
    await client.until(() => client.doc.getText('text').length === 9, 'the shared beginning');
    client.provider.disconnect();
  }

  for (const { name, client } of clients) {
    client.doc.getText('text').insert(9, ` ${name} was alone.`);
    client.doc.getText('text').delete(0, 1);
    client.doc.getMap('map').set(name, true);
  }
  for (const { client } of clients) client.provider.connect();

  for (const { client } of clients)
    await client.until(() => client.doc.getMap('map').size === 3, 'the edits of the others');
  const fresh = await freshDocument(server.url, 'doc');
  const text = fresh.getText('text').toString();
  for (const { name, client } of clients) {
    expect(text).toContain(`${name} was alone.`);
    expect(client.doc.getText('text').toString()).toBe(text);
    client.close();
  }
});

test('an edit of a client that is gone before its document was read is kept, and its connection is not', async () => {
  await using server = await ServerProcess.start();
  for (let i = 0; i < 50; i++) {
    const doc = new Y.Doc();
    doc.getText('text').insert(0, 'in passing');
    const client = await RawClient.connect(`${server.url}/doc-${i}`);
    client.send(updateFrame(Y.encodeStateAsUpdate(doc)));
    client.socket.close();
    await client.closed;
  }
  await eventually(async () => (await healthOf(server)).connections === 0, 'all connections to go');

  const texts = new Set<string>();
  for (let i = 0; i < 50; i++) {
    texts.add((await freshDocument(server.url, `doc-${i}`)).getText('text').toString());
  }
  expect([...texts]).toEqual(['in passing']);
});
