import { existsSync } from 'node:fs';
import { readFile, stat, writeFile } from 'node:fs/promises';
import { HistoryClient } from '@headwater/client/history';
import { MemoryStore } from '@headwater/persistence';
import { createServer } from '@headwater/server';
import { describe, expect, test } from 'vitest';
import { findRunningServer } from '../../server/src/lifecycle/runtime-file.ts';
import { ServerProcess } from '../support/server-process.ts';
import { TempDir } from '../support/temp-dir.ts';

const FILE = 'headwater-server.json';

test('a server that listens leaves word of itself, for its owner alone, and takes it back when it stops', async () => {
  await using directory = await TempDir.create();
  await using server = await ServerProcess.start({ data: directory.path });
  const file = directory.join(FILE);

  expect(JSON.parse(await readFile(file, 'utf8'))).toEqual({
    url: `http://127.0.0.1:${server.port}`,
    pid: server.pid,
    secret: expect.any(String),
  });
  expect((await stat(file)).mode & 0o777).toBe(0o600);
  const found = await findRunningServer(directory.path);
  expect(await new HistoryClient(found?.url ?? '').documents()).toEqual({ documents: [] });

  await server.stop();

  expect(existsSync(file)).toBe(false);
});

test('of a server that was killed only the file is left, and nobody takes it for a running one', async () => {
  await using directory = await TempDir.create();
  await using server = await ServerProcess.start({ data: directory.path });
  await server.kill9();

  expect(existsSync(directory.join(FILE))).toBe(true);
  expect(await findRunningServer(directory.path)).toBeUndefined();

  await server.restart();
  expect(await findRunningServer(directory.path)).toEqual({
    url: `http://127.0.0.1:${server.port}`,
    pid: server.pid,
    secret: expect.any(String),
  });
});

describe('what is no word of a server', () => {
  test.each([
    ['nothing', ''],
    ['half of it', '{"url":"http://127.0'],
    ['another file', '{"hello":1}'],
    ['no address', `{"url":"here","pid":${process.pid}}`],
    ['another kind of address', `{"url":"file:///etc/passwd","pid":${process.pid}}`],
    ['no process', '{"url":"http://127.0.0.1:1","pid":-1}'],
  ])('%s', async (_, content) => {
    await using directory = await TempDir.create();
    await writeFile(directory.join(FILE), content);

    expect(await findRunningServer(directory.path)).toBeUndefined();
  });

  test('no file at all', async () => {
    await using directory = await TempDir.create();

    expect(await findRunningServer(directory.join('nowhere'))).toBeUndefined();
  });
});

test.each([
  ['0.0.0.0', 'http://127.0.0.1'],
  ['::', 'http://[::1]'],
  ['localhost', 'http://'],
])('a server on %s is found where this machine reaches it', async (host, beginning) => {
  await using directory = await TempDir.create();
  await using server = await createServer({ port: 0, host, data: directory.path });
  await server.listen();

  const found = await findRunningServer(directory.path);

  expect(found?.url.startsWith(beginning)).toBe(true);
  expect(await new HistoryClient(found?.url ?? '').documents()).toEqual({ documents: [] });
});

test('a server that was handed its store has no directory to leave word in', async () => {
  await using directory = await TempDir.create();
  await using server = await createServer({ port: 0, data: directory.path, store: new MemoryStore() });
  await server.listen();

  expect(existsSync(directory.join(FILE))).toBe(false);
});
