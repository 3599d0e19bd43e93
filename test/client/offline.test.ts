import 'fake-indexeddb/auto';
import type { HeadwaterProvider } from '@headwater/client';
import { expect, test, vi } from 'vitest';
import { FakeServer } from './fake-server.ts';
import { provide, settled, textOf } from './support.ts';

/** A provider that keeps its document, once it has loaded what was kept. */
async function provideOffline(server: FakeServer, name: string): Promise<HeadwaterProvider> {
  const provider = provide(server, { name, offline: true });
  await provider.whenLoaded();
  return provider;
}

test('what is kept is there without a server, and unsaved until there is one again', async () => {
  vi.spyOn(console, 'error').mockImplementation(() => {});
  const server = new FakeServer();
  const first = await provideOffline(server, 'kept');
  await first.whenSynced();
  textOf(first).insert(0, 'online ');
  await first.whenSaved();
  server.isReachable = false;
  server.connection.close(1006);
  textOf(first).insert(7, 'offline');
  first.destroy(); // the page is closed

  const second = await provideOffline(server, 'kept');
  const kept = [textOf(second).toString(), second.saved];
  server.isReachable = true;
  await second.whenSaved();

  expect(kept).toEqual(['online offline', false]);
  expect(server.text('kept')).toBe('online offline');
});

test('nothing is called saved before it is known what was kept', async () => {
  const server = new FakeServer();
  const provider = provide(server, { name: 'loading', offline: true });

  expect([provider.saved, provider.unsavedChanges]).toEqual([false, 0]);
  await provider.whenSaved();
});

test('the server is told what was kept before it sends anything', async () => {
  const server = new FakeServer();
  server.document('known').getText('text').insert(0, 'x'.repeat(10_000));
  const first = await provideOffline(server, 'known');
  await first.whenSynced();
  await settled();
  first.destroy();

  const second = provide(server, { name: 'known', offline: true });
  let receivedBytes = 0;
  second.document.on('update', (update: Uint8Array, origin: unknown) => {
    if (origin === second) receivedBytes += update.length;
  });
  await second.whenSynced();

  expect(textOf(second)).toHaveLength(10_000);
  expect(receivedBytes).toBe(0);
});

test('a browser that keeps nothing says so, and everything else works', async () => {
  const server = new FakeServer();
  vi.stubGlobal('indexedDB', undefined);
  const provider = provide(server, { name: 'nothing', offline: true });
  const errors: string[] = [];
  provider.on('error', ({ code, message }) => errors.push(`${code}: ${message}`));
  vi.unstubAllGlobals();

  await provider.whenSynced();
  textOf(provider).insert(0, 'a');
  await provider.whenSaved();

  expect(errors).toEqual(['HW_OFFLINE_UNAVAILABLE: the document cannot be kept offline: there is no IndexedDB here']);
});

test('a provider that is destroyed while it loads opens nothing', async () => {
  const server = new FakeServer();
  const provider = provide(server, { name: 'destroyed', offline: true, connect: false });

  provider.destroy();
  await settled();

  expect((await indexedDB.databases()).map(({ name }) => name)).not.toContain('headwater:ws://fake/destroyed');
});
