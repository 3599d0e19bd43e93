import { type OpenDocumentOptions, openDocument } from '@headwater/client/node';
import { expect, test } from 'vitest';
import { FakeServer } from './fake-server.ts';
import { settled, textOf } from './support.ts';

function optionsFor(server: FakeServer): OpenDocumentOptions {
  return { url: 'ws://fake', name: 'notes', WebSocket: server.WebSocket };
}

test('a document that was opened is synced, and saved when it is closed', async () => {
  const server = new FakeServer();
  server.document('notes').getText('text').insert(0, 'hello');

  {
    await using notes = await openDocument(optionsFor(server));
    expect(textOf(notes).toString()).toBe('hello');
    textOf(notes).insert(5, ' world');
  }
  await settled();

  expect(server.text('notes')).toBe('hello world');
  expect(server.connection.sessions.size).toBe(0);
});

test('closing waits until everything is saved, once for all who close', async () => {
  const server = new FakeServer();
  const notes = await openDocument(optionsFor(server));
  server.holdsSaves = true;
  textOf(notes).insert(0, 'a');
  let isClosed = false;
  const closing = Promise.all([notes.close(), notes.close()]).then(() => {
    isClosed = true;
  });
  await settled();
  const before = isClosed;

  server.saveAll();
  await closing;

  expect([before, server.text('notes')]).toEqual([false, 'a']);
});

test('a document that may not be had is an error, and so is waiting in vain', async () => {
  const server = new FakeServer();
  server.judge = () => ({ kind: 'denied', code: 'HW_ACCESS_DENIED', reason: 'not yours' });
  const silent = new FakeServer();
  silent.isSilent = true;

  await expect(openDocument(optionsFor(server))).rejects.toThrow('not yours');
  await expect(openDocument({ ...optionsFor(silent), signal: AbortSignal.timeout(20) })).rejects.toMatchObject({
    name: 'TimeoutError',
  });
  expect([...server.connections, ...silent.connections].map(({ client }) => client.readyState)).toEqual([3, 3]);
});

test('closing in vain ends it all the same, and says that something is unsaved', async () => {
  const server = new FakeServer();
  const notes = await openDocument(optionsFor(server));
  server.holdsSaves = true;
  textOf(notes).insert(0, 'a');

  await expect(notes.close({ signal: AbortSignal.timeout(20) })).rejects.toMatchObject({ name: 'TimeoutError' });

  expect(server.connection.client.readyState).toBe(3);
});
