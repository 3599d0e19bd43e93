import type { HeadwaterProvider, RefusedEdits } from '@headwater/client';
import { expect, test } from 'vitest';
import * as Y from 'yjs';
import { FakeServer, GRANTED } from './fake-server.ts';
import { provide, settled, textOf } from './support.ts';

const READ_ONLY = { ...GRANTED, isReadOnly: true } as const;

/** What a provider says was refused, in order. */
function refusalsOf(provider: HeadwaterProvider): RefusedEdits[] {
  const refusals: RefusedEdits[] = [];
  provider.on('refused', (edits) => refusals.push(edits));
  return refusals;
}

/** A server that refuses whoever may only read, as Headwater does. */
function readOnlyServer(): FakeServer {
  const server = new FakeServer();
  server.document('notes').getText('text').insert(0, 'the original');
  server.judge = () => READ_ONLY;
  server.refuses = (_address, update) => {
    const before = Y.encodeStateAsUpdate(server.document('notes'));
    const after = new Y.Doc();
    Y.applyUpdate(after, before);
    Y.applyUpdate(after, update);
    const isNew = !Buffer.from(Y.encodeStateAsUpdate(after)).equals(Buffer.from(before));
    return isNew ? 'HW_READ_ONLY' : undefined;
  };
  return server;
}

test('a refused edit is told with its reason and its range, and is not saved', async () => {
  const server = new FakeServer();
  const provider = provide(server);
  const refusals = refusalsOf(provider);
  await provider.whenSynced();
  textOf(provider).insert(0, 'fine ');
  await provider.whenSaved();
  server.refuses = () => 'HW_TOO_MUCH_WAITING';

  textOf(provider).insert(5, 'refused');
  await settled();

  const [refused] = refusals;
  expect(refusals).toHaveLength(1);
  expect([refused?.code, refused?.reason]).toEqual(['HW_TOO_MUCH_WAITING', 'the test says so']);
  expect(refused?.ranges).toEqual([{ client: provider.document.clientID, clock: 5, length: 7 }]);
  expect([provider.saved, provider.unsavedChanges, provider.status]).toEqual([false, 1, 'connected']);
});

test('a rolled back edit is gone, counts no more, and does not stand in the way of later ones', async () => {
  const server = new FakeServer();
  const provider = provide(server);
  const refusals = refusalsOf(provider);
  await provider.whenSynced();
  server.refuses = () => 'HW_TOO_MUCH_WAITING';
  textOf(provider).insert(0, 'refused');
  await settled();
  server.refuses = () => undefined;

  refusals[0]?.rollback();
  textOf(provider).insert(0, 'later');
  await provider.whenSaved();

  expect(textOf(provider).toString()).toBe('later');
  expect(server.text('notes')).toBe('later');
});

test('an edit that is larger than a message is refused before it is sent, and the session goes on', async () => {
  const server = new FakeServer();
  server.maxMessageBytes = 1_000;
  const provider = provide(server);
  const refusals = refusalsOf(provider);
  await provider.whenSynced();

  textOf(provider).insert(0, 'x'.repeat(2_000));
  await settled();
  const before = provider.saved;
  refusals[0]?.rollback();
  textOf(provider).insert(0, 'small');
  await provider.whenSaved();

  expect([before, refusals.map(({ code }) => code)]).toEqual([false, ['HW_MESSAGE_TOO_LARGE']]);
  expect([server.text('notes'), server.connections.length]).toEqual(['small', 1]);
});

test('edits of one turn that are too large together go one by one', async () => {
  const server = new FakeServer();
  server.maxMessageBytes = 1_000;
  const provider = provide(server);
  const refusals = refusalsOf(provider);
  await provider.whenSynced();

  for (let i = 0; i < 5; i++) textOf(provider).insert(0, 'x'.repeat(500));
  await provider.whenSaved();

  expect([server.text('notes').length, refusals]).toEqual([2_500, []]);
});

test('who may only read gets everything back: what was typed goes, what was deleted is there again', async () => {
  const server = readOnlyServer();
  const provider = provide(server);
  const refusals = refusalsOf(provider);
  await provider.whenSynced();

  textOf(provider).delete(0, 4);
  textOf(provider).insert(0, 'an ');
  await settled();
  const edited = [textOf(provider).toString(), provider.saved];
  refusals[0]?.rollback();

  expect(edited).toEqual(['an original', false]);
  expect(refusals.map(({ code }) => code)).toEqual(['HW_READ_ONLY']);
  expect([textOf(provider).toString(), provider.saved]).toEqual(['the original', true]);
});

test('what was rolled back is not refused again with the next connection', async () => {
  const server = readOnlyServer();
  const provider = provide(server);
  const refusals = refusalsOf(provider);
  await provider.whenSynced();
  textOf(provider).insert(0, 'not ');
  await settled();
  refusals[0]?.rollback();

  server.connection.close(1012);
  await provider.whenSynced();
  await settled();

  expect([refusals.length, provider.saved, textOf(provider).toString()]).toEqual([1, true, 'the original']);
});

test('what was made offline by somebody who may only read now is refused when it comes, and can be rolled back', async () => {
  const server = readOnlyServer();
  const provider = provide(server);
  const refusals = refusalsOf(provider);
  await provider.whenSynced();
  provider.disconnect();
  textOf(provider).delete(0, 4);
  textOf(provider).insert(0, 'my ');

  provider.connect();
  await provider.whenSynced();
  await settled();
  const before = [refusals.length, provider.unsavedChanges];
  refusals[0]?.rollback();

  expect(before).toEqual([1, 2]);
  expect([textOf(provider).toString(), provider.saved]).toEqual(['the original', true]);
});

test('who may write after all has what was refused taken up', async () => {
  const server = readOnlyServer();
  const provider = provide(server);
  await provider.whenSynced();
  textOf(provider).insert(0, 'not ');
  await settled();
  expect(provider.saved).toBe(false);

  server.judge = () => GRANTED;
  server.refuses = () => undefined;
  provider.setToken('another');
  await settled();
  // As Headwater does when somebody who could only read may write.
  server.connection.send('notes', {
    kind: 'sync-step-1',
    stateVector: Y.encodeStateVector(server.document('notes')),
  });
  await provider.whenSaved();

  expect(server.text('notes')).toBe('not the original');
});

test('what others wrote meanwhile stays in a roll back', async () => {
  const server = readOnlyServer();
  const provider = provide(server);
  const refusals = refusalsOf(provider);
  await provider.whenSynced();
  textOf(provider).delete(0, 4);
  await settled();
  const other = new Y.Doc();
  Y.applyUpdate(other, Y.encodeStateAsUpdate(server.document('notes')));
  other.getText('text').insert(12, ' of others');
  Y.applyUpdate(server.document('notes'), Y.encodeStateAsUpdate(other));
  server.connection.send('notes', { kind: 'update', update: Y.encodeStateAsUpdate(other) });
  await settled();

  refusals[0]?.rollback();

  expect(textOf(provider).toString()).toBe('the original of others');
});
