import { execFile } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { LevelStore, MemoryStore } from '@headwater/persistence';
import { createServer } from '@headwater/server';
import { describe, expect, test } from 'vitest';
import { RawClient } from '../support/raw-client.ts';
import { TempDir } from '../support/temp-dir.ts';
import { syncStep1, updateFrame } from '../support/wire.ts';
import { ControlledStore } from './controlled-store.ts';
import { deferred } from './deferred.ts';
import { Typist, turn } from './support.ts';

const CHILD = fileURLToPath(new URL('close-child.js', import.meta.url));

/** Sends one edit to a document and waits until it comes back. */
async function sendEdit(url: string, text: string): Promise<void> {
  await using client = await RawClient.connect(url);
  client.send(syncStep1());
  client.send(updateFrame(new Typist(1).type(text)));
  await client.next((message) => message[0] === 0 && message[1] === 2);
}

describe('closing a server', () => {
  test('leaves no timer, socket or thread behind, whatever its clients do', async () => {
    const { stdout } = await promisify(execFile)(process.execPath, [CHILD]);

    expect(JSON.parse(stdout)).toEqual({ connections: 0, left: [] });
  });

  test('a second close is the first', async () => {
    const server = await createServer({ port: 0, store: new MemoryStore() });
    await server.listen();

    const first = server.close();

    expect(server.close()).toBe(first);
    await first;
    expect(server.close()).toBe(first);
    expect(server.health.status).toBe('stopping');
  });

  test('tells clients with 1012, after everything they sent is durable', async () => {
    const store = new ControlledStore();
    const server = await createServer({ port: 0, store });
    const { port } = await server.listen();
    await using client = await RawClient.connect(`ws://127.0.0.1:${port}/doc`);
    const release = store.holdSyncs();
    const appended = deferred();
    store.onAppend = appended.resolve;
    client.send(updateFrame(new Typist(1).type('unsaved')));
    await appended.promise;

    const closed = server.close();
    await turn();
    const stateBefore = client.socket.readyState;
    release();
    await closed;

    expect(stateBefore).toBe(client.socket.OPEN);
    expect((await client.closed).code).toBe(1012);
  });

  test('with a real store, what was sent is there at the next start', async () => {
    await using directory = await TempDir.create();
    const server = await createServer({ port: 0, data: directory.path });
    const { port } = await server.listen();
    await sendEdit(`ws://127.0.0.1:${port}/doc`, 'kept');
    await server.close();

    await using store = await LevelStore.open(directory.path);
    expect((await store.load('doc')).tail.flatMap(({ entries }) => entries)).toHaveLength(1);
  });

  test('ends in time when the store cannot write', async () => {
    const store = new ControlledStore();
    const logged: string[] = [];
    const log = (_fields: object, message: string): void => void logged.push(message);
    const logger = { debug: log, info: log, warn: log, error: log };
    const server = await createServer({ port: 0, store, logger, shutdownTimeoutMs: 50 });
    const { port } = await server.listen();
    const release = store.holdSyncs();
    await sendEdit(`ws://127.0.0.1:${port}/doc`, 'unsaved');

    await server.close();

    expect(logged).toContain('stopping with unsaved edits: the store does not write');
    release();
  });
});
