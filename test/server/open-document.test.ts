import { MemoryStore } from '@headwater/persistence';
import { createServer, type HeadwaterServer, type ServerOptions, type ServerParts } from '@headwater/server';
import { afterEach, describe, expect, test, vi } from 'vitest';
import type * as Y from 'yjs';
import { LocalDocuments } from '../../server/src/local/local-documents.ts';
import { HocuspocusClient } from '../support/hocuspocus-client.ts';
import { StockClient } from '../support/stock-client.ts';
import { TempDir } from '../support/temp-dir.ts';
import { ControlledStore } from './controlled-store.ts';
import { enter, FakeSession, openHouse, Typist, turn } from './support.ts';

/** For a machine that does much else. */
const PATIENT = { timeout: 20_000 };

let server: HeadwaterServer;
let url: string;

async function start(options: ServerParts & ServerOptions = {}): Promise<void> {
  server = await createServer({ port: 0, store: new MemoryStore(), ...options });
  const { port } = await server.listen();
  url = `ws://127.0.0.1:${port}`;
}

const textOf = (doc: Y.Doc): string => doc.getText('text').toString();

function houseWithLocals() {
  const house = openHouse();
  const logger = { debug: () => {}, info: () => {}, warn: () => {}, error: vi.fn<() => void>() };
  return { ...house, logger, locals: new LocalDocuments({ registry: house.registry, logger }) };
}

describe('a document that the server opens', () => {
  afterEach(() => server.close());

  test('is edited together with real clients', async () => {
    await start();
    await using ada = await new StockClient(url, 'doc').synced();
    ada.doc.getText('text').insert(0, 'before ');
    await using bob = await new HocuspocusClient(url, 'doc').synced();
    await bob.until(() => textOf(bob.doc) === 'before ', 'the first edit');

    await using opened = await server.open('doc');
    expect(textOf(opened.document)).toBe('before ');
    opened.document.getText('text').insert(7, 'server ');
    ada.doc.getText('text').insert(0, 'ada ');
    bob.text.insert(0, 'bob ');

    await vi.waitFor(() => expect(textOf(opened.document)).toHaveLength(22), PATIENT);
    for (const client of [ada, bob]) await client.until(() => textOf(client.doc).length === 22, 'all edits');
    expect(textOf(ada.doc)).toBe(textOf(opened.document));
    expect(textOf(bob.doc)).toBe(textOf(opened.document));
  });

  test('is saved when whenSaved resolves, and there after a restart', async () => {
    await using directory = await TempDir.create();
    server = await createServer({ data: directory.path });
    const opened = await server.open('doc', { user: 'importer' });
    opened.document.getText('text').insert(0, 'kept');
    await opened.whenSaved();
    await server.close();

    server = await createServer({ data: directory.path });
    await using again = await server.open('doc');

    expect(textOf(again.document)).toBe('kept');
  });

  test('has its edits attributed in the history: to whom it was opened for, or to the server', async () => {
    const store = new ControlledStore();
    await start({ store });
    await using named = await server.open('doc', { user: 'importer' });
    await using nameless = await server.open('doc');
    named.document.getText('text').insert(0, 'a');
    await named.whenSaved();
    nameless.document.getText('text').insert(0, 'b');
    await nameless.whenSaved();

    expect(store.changes.flatMap(({ entries }) => entries.map(({ author }) => author))).toEqual(['importer', 'server']);
    const ranges = await server.history.attribution('doc', 2);
    expect(ranges.map(({ author }) => author)).toEqual(['importer', 'server']);
  });

  test('answers what it observes, as a bot does', async () => {
    await start();
    await using bot = await server.open('doc');
    bot.document.getText('text').observe((event, { origin }) => {
      if (origin === bot) bot.document.getText('answers').insert(0, `${event.changes.delta.length}`);
    });
    await using ada = await new StockClient(url, 'doc').synced();

    ada.doc.getText('text').insert(0, 'question');

    await ada.until(() => ada.doc.getText('answers').length > 0, 'the answer');
    expect(ada.doc.getText('answers').toString()).toBe('1');
  });

  test('stays in memory as long as it is open', async () => {
    await start({ unloadAfterMs: 0 });
    const opened = await server.open('doc');
    opened.document.getText('text').insert(0, 'x');
    await opened.whenSaved();
    expect(server.health.documents).toBe(1);

    await opened.close();

    await vi.waitFor(() => expect(server.health.documents).toBe(0), PATIENT);
  });

  test('with an impossible name, or for nobody, is an error', async () => {
    await start();

    await expect(server.open('')).rejects.toMatchObject({ code: 'HW_NAME_INVALID' });
    await expect(server.open('doc', { user: '' })).rejects.toMatchObject({ code: 'HW_OPTIONS_INVALID' });
  });

  test('that cannot be read is an error', async () => {
    const store = new ControlledStore();
    await start({ store });
    store.loadError = new Error('the disk is gone');

    await expect(server.open('doc')).rejects.toThrow('the disk is gone');
  });

  test('is no more after the server was closed, and what is not saved is said to be so', async () => {
    const store = new ControlledStore();
    await start({ store, shutdownTimeoutMs: 50 });
    const saved = await server.open('saved');
    const unsaved = await server.open('unsaved');
    saved.document.getText('text').insert(0, 'x');
    await saved.whenSaved();
    const release = store.holdSyncs();
    unsaved.document.getText('text').insert(0, 'x');
    const waiting = unsaved.whenSaved().catch((error: unknown) => error);
    await vi.waitFor(() => expect(store.changes).toHaveLength(2), PATIENT);

    await server.close();

    expect(await waiting).toMatchObject({ code: 'HW_SHUTTING_DOWN' });
    await saved.close();
    await expect(unsaved.close()).rejects.toMatchObject({ code: 'HW_SHUTTING_DOWN' });
    await expect(server.open('doc')).rejects.toMatchObject({ code: 'HW_SHUTTING_DOWN' });
    release();
  });
});

describe('whenSaved', () => {
  afterEach(() => server.close());

  test('waits for the fsync, of the edits made so far', async () => {
    const store = new ControlledStore();
    await start({ store });
    await using opened = await server.open('doc');
    await opened.whenSaved(); // nothing to wait for
    const releaseFirst = store.holdSyncs();
    opened.document.getText('text').insert(0, 'first');
    let isSaved = false;
    const first = opened.whenSaved().then(() => (isSaved = true));
    await vi.waitFor(() => expect(store.changes).toHaveLength(1), PATIENT);
    const releaseSecond = store.holdSyncs();
    opened.document.getText('text').insert(0, 'second');
    await vi.waitFor(() => expect(store.changes).toHaveLength(2), PATIENT);
    expect(isSaved).toBe(false);

    releaseFirst();

    await first;
    const second = opened.whenSaved();
    releaseSecond();
    await second;
  });

  test('can be given up, which undoes nothing', async () => {
    const store = new ControlledStore();
    await start({ store });
    await using opened = await server.open('doc');
    const release = store.holdSyncs();
    opened.document.getText('text').insert(0, 'x');
    const aborting = new AbortController();
    const waiting = opened.whenSaved({ signal: aborting.signal });

    aborting.abort(new Error('enough'));

    await expect(waiting).rejects.toThrow('enough');
    release();
    await opened.whenSaved();
    await expect(opened.whenSaved({ signal: aborting.signal })).rejects.toThrow('enough');
  });
});

describe('closing an open document', () => {
  afterEach(() => server.close());

  test('waits until its edits are saved; later ones stay where they are, and nothing comes any more', async () => {
    const store = new ControlledStore();
    await start({ store });
    const opened = await server.open('doc');
    const release = store.holdSyncs();
    opened.document.getText('text').insert(0, 'mine ');
    await vi.waitFor(() => expect(store.changes).toHaveLength(1), PATIENT);
    let isClosed = false;
    const closing = opened.close().then(() => (isClosed = true));
    expect(opened.close()).toBe(opened.close());
    opened.document.getText('text').insert(0, 'too late ');
    await using ada = await new StockClient(url, 'doc').synced();
    ada.doc.getText('text').insert(0, 'ada ');
    await vi.waitFor(() => expect(store.changes).toHaveLength(2), PATIENT);
    expect(isClosed).toBe(false);

    release();
    await closing;

    expect(textOf(opened.document)).toBe('too late mine ');
    expect(textOf(ada.doc)).toBe('ada mine ');
  });

  test('happens by itself when the Y.Doc is destroyed', async () => {
    await start({ unloadAfterMs: 0 });
    const opened = await server.open('doc');

    opened.document.destroy();

    await vi.waitFor(() => expect(server.health.documents).toBe(0), PATIENT);
  });
});

describe('an open document, whatever happens around it,', () => {
  test('costs nobody anything when somebody who observes it throws', async () => {
    const { registry, locals, logger } = houseWithLocals();
    const opened = await locals.open('doc', {});
    opened.document.on('update', () => {
      throw new Error('a mistake');
    });
    const reader = enter(await registry.open('doc'));
    const hosted = await registry.open('doc');

    hosted.receive(new FakeSession('bob'), new Typist(1).type('hello'));
    await turn();
    await turn();

    expect(reader.text()).toBe('hello');
    expect(textOf(opened.document)).toBe('hello');
    expect(logger.error).toHaveBeenCalledOnce();
  });

  test('goes on when the document is loaded anew, with what was edited meanwhile, and says saved only then', async () => {
    const { registry, locals, store } = houseWithLocals();
    const opened = await locals.open('doc', {});
    opened.document.getText('text').insert(0, '1');
    await opened.whenSaved();
    const releaseLoads = store.holdLoads();
    registry.outdateAll();
    opened.document.getText('text').insert(1, '2');
    const saved = opened.whenSaved();
    const releaseSyncs = store.holdSyncs();
    let isSaved = false;
    void saved.then(() => (isSaved = true));
    releaseLoads();
    await vi.waitFor(() => expect(store.changes).toHaveLength(2), PATIENT);
    opened.document.getText('text').insert(2, '3');
    expect(isSaved).toBe(false);

    releaseSyncs();
    await opened.whenSaved();

    expect(enter(await registry.open('doc')).text()).toBe('123');
  });

  test('tries again when the document cannot be had at first', async () => {
    const { registry, locals, store } = houseWithLocals();
    const opened = await locals.open('doc', {});
    store.loadError = new Error('not now');
    registry.outdateAll();
    await vi.waitFor(() => expect(store.loads).toBeGreaterThan(1), PATIENT);
    opened.document.getText('text').insert(0, 'x');

    store.loadError = undefined;

    await opened.whenSaved();
    expect(enter(await registry.open('doc')).text()).toBe('x');
  });

  test('may be closed while it is loaded anew: what it has is saved first', async () => {
    const { registry, locals, store } = houseWithLocals();
    const opened = await locals.open('doc', {});
    const release = store.holdLoads();
    registry.outdateAll();
    opened.document.getText('text').insert(0, 'x');
    const closed = opened.close();

    release();
    await closed;

    expect(enter(await registry.open('doc')).text()).toBe('x');
  });

  test('is never called saved again once an edit could not be taken up', async () => {
    const { locals } = houseWithLocals();
    const opened = await locals.open('doc', {});
    let tooDeep: unknown = 0;
    for (let i = 0; i < 600; i++) tooDeep = [tooDeep];

    expect(() => opened.document.getMap('map').set('deep', tooDeep)).toThrow(
      expect.objectContaining({ code: 'HW_UPDATE_MALFORMED' }),
    );

    await expect(opened.whenSaved()).rejects.toMatchObject({ code: 'HW_UPDATE_MALFORMED' });
    opened.document.getText('text').insert(0, 'later');
    await expect(opened.whenSaved()).rejects.toMatchObject({ code: 'HW_UPDATE_MALFORMED' });
    await expect(opened.close()).rejects.toMatchObject({ code: 'HW_UPDATE_MALFORMED' });
  });
});
