import { once } from 'node:events';
import { existsSync } from 'node:fs';
import { mkdir, writeFile } from 'node:fs/promises';
import { type AddressInfo, createServer } from 'node:net';
import { expect, test } from 'vitest';
import { hasTerminal, headwater, runInTerminal } from '../support/run-command.ts';
import { ServerProcess } from '../support/server-process.ts';
import { StockClient } from '../support/stock-client.ts';
import { TempDir } from '../support/temp-dir.ts';

/** Makes a server process throw, or reject, on SIGUSR2: a bug of ours on demand. */
const bugOnSignal = (statement: string): string =>
  `--import=data:text/javascript,${encodeURIComponent(`process.on("SIGUSR2", () => { ${statement}; })`)}`;

test('says in one JSON line where it listens and where it keeps documents', async () => {
  await using server = await ServerProcess.start();

  expect(server.logs).toEqual([
    {
      level: 'info',
      time: expect.stringMatching(/^\d{4}-\d\d-\d\dT/),
      msg: 'listening',
      host: '127.0.0.1',
      port: server.port,
      data: server.data,
    },
  ]);
});

test('creates its data directory, with those above it', async () => {
  await using directory = await TempDir.create();
  const data = directory.join('not', 'there', 'yet');

  await using server = await ServerProcess.start({ data });

  expect(existsSync(server.data)).toBe(true);
});

test.each(['SIGTERM', 'SIGINT'] as const)(
  '%s stops gracefully: sockets are closed with 1012, the status is 0',
  async (signal) => {
    await using server = await ServerProcess.start();
    await using client = await new StockClient(server.url, 'doc').synced();

    server.signal(signal);

    expect(await server.ended()).toEqual({ status: 0, signal: null });
    await client.disconnected();
    expect(client.closeCodes[0]).toBe(1012);
    expect(server.logs.at(-1)?.msg).toBe('stopped');
  },
);

test('the same key press arriving twice still stops gracefully', async () => {
  await using server = await ServerProcess.start();

  server.signal('SIGINT');
  server.signal('SIGINT');

  expect(await server.ended()).toEqual({ status: 0, signal: null });
});

test.each([
  ['an uncaught exception', 'throw new Error("a bug")', 'uncaught exception'],
  ['an unhandled rejection', 'Promise.reject(new Error("a bug"))', 'unhandled rejection'],
])('%s ends the process with a fatal log line', async (_what, statement, message) => {
  await using server = await ServerProcess.start({ env: { NODE_OPTIONS: bugOnSignal(statement) } });

  server.signal('SIGUSR2');

  expect(await server.ended()).toEqual({ status: 1, signal: null });
  expect(server.logs.at(-1)).toMatchObject({ level: 'fatal', msg: message, err: { message: 'a bug' } });
});

test('a port in use is one line that names it, and status 1', async () => {
  await using directory = await TempDir.create();
  const taken = createServer().listen(0, '127.0.0.1');
  await once(taken, 'listening');
  const { port } = taken.address() as AddressInfo;

  const result = await headwater(['serve', '--port', String(port), '--data', directory.path]);
  taken.close();

  expect(result.status).toBe(1);
  expect(oneLine(result.stderr)).toContain(`127.0.0.1:${port}`);
  expect(oneLine(result.stderr)).toContain('[HW_LISTEN_FAILED]');
});

test('a data directory another server holds is one line, and status 1', async () => {
  await using server = await ServerProcess.start();

  const result = await headwater(['serve', '--port', '0', '--data', server.data]);

  expect(result.status).toBe(1);
  expect(oneLine(result.stderr)).toContain(server.data);
  expect(oneLine(result.stderr)).toContain('[HW_STORE_LOCKED]');
});

test('a data directory that is a file is one line, and status 1', async () => {
  await using directory = await TempDir.create();
  await writeFile(directory.join('file'), '');

  const result = await headwater(['serve', '--port', '0', '--data', directory.join('file')]);

  expect(result.status).toBe(1);
  expect(oneLine(result.stderr)).toContain(directory.join('file'));
  expect(oneLine(result.stderr)).toContain('[HW_STORE_UNUSABLE]');
});

test('a bad flag is one line that says what was expected, and status 2', async () => {
  const result = await headwater(['serve', '--port', 'abc']);

  expect(result.status).toBe(2);
  expect(result.stderr).toBe(
    'headwater: --port: expected a whole number, 0 to 65535, got "abc" [HW_OPTIONS_INVALID]\n',
  );
});

test('an unknown flag suggests the nearest one, with status 2', async () => {
  const result = await headwater(['serve', '--prot', '1']);

  expect(result).toMatchObject({ status: 2, stderr: "headwater: unknown option '--prot' (Did you mean --port?)\n" });
});

test('a failure shows its stack only with --log-level debug', async () => {
  await using directory = await TempDir.create();
  await writeFile(directory.join('file'), '');
  const args = ['serve', '--port', '0', '--data', directory.join('file')];

  const quiet = await headwater(args);
  const loud = await headwater([...args, '--log-level', 'debug']);

  expect(quiet.stderr).not.toMatch(/^\s+at /m);
  expect(loud.stderr).toMatch(/^\s+at /m);
});

test('the config file of the working directory is read, and an unknown variable is warned about', async () => {
  await using directory = await TempDir.create();
  await mkdir(directory.join('work'));
  await writeFile(directory.join('work', 'headwater.config.json'), '{ "logLevel": "warn", "port": "abc" }');

  const result = await headwater(['serve'], { cwd: directory.join('work'), env: { HEADWATER_PROT: '1' } });

  expect(result.status).toBe(2);
  expect(oneLine(result.stderr)).toContain('port in config file headwater.config.json: expected a whole number');
});

test.skipIf(!hasTerminal)('on a terminal it says where to connect, where documents are, and how to begin', async () => {
  await using directory = await TempDir.create();

  const { status, text } = await runInTerminal(['serve', '--port', '0', '--data', directory.path], /from y-websocket/);

  expect(status).toBe(0);
  expect(text).toMatch(/Headwater is listening on ws:\/\/127\.0\.0\.1:\d+/);
  expect(text).toContain(directory.path);
  expect(text).toMatch(/open http:\/\/127\.0\.0\.1:\d+ in two windows/);
  expect(text).toMatch(/new WebsocketProvider\('ws:\/\/127\.0\.0\.1:\d+', 'my-document', new Y\.Doc\(\)\)/);
});

/** The one line that something printed; fails when it printed more or less. */
function oneLine(text: string): string {
  expect(text.trimEnd().split('\n')).toHaveLength(1);
  return text.trimEnd();
}
