import { HeadwaterProvider } from '@headwater/client';
import { afterEach, expect, onTestFinished, test, vi } from 'vitest';
import * as Y from 'yjs';
import { FakeServer, GRANTED } from './fake-server.ts';
import { provide, settled, textOf } from './support.ts';

afterEach(() => {
  vi.restoreAllMocks();
});

test('a provider connects, syncs and says so in order', async () => {
  const server = new FakeServer();
  server.document('notes').getText('text').insert(0, 'there');
  const provider = provide(server);
  const told: unknown[] = [provider.status];
  provider.on('status', (status) => told.push(status));
  provider.on('synced', (synced) => told.push(synced));

  await provider.whenSynced();

  expect(told).toEqual(['connecting', 'connected', true]);
  expect(textOf(provider).toString()).toBe('there');
  expect(server.connection.received.slice(0, 3)).toEqual(['hello', 'token notes', 'sync-step-1 notes']);
});

test('edits made before, during and after the connection reach the server and others', async () => {
  const server = new FakeServer();
  const [ada, bob] = [provide(server, { connect: false }), provide(server)];
  textOf(ada).insert(0, 'before ');
  ada.connect();
  textOf(ada).insert(7, 'during ');
  await Promise.all([ada.whenSynced(), bob.whenSynced()]);
  textOf(ada).insert(14, 'after');

  await ada.whenSaved();
  await settled();

  expect(server.text('notes')).toBe('before during after');
  expect(textOf(bob).toString()).toBe('before during after');
});

test('what changes in one turn leaves as one message', async () => {
  const server = new FakeServer();
  const provider = provide(server);
  await provider.whenSynced();
  const before = server.connection.received.length;

  for (let i = 0; i < 50; i++) textOf(provider).insert(i, 'x');
  await provider.whenSaved();

  expect(server.connection.received.slice(before)).toEqual(['update notes']);
  expect(server.text('notes')).toBe('x'.repeat(50));
});

test('an empty document is saved, one with content is not until the server says so', async () => {
  const server = new FakeServer();
  server.holdsSaves = true;
  const document = new Y.Doc();
  document.getText('text').insert(0, 'from before');

  const empty = provide(server, { connect: false });
  const full = provide(server, { document });
  await full.whenSynced();
  await settled();
  const beforeSave = [full.saved, full.unsavedChanges];
  server.saveAll();
  await full.whenSaved();

  expect([empty.saved, empty.unsavedChanges]).toEqual([true, 0]);
  expect(beforeSave).toEqual([false, 1]);
  expect(server.text('notes')).toBe('from before');
});

test('saved is told with the number of changes, up and down', async () => {
  const server = new FakeServer();
  const provider = provide(server);
  await provider.whenSaved();
  await provider.whenSynced();
  const told: unknown[] = [];
  provider.on('saved', (saved, unsavedChanges) => told.push([saved, unsavedChanges]));

  textOf(provider).insert(0, 'a');
  textOf(provider).insert(1, 'b');
  await provider.whenSaved();

  expect(told).toEqual([
    [false, 1],
    [false, 2],
    [true, 0],
  ]);
});

test('a lost connection makes nothing saved: what the server had not confirmed is sent again and confirmed then', async () => {
  const server = new FakeServer();
  const provider = provide(server);
  await provider.whenSynced();
  server.holdsSaves = true;
  textOf(provider).insert(0, 'unconfirmed');
  await settled();
  expect(server.text('notes')).toBe('unconfirmed');

  server.connection.close(1006);
  expect([provider.status, provider.synced, provider.saved]).toEqual(['disconnected', false, false]);
  await provider.whenSynced();
  await settled();
  expect([provider.saved, provider.unsavedChanges]).toEqual([false, 1]);
  server.saveAll();
  await provider.whenSaved();

  expect(server.connections).toHaveLength(2);
});

test('content that a server lost is unsaved again', async () => {
  const server = new FakeServer();
  const provider = provide(server);
  await provider.whenSynced();
  textOf(provider).insert(0, 'saved once');
  await provider.whenSaved();

  server.documents.clear(); // an old backup took its place
  server.holdsSaves = true;
  server.connection.close(1012);
  await provider.whenSynced();
  await settled();

  expect([provider.saved, server.text('notes')]).toEqual([false, 'saved once']);
  server.saveAll();
  await provider.whenSaved();
});

test('what waited in the document for something of the server is an edit all the same', async () => {
  const server = new FakeServer();
  const author = new Y.Doc();
  const updates: Uint8Array[] = [];
  author.on('update', (update: Uint8Array) => updates.push(update));
  author.getText('text').insert(0, 'first ');
  author.getText('text').insert(6, 'second');
  const [first = new Uint8Array(), second = new Uint8Array()] = updates;
  const provider = provide(server);
  await provider.whenSynced();

  Y.applyUpdate(provider.document, second); // waits: nothing is visible
  server.connection.send('notes', { kind: 'update', update: first });
  Y.applyUpdate(server.document('notes'), first);
  await settled();
  await provider.whenSaved();

  expect(textOf(provider).toString()).toBe('first second');
  expect(server.text('notes')).toBe('first second');
});

test('nothing of the server is sent back', async () => {
  const server = new FakeServer();
  const [ada, bob] = [provide(server), provide(server)];
  await Promise.all([ada.whenSynced(), bob.whenSynced()]);
  const before = server.connection.received.length;

  textOf(ada).insert(0, 'hello');
  ada.awareness?.setLocalStateField('user', { name: 'Ada' });
  await ada.whenSaved();
  await settled();

  expect(textOf(bob).toString()).toBe('hello');
  expect(server.connection.received.slice(before)).toEqual(['update notes', 'awareness notes']);
});

test('providers of one server share a socket, and one that leaves takes nobody along', async () => {
  const server = new FakeServer();
  const providers = ['a', 'b', 'c'].map((name) => provide(server, { name }));
  await Promise.all(providers.map((provider) => provider.whenSynced()));

  providers[0]?.destroy();
  await settled();
  const [, b] = providers;
  if (b !== undefined) textOf(b).insert(0, 'still here');
  await b?.whenSaved();

  expect(server.connections).toHaveLength(1);
  expect([...server.connection.sessions.keys()]).toEqual(['b', 'c']);
  expect(server.text('b')).toBe('still here');
});

test('two providers of one document have sessions of their own on the socket', async () => {
  const server = new FakeServer();
  const [ada, bob] = [provide(server), provide(server)];
  await Promise.all([ada.whenSynced(), bob.whenSynced()]);

  textOf(ada).insert(0, 'hello');
  await ada.whenSaved();
  await settled();

  expect(server.connections).toHaveLength(1);
  expect([...server.connection.sessions.keys()]).toEqual(['notes', 'notes\u00001']);
  expect(textOf(bob).toString()).toBe('hello');
});

test('a session that begins again on the same socket is not told what was meant for the one before', async () => {
  const server = new FakeServer();
  const provider = provide(server);
  provide(server, { name: 'other' }); // keeps the socket open
  await provider.whenSynced();
  server.holdsSaves = true;
  textOf(provider).insert(0, 'unsaved');
  const late = server.connection;

  provider.disconnect();
  provider.connect();
  late.send('notes', { kind: 'saved', edit: 99 });
  await provider.whenSynced();
  late.send('notes', { kind: 'saved', edit: 99 });
  await settled();

  expect(server.connections).toHaveLength(1);
  expect(provider.saved).toBe(false);
});

test('others are seen with the session and gone with it', async () => {
  const server = new FakeServer();
  const [ada, bob] = [provide(server), provide(server)];
  ada.awareness?.setLocalStateField('user', { name: 'Ada' });
  await Promise.all([ada.whenSynced(), bob.whenSynced()]);
  ada.awareness?.setLocalStateField('cursor', 3);
  await settled();
  const seen = bob.awareness?.getStates().get(ada.document.clientID);

  bob.disconnect();

  expect(seen).toEqual({ user: { name: 'Ada' }, cursor: 3 });
  expect([...(bob.awareness?.getStates().keys() ?? [])]).toEqual([bob.document.clientID]);
});

test('a provider without awareness has none', async () => {
  const server = new FakeServer();
  const provider = provide(server, { awareness: null });
  await provider.whenSynced();

  expect(provider.awareness).toBeNull();
  expect(server.connection.received.filter((kind) => kind.startsWith('awareness'))).toEqual([]);
});

test('presence lives on the awareness of the provider, and needs one', async () => {
  const server = new FakeServer();
  const [ada, bob] = [provide(server), provide(server)];
  await Promise.all([ada.whenSynced(), bob.whenSynced()]);

  ada.presence.set({ name: 'Ada' });
  await settled();

  expect(bob.presence.users.map(({ name }) => name)).toContain('Ada');
  expect(() => provide(server, { awareness: null }).presence).toThrow(/awareness: there is no presence without one/);
});

test('the server says who this is and that it may not write', async () => {
  const server = new FakeServer();
  server.judge = () => ({ ...GRANTED, isReadOnly: true, user: 'ada' });
  const provider = provide(server);
  const told: unknown[] = [];
  provider.on('access', (...access) => told.push(access));
  await provider.whenSynced();
  expect([provider.isReadOnly, provider.user]).toEqual([true, 'ada']);

  server.judge = () => GRANTED;
  provider.setToken('another');
  await settled();

  expect(told).toEqual([
    [true, 'ada'],
    [false, undefined],
  ]);
});

test('where there is no WebSocket a provider says what to do, unless it is not to connect', () => {
  vi.stubGlobal('WebSocket', undefined);
  onTestFinished(() => void vi.unstubAllGlobals());
  const options = { url: 'ws://fake', name: 'notes' };

  expect(() => new HeadwaterProvider(options)).toThrow(/import from '@headwater\/client\/node'/);
  const rendered = new HeadwaterProvider({ ...options, connect: false });
  expect(rendered.status).toBe('disconnected');
  rendered.destroy();
});

test('text that is no part of the document goes both ways', async () => {
  const server = new FakeServer();
  const provider = provide(server);
  const heard: string[] = [];
  provider.on('stateless', (payload) => heard.push(payload));
  await provider.whenSynced();

  provider.sendStateless('ping');
  await settled();

  expect(heard).toEqual(['ping']);
});

test('waiting can be given up, and ends with the provider', async () => {
  const server = new FakeServer();
  server.isReachable = false;
  vi.spyOn(console, 'error').mockImplementation(() => {});
  const provider = provide(server);
  const controller = new AbortController();
  const given = provider.whenSynced({ signal: controller.signal });
  const closed = provider.whenSynced();

  controller.abort(new Error('enough'));
  await expect(given).rejects.toThrow('enough');
  provider.destroy();

  await expect(closed).rejects.toMatchObject({ code: 'HW_PROVIDER_CLOSED' });
  await expect(provider.whenSaved()).rejects.toMatchObject({ code: 'HW_PROVIDER_CLOSED' });
});

test.each([
  [{ url: 'example.com' }, /url: "example.com" is no address/],
  [{ url: 'ftp://example.com' }, /url: .* begins with ftp:; give an address that begins with ws: or wss:/],
  [{ name: ' ' }, /name: give the name of a document/],
  [{ name: 'a\u0000b' }, /U\+0000/],
  [{ name: 'ä'.repeat(600) }, /1024 bytes/],
  [{ name: 'half a \ud83d' }, /name: .* surrogate/],
  [{ token: 7 }, /token: give a string or a function/],
  [{ document: {} }, /document: give a Y.Doc/],
  [{ awareness: {} }, /awareness: give an Awareness/],
])('the options %j throw an error that says what to do', (options, message) => {
  const server = new FakeServer();
  const create = (): HeadwaterProvider =>
    Reflect.construct(HeadwaterProvider, [
      { url: 'ws://fake', name: 'notes', WebSocket: server.WebSocket, ...options },
    ]);

  expect(create).toThrow(
    expect.objectContaining({ code: 'HW_OPTIONS_INVALID', message: expect.stringMatching(message) }),
  );
});

test('no options at all throw an error that says which are needed', () => {
  expect(() => Reflect.construct(HeadwaterProvider, [])).toThrow(
    expect.objectContaining({ code: 'HW_OPTIONS_INVALID', message: expect.stringMatching(/url.*name/) }),
  );
});

test('options that are refused leave nothing running', () => {
  vi.useFakeTimers();
  onTestFinished(() => void vi.useRealTimers());
  const server = new FakeServer();
  const options = { url: 'ws://fake', name: 'notes', WebSocket: server.WebSocket, document: new Y.Doc(), token: 7 };

  expect(() => Reflect.construct(HeadwaterProvider, [options])).toThrow(/token/);
  expect(vi.getTimerCount()).toBe(0);
});

test.each([
  ['http://example.com/', 'ws://example.com'],
  ['https://example.com/sync/', 'wss://example.com/sync'],
  ['wss://example.com/sync?tenant=a', 'wss://example.com/sync?tenant=a'],
])('the url %s is connected to as %s', (url, expected) => {
  expect(provide(new FakeServer(), { url, connect: false }).url).toBe(expected);
});
