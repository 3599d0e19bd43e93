import { HeadwaterProvider, type HeadwaterProviderOptions, type RefusedEdits } from '@headwater/client';
import { openDocument } from '@headwater/client/node';
import { MemoryStore } from '@headwater/persistence';
import { createServer, type ServerOptions, type ServerParts } from '@headwater/server';
import { expect, onTestFinished, test, vi } from 'vitest';
import { WebSocket } from 'ws';
import { textOf } from './support.ts';

/** A real server of the test, and where it is. */
async function serve(options: ServerOptions & ServerParts = {}) {
  const server = await createServer({ port: 0, host: '127.0.0.1', store: new MemoryStore(), ...options });
  onTestFinished(() => server.close());
  const { port } = await server.listen();
  return { url: `ws://127.0.0.1:${port}`, port, close: () => server.close() };
}

function provide(url: string, options: Partial<HeadwaterProviderOptions> = {}): HeadwaterProvider {
  const provider = new HeadwaterProvider({ url, name: 'notes', WebSocket, ...options });
  onTestFinished(() => provider.destroy());
  return provider;
}

test('two providers edit a document of a real server, see each other, and know that it is saved', async () => {
  const { url } = await serve();
  const [ada, bob] = [provide(url), provide(url)];
  ada.presence.set({ name: 'Ada' });
  await Promise.all([ada.whenSynced(), bob.whenSynced()]);

  textOf(ada).insert(0, 'hello ');
  textOf(bob).insert(0, 'world ');
  await Promise.all([ada.whenSaved(), bob.whenSaved()]);

  await vi.waitFor(() => {
    expect(textOf(ada)).toHaveLength(12);
    expect(textOf(ada).toString()).toBe(textOf(bob).toString());
    expect(bob.presence.users.map(({ name }) => name)).toContain('Ada');
  });
  ada.destroy();
  await vi.waitFor(() => expect(bob.presence.users.map(({ name }) => name)).not.toContain('Ada'));
});

test('who may only read is told so, has edits refused, and can take them back', async () => {
  const { url } = await serve({ authenticate: ({ token }) => ({ user: token, isReadOnly: token === 'reader' }) });
  const writer = provide(url, { token: 'writer' });
  textOf(writer).insert(0, 'the original');
  await writer.whenSaved();
  const reader = provide(url, { token: 'reader' });
  const refusals: RefusedEdits[] = [];
  reader.on('refused', (edits) => refusals.push(edits));
  await reader.whenSynced();
  expect([reader.isReadOnly, reader.user, reader.saved]).toEqual([true, 'reader', true]);

  textOf(reader).delete(0, 4);
  textOf(reader).insert(0, 'my ');
  await vi.waitFor(() => expect(refusals).toHaveLength(1));
  const before = [textOf(reader).toString(), reader.saved];
  refusals[0]?.rollback();
  textOf(writer).insert(12, ' text');

  expect([refusals[0]?.code, ...before]).toEqual(['HW_READ_ONLY', 'my original', false]);
  await vi.waitFor(() => expect(textOf(reader).toString()).toBe('the original text'));
  expect([reader.saved, textOf(writer).toString()]).toEqual([true, 'the original text']);
});

test('who may write after all has what was refused taken up, once', async () => {
  const { url } = await serve({ authenticate: ({ token }) => ({ isReadOnly: token === 'reader' }) });
  const reader = provide(url, { token: 'reader' });
  await reader.whenSynced();
  textOf(reader).insert(0, 'mine');
  await vi.waitFor(() => expect(reader.unsavedChanges).toBe(1));

  reader.setToken('writer');
  await reader.whenSaved();

  await using notes = await openDocument({ url, name: 'notes', token: 'writer' });
  expect(textOf(notes).toString()).toBe('mine');
});

test('a token is renewed before it expires and the session never ends', async () => {
  let count = 0;
  const { url } = await serve({
    authenticate: ({ token }) => ({ user: token, expiresAt: Date.now() + (token === '1' ? 400 : 60_000) }),
  });
  const provider = provide(url, { token: () => String(++count) });
  await provider.whenSynced();
  const statuses: string[] = [];
  provider.on('status', (status) => statuses.push(status));

  await vi.waitFor(() => expect(provider.user).toBe('2'));
  textOf(provider).insert(0, 'a');
  await provider.whenSaved();

  expect(statuses).toEqual([]);
});

test('a token that expired is replaced after the denial, and nothing is lost', async () => {
  let count = 0;
  const isOver = (): boolean => count > 1;
  const { url } = await serve({
    authenticate: ({ token }) => {
      if (token === '1' && isOver()) throw new Error('the token of before');
      return { user: token };
    },
  });
  const provider = provide(url, { token: () => String(++count) });
  await provider.whenSynced();

  provider.setToken(() => (count === 1 ? String(count++) : String(++count)));
  textOf(provider).insert(0, 'kept');
  await provider.whenSaved();

  await vi.waitFor(() => expect([provider.status, provider.user]).toEqual(['connected', '3']));
  await using notes = await openDocument({ url, name: 'notes', token: 'x' });
  expect(textOf(notes).toString()).toBe('kept');
});

test('many documents of one page are one connection to the server', async () => {
  const ports = new Set<string | undefined>();
  const { url } = await serve({
    authenticate: ({ headers }) => {
      ports.add(headers['sec-websocket-key']);
      return {};
    },
  });
  const providers = Array.from({ length: 20 }, (_, i) => provide(url, { name: `document ${i}` }));
  for (const provider of providers) textOf(provider).insert(0, provider.name);
  await Promise.all(providers.map((provider) => provider.whenSaved()));

  expect(ports.size).toBe(1);
});

test('an edit of an offline document that is as large as the server accepts arrives, a larger one is refused and said', async () => {
  const { url } = await serve({ maxMessageBytes: 100_000 });
  const provider = provide(url);
  const refusals: RefusedEdits[] = [];
  provider.on('refused', (edits) => refusals.push(edits));
  await provider.whenSynced();

  textOf(provider).insert(0, 'x'.repeat(99_900));
  await provider.whenSaved();
  textOf(provider).insert(0, 'y'.repeat(100_000));
  await vi.waitFor(() => expect(refusals).toHaveLength(1));
  refusals[0]?.rollback();
  await provider.whenSaved();

  expect([refusals[0]?.code, provider.status]).toEqual(['HW_MESSAGE_TOO_LARGE', 'connected']);
  await using notes = await openDocument({ url, name: 'notes' });
  expect(textOf(notes).toString()).toBe('x'.repeat(99_900));
});
