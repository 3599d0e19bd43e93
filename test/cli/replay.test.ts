import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { type AddressInfo, createServer, type Socket } from 'node:net';
import { stripVTControlCharacters } from 'node:util';
import { describe, expect, test } from 'vitest';
import { WebSocketServer } from 'ws';
import * as Y from 'yjs';
import { HEADWATER_BIN } from '../support/repository.ts';
import { cleanEnvironment, hasTerminal, headwater, runInTerminal } from '../support/run-command.ts';
import { ServerProcess } from '../support/server-process.ts';
import { StockClient } from '../support/stock-client.ts';
import { storeDocuments, updatesOf } from '../support/stored-documents.ts';
import { TempDir } from '../support/temp-dir.ts';
import { DOCUMENT, MODES, sharedPast, storedPast, TEXT } from './recorded-past.ts';

interface StepLine {
  readonly sequence: number;
  readonly time: string | null;
  readonly author: string | null;
  readonly kind: string;
  readonly update: string;
}

async function stepsOf(...args: readonly string[]): Promise<readonly StepLine[]> {
  const { stdout } = await headwater(['replay', DOCUMENT, '--json', ...args]);
  const lines = stdout.toString().split('\n').slice(0, -1);
  return lines.map((line) => JSON.parse(line) as StepLine);
}

describe.each(MODES)('with the server %s', (mode) => {
  const shared = sharedPast(mode);

  test('every step, applied in its turn, gives the text of its moment', async () => {
    const past = shared.current;
    const doc = new Y.Doc();

    const steps = await stepsOf(...past.data);

    const texts = steps.map(({ update }) => {
      Y.applyUpdate(doc, Buffer.from(update, 'base64'));
      return doc.getText(TEXT).toString();
    });
    expect(texts).toEqual(past.texts.slice(1));
    expect(steps.map(({ sequence }) => sequence)).toEqual(texts.map((_, index) => index + 1));
    expect(new Set(steps.map(({ author }) => author)).size).toBe(2);
  });

  test('--from begins with the state of that moment, --to is the last', async () => {
    const past = shared.current;
    const doc = new Y.Doc();

    const steps = await stepsOf('--from', '3', '--to', '6', ...past.data);

    for (const { update } of steps) Y.applyUpdate(doc, Buffer.from(update, 'base64'));
    expect(steps.map(({ sequence, kind }) => [sequence, kind])).toEqual([
      [3, 'state'],
      [4, 'update'],
      [5, 'update'],
      [6, 'update'],
    ]);
    expect(doc.getText(TEXT).toString()).toBe(past.texts[6]);
  });

  test('into a pipe goes the text of the end, and nothing else', async () => {
    const past = shared.current;

    const whole = await headwater(['replay', DOCUMENT, ...past.data]);
    const part = await headwater(['replay', DOCUMENT, '--to', '4', '--root', TEXT, ...past.data]);

    expect(whole).toMatchObject({ status: 0, stdout: Buffer.from(past.texts.at(-1) ?? ''), stderr: '' });
    expect(part).toMatchObject({ status: 0, stdout: Buffer.from(past.texts[4] ?? ''), stderr: '' });
  });

  test('--into plays into a document on another server, which has all of it then', async () => {
    const past = shared.current;
    await using other = await ServerProcess.start();
    const url = `${other.url}/a%2Fcopy`;

    const result = await headwater(['replay', DOCUMENT, '--into', url, ...past.data]);

    expect(result).toMatchObject({ status: 0, stderr: `${url} holds ${DOCUMENT} up to moment 8\n` });
    await other.kill9(); // what it said it has must be on disk
    const { stdout } = await headwater(['export', 'a/copy', '--format', 'text', '--data', other.data]);
    expect(stdout.toString()).toBe(past.texts.at(-1));
  });
});

test('whoever has the other document open sees it grow, and keeps what they typed', async () => {
  await using past = await storedPast();
  await using other = await ServerProcess.start();
  await using reader = await new StockClient(other.url, 'live').synced();
  const text = reader.doc.getText(TEXT);
  text.insert(0, 'MINE ');
  const seen = new Set<number>();
  text.observe(() => void seen.add(text.length));

  const played = headwater(['replay', DOCUMENT, '--into', `${other.url}/live`, '--speed', '0.2', ...past.data]);
  await reader.until(() => text.toString().replace('MINE ', '') === past.texts.at(-1), 'the end of the replay');

  expect((await played).status).toBe(0);
  expect(text.toString()).toContain('MINE ');
  expect(seen.size).toBeGreaterThan(3);
});

test('Ctrl-C ends a replay into a document behind a moment, and --from goes on', async () => {
  await using past = await storedPast();
  await using other = await ServerProcess.start();
  await using reader = await new StockClient(other.url, 'live').synced();
  const text = reader.doc.getText(TEXT);
  // so slow that it waits two seconds before each moment
  const args = ['replay', DOCUMENT, '--into', `${other.url}/live`, '--speed', '0.0001', ...past.data];

  const child = spawn(HEADWATER_BIN, args, { env: cleanEnvironment() });
  let said = '';
  child.stderr.on('data', (chunk: Buffer) => {
    said += chunk.toString();
  });
  await reader.until(() => text.toString() === past.texts[2], 'the second moment');
  child.kill('SIGINT');
  await once(child, 'close');
  const rest = await headwater(['replay', DOCUMENT, '--into', `${other.url}/live`, '--from', '1', ...past.data]);

  expect(child.exitCode).toBe(130);
  expect(said).toMatch(/^stopped: ws:\S+\/live holds notes up to moment [12] of 8\n$/);
  expect(rest.status).toBe(0);
  await reader.until(() => text.toString() === past.texts.at(-1), 'the rest');
});

test('Ctrl-C ends one that waits for a server which never answers', async () => {
  await using past = await storedPast();
  const silent = createServer(() => {});
  silent.listen(0, '127.0.0.1');
  await once(silent, 'listening');
  const url = `ws://127.0.0.1:${(silent.address() as AddressInfo).port}/notes`;

  const child = spawn(HEADWATER_BIN, ['replay', DOCUMENT, '--into', url, ...past.data], { env: cleanEnvironment() });
  let said = '';
  child.stderr.on('data', (chunk: Buffer) => {
    said += chunk.toString();
  });
  const [socket] = (await once(silent, 'connection')) as [Socket];
  child.kill('SIGINT');
  await once(child, 'close');
  socket.destroy();
  silent.close();

  expect(child.exitCode).toBe(130);
  expect(said).toBe(`stopped: ${url} holds ${DOCUMENT} up to moment 0 of 8\n`);
});

test('an address without a document, one where nobody is, and one that refuses are one line', async () => {
  await using past = await storedPast();
  await using other = await ServerProcess.start();
  const into = (url: string) => headwater(['replay', DOCUMENT, '--into', url, ...past.data]);

  const none = await into(other.url);
  const nobody = await into('ws://127.0.0.1:1/notes');
  const refused = await into(`${other.url}/%ff`);

  expect(none).toMatchObject({
    status: 2,
    stderr: `headwater: --into: expected the address of a document like ws://localhost:1234/NAME, got ${other.url}\n`,
  });
  expect(nobody.status).toBe(1);
  expect(nobody.stderr).toMatch(
    /^headwater: cannot connect to ws:\/\/127\.0\.0\.1:1\/notes: [^\n]*ECONNREFUSED[^\n]*\n$/,
  );
  expect(refused.status).toBe(1);
  expect(refused.stderr).toMatch(/^headwater: cannot connect to [^\n]+: the server answered 400, [^\n]+\n$/);
});

test('a server that closes the connection half way is one line that says where', async () => {
  await using past = await storedPast();
  const server = new WebSocketServer({ port: 0 });
  await once(server, 'listening');
  server.on('connection', (socket) => socket.on('message', () => socket.close(1013, 'HW_RATE_EXCEEDED: slower')));
  const url = `ws://127.0.0.1:${(server.address() as AddressInfo).port}/notes`;

  const result = await headwater(['replay', DOCUMENT, '--into', url, ...past.data]);
  server.close();

  expect(result.status).toBe(1);
  expect(result.stderr).toMatch(
    /^headwater: ws:\S+: the connection closed: 1013 HW_RATE_EXCEEDED: slower \(at moment \d; --from \d goes on\)\n$/,
  );
});

test('a reader who has seen enough ends the replay without a complaint', async () => {
  await using directory = await TempDir.create();
  const edits = Array.from({ length: 3_000 }, () => (doc: Y.Doc) => doc.getText('t').insert(0, 'x'));
  await storeDocuments(directory.path, { [DOCUMENT]: { updates: updatesOf(...edits) } });

  const args = ['replay', DOCUMENT, '--json', '--data', directory.path];
  const child = spawn(HEADWATER_BIN, args, { env: cleanEnvironment() });
  let complaints = '';
  child.stderr.on('data', (chunk: Buffer) => {
    complaints += chunk.toString();
  });
  child.stdout.once('data', () => child.stdout.destroy());
  await once(child, 'close');

  expect({ status: child.exitCode, complaints }).toEqual({ status: 0, complaints: '' });
});

test('what cannot be played is status 2', async () => {
  await using past = await storedPast();
  const run = (...args: readonly string[]) => headwater(['replay', DOCUMENT, ...args, ...past.data]);

  expect((await run('--from', '5', '--to', '2')).stderr).toBe(
    'headwater: --from is moment 5 and --to moment 2: a replay goes forward\n',
  );
  expect((await run('--root', 'nothing')).stderr).toBe(
    `headwater: the document has no root type nothing; it has ${TEXT}\n`,
  );
  expect((await run('--json', '--into', 'ws://localhost/x')).status).toBe(2);
  expect((await run('--speed', '0')).stderr).toMatch(/^headwater: option '--speed <number>' argument '0' is invalid\./);
});

describe.skipIf(!hasTerminal)('on a terminal', () => {
  test('the text grows below a bar, and its last picture stays', async () => {
    await using past = await storedPast();

    const { status, text } = await runInTerminal(['replay', DOCUMENT, '--speed', '0.05', ...past.data]);
    const pictures = text.split('\u001b[?2026h').slice(1).map(shownIn);

    expect(status).toBe(0);
    const bodies = pictures.map(({ body }) => body);
    expect(bodies.at(-1)).toEqual((past.texts.at(-1) ?? '').split('\n'));
    expect(new Set(bodies.map((body) => body.join('\n'))).size).toBeGreaterThan(3);
    expect(pictures.map(({ filled }) => filled)).toEqual(
      pictures.map(({ filled }) => filled).toSorted((a, b) => a - b),
    );
    expect(pictures.at(-1)).toMatchObject({ filled: 1, status: expect.stringMatching(/^8 of 8 · \d{4}-/) });
    expect(text).toContain('\u001b[?25h'); // the cursor is back
  });

  test('Ctrl-C ends it, and gives the terminal back', async () => {
    await using past = await storedPast();

    const { status, text } = await runInTerminal(['replay', DOCUMENT, '--speed', '0.0001', ...past.data], /1 of 8/);

    expect(status).toBe(130);
    expect(text.trimEnd().endsWith('\u001b[?25h')).toBe(true);
  });
});

/** What one picture shows, without the signs that draw it. */
function shownIn(picture: string): { body: string[]; filled: number; status: string } {
  const plain = stripVTControlCharacters(picture).replaceAll('\r', '');
  const lines = plain.split('\n').map((line) => line.trimEnd());
  const barAt = lines.findIndex((line) => /^[█░]+$/.test(line));
  const bar = lines[barAt] ?? '';
  const body = lines.slice(0, barAt);
  while (body.at(-1) === '') body.pop();
  return { body, filled: bar.replaceAll('░', '').length / bar.length, status: lines[barAt + 1] ?? '' };
}
