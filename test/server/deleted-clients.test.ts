import { HeadwaterProvider } from '@headwater/client';
import { WebsocketProvider } from '@headwater/client/y-websocket';
import { MemoryStore } from '@headwater/persistence';
import { createServer, type HeadwaterServer } from '@headwater/server';
import { afterEach, beforeEach, expect, test, vi } from 'vitest';
import { WebSocket } from 'ws';
import * as Y from 'yjs';
import { HeadwaterClient } from '../support/headwater-client.ts';
import { HocuspocusClient, hocuspocusSocket } from '../support/hocuspocus-client.ts';
import { StockClient } from '../support/stock-client.ts';

/** For a machine that does much else. */
const PATIENT = { timeout: 20_000 };

const DELETED = { code: 'HW_DOCUMENT_DELETED' };

let server: HeadwaterServer;
let url: string;

beforeEach(async () => {
  server = await createServer({ port: 0, store: new MemoryStore() });
  const { port } = await server.listen();
  url = `ws://127.0.0.1:${port}`;
});
afterEach(() => server.close());

test('a y-websocket client is closed with 4410, stays away, and is closed again when it is made to come back', async () => {
  await using ada = await new StockClient(url, 'doc').synced();
  ada.doc.getText('text').insert(0, 'kept by ada');

  await server.delete('doc');
  await ada.until(() => ada.closeCodes.length > 0, 'the close');
  expect(ada.provider.shouldConnect).toBe(false);
  ada.provider.connect();
  await ada.until(() => ada.closeCodes.length > 1, 'the second close');

  expect(ada.closeCodes).toEqual([4410, 4410]);
  expect(ada.doc.getText('text').toString()).toBe('kept by ada');
  expect(server.health.documents).toBe(0);
});

test('a Hocuspocus provider is denied this document, and the other one on its socket goes on', async () => {
  const socket = hocuspocusSocket(url);
  await using ada = await new HocuspocusClient(socket, 'doc').synced();
  await using other = await new HocuspocusClient(socket, 'other').synced();

  await server.delete('doc');
  await ada.until(() => ada.denials.length > 0, 'the denial');
  other.text.insert(0, 'goes on');
  await other.until(() => !other.provider.hasUnsyncedChanges, 'the edit to be saved');

  expect(ada.denials).toEqual(['the document was deleted']);
  expect(other.denials).toEqual([]);
  expect([...ada.closeCodes, ...other.closeCodes]).toEqual([]);
  socket.destroy();
});

test('a Headwater provider is denied this document, keeps what it has, and says that not all of it is saved', async () => {
  class OneSocket extends WebSocket {}
  const options = { WebSocket: OneSocket, url };
  const ada = new HeadwaterProvider({ ...options, name: 'doc' });
  const other = new HeadwaterProvider({ ...options, name: 'other' });
  const denied = vi.fn<(error: Error) => void>();
  ada.on('denied', denied);
  await Promise.all([ada.whenSynced(), other.whenSynced()]);
  const deleting = server.delete('doc');
  ada.document.getText('text').insert(0, 'unsaved');

  await expect(ada.whenSaved()).rejects.toMatchObject(DELETED);
  await deleting;
  other.document.getText('text').insert(0, 'goes on');
  await other.whenSaved();

  expect(ada).toMatchObject({ status: 'denied', saved: false, unsavedChanges: 1 });
  expect(denied.mock.calls).toMatchObject([[DELETED]]);
  expect(ada.document.getText('text').toString()).toBe('unsaved');
  expect(other.status).toBe('connected');
  for (const provider of [ada, other]) provider.destroy();
});

test('a provider in the place of y-websocket says 4410, as the stock one does', async () => {
  const ada = new WebsocketProvider(url, 'doc', new Y.Doc(), { WebSocketPolyfill: class extends WebSocket {} });
  const closed = new Promise<{ readonly code: number }>((resolve) => ada.on('closed', resolve));
  await vi.waitFor(() => expect(ada.synced).toBe(true), PATIENT);

  await server.delete('doc');

  expect((await closed).code).toBe(4410);
  ada.destroy();
});

test('who comes later is refused, until the name is free again', async () => {
  await server.delete('doc');
  await using late = new HeadwaterClient(url, 'doc');
  await late.until(() => late.provider.status === 'denied', 'the denial');

  await server.delete('doc', { allowReuse: true });
  late.text.insert(0, 'anew');
  late.provider.connect();
  await late.saved();

  expect(late.errors).toMatchObject([DELETED]);
});

test('a document that the server has open ends: what is not saved is not, and later edits stay where they are', async () => {
  const kept = await server.open('doc');
  kept.document.getText('text').insert(0, 'saved');
  await kept.whenSaved();

  await server.delete('doc');
  await kept.whenSaved();
  kept.document.getText('text').insert(0, 'late ');

  await expect(kept.whenSaved()).rejects.toMatchObject(DELETED);
  await expect(server.open('doc')).rejects.toMatchObject(DELETED);
  await expect(kept.close()).rejects.toMatchObject(DELETED);
});

test('a closed server deletes nothing', async () => {
  await server.close();

  await expect(server.delete('doc')).rejects.toMatchObject({ code: 'HW_SHUTTING_DOWN' });
});
