import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { describe, expect, test } from 'vitest';
import type * as Y from 'yjs';
import { HEADWATER_BIN } from '../support/repository.ts';
import { cleanEnvironment, headwater } from '../support/run-command.ts';
import { storeDocuments, updatesOf } from '../support/stored-documents.ts';
import { TempDir } from '../support/temp-dir.ts';
import { DOCUMENT, MODES, servedPast, sharedPast, storedPast } from './recorded-past.ts';

interface MomentLine {
  readonly sequence: number;
  readonly time: string;
  readonly authors: readonly string[];
  readonly updates: number;
  readonly bytes: number;
  readonly kind: string;
  readonly versions: readonly unknown[];
}

async function list(...args: readonly string[]): Promise<readonly MomentLine[]> {
  const { stdout } = await headwater(['history', DOCUMENT, '--json', ...args]);
  const lines = stdout.toString().split('\n').slice(0, -1);
  return lines.map((line) => JSON.parse(line) as MomentLine);
}

const numbers = (moments: readonly MomentLine[]): readonly number[] => moments.map(({ sequence }) => sequence);

describe.each(MODES)('with the server %s', (mode) => {
  const shared = sharedPast(mode);

  test('history lists every moment with its time and its author', async () => {
    const past = shared.current;
    const all = past.texts.map((_, moment) => moment).slice(1);

    const moments = await list(...past.data);
    const [ada, bob] = moments.map(({ authors }) => authors);

    expect(numbers(moments)).toEqual(all);
    expect(ada).toHaveLength(1);
    expect(bob).toHaveLength(1);
    expect(ada).not.toEqual(bob);
    expect(moments.map(({ authors }) => authors)).toEqual(all.map((moment) => (moment % 2 === 1 ? ada : bob)));
    expect(moments.map(({ time }) => time)).toEqual(moments.map(({ time }) => time).toSorted());
    for (const { updates, bytes, kind } of moments) {
      expect({ updates, kind }).toEqual({ updates: 1, kind: 'record' });
      expect(bytes).toBeGreaterThan(0);
    }
  });

  test('ranges say which moments: numbers, times and labels', async () => {
    const past = shared.current;
    const last = past.texts.length - 1;
    await headwater(['versions', 'create', DOCUMENT, 'draft', '--at', '3', ...past.data]);
    const time = (await list(...past.data))[3]?.time ?? '';

    expect(numbers(await list('--after', '2', '--limit', '2', ...past.data))).toEqual([3, 4]);
    expect(numbers(await list('--limit', '2', ...past.data))).toEqual([last - 1, last]);
    expect(numbers(await list('--before', '4', '--limit', '2', ...past.data))).toEqual([2, 3]);
    expect(numbers(await list('--after', 'draft', '--before', '6', ...past.data))).toEqual([4, 5]);
    expect(numbers(await list('--after', time, ...past.data))[0]).toBeGreaterThan(4);
    expect(numbers(await list('--after', '-1h', ...past.data))).toHaveLength(last);
    expect(await list('--after', 'latest', ...past.data)).toEqual([]);
  });

  test('a document nobody stored is one line, and status 1', async () => {
    const past = shared.current;

    const result = await headwater(['history', 'nodes', ...past.data]);

    expect(result.status).toBe(1);
    expect(result.stderr).toMatch(/^headwater: [^\n]*"nodes"[^\n]* \[HW_DOCUMENT_UNKNOWN\]\n$/);
  });
});

test('for people there are columns, and versions stand beside their moment', async () => {
  await using past = await storedPast();
  await headwater(['versions', 'create', DOCUMENT, 'first\u001b[31m draft', '--at', '2', ...past.data]);

  const { stdout, stderr } = await headwater(['history', DOCUMENT, ...past.data]);
  const lines = stdout.toString().trimEnd().split('\n');

  expect(stderr).toBe('');
  expect(lines[0]).toMatch(/^ +MOMENT +TIME +UPDATES +BYTES +AUTHORS +VERSIONS$/);
  expect(lines).toHaveLength(past.texts.length);
  expect(lines[2]).toMatch(/^ +2 {2}\d{4}-\d\d-\d\dT[\d:.]+Z +1 +\d+ {2}\S+ {2}"first\\u001b\[31m draft"$/);
});

test('a long history shows its end, and says how to see the rest', async () => {
  await using directory = await TempDir.create();
  const edits = Array.from({ length: 50 }, () => (doc: Y.Doc) => doc.getText('t').insert(0, 'x'));
  await storeDocuments(directory.path, { [DOCUMENT]: { updates: updatesOf(...edits) } });
  const data = ['--data', directory.path];

  const end = await headwater(['history', DOCUMENT, ...data]);
  const pages = [...(await list('--limit', '20', ...data))];
  for (let before = pages[0]?.sequence ?? 1; before > 1; before = pages[0]?.sequence ?? 1) {
    pages.unshift(...(await list('--before', String(before), '--limit', '20', ...data)));
  }

  expect(end.stdout.toString().trimEnd().split('\n')).toHaveLength(21);
  expect(end.stderr).toMatch(/^there may be more before 31: [^\n]*--all[^\n]*\n$/);
  expect(numbers(pages)).toEqual(Array.from({ length: 50 }, (_, index) => index + 1));
  expect(numbers(await list('--all', ...data))).toEqual(numbers(pages));
});

test('a reader who has seen enough ends the listing without a complaint', async () => {
  await using directory = await TempDir.create();
  const edits = Array.from({ length: 3_000 }, () => (doc: Y.Doc) => doc.getText('t').insert(0, 'x'));
  await storeDocuments(directory.path, { [DOCUMENT]: { updates: updatesOf(...edits) } });

  const args = ['history', DOCUMENT, '--all', '--data', directory.path];
  const child = spawn(HEADWATER_BIN, args, { env: cleanEnvironment() });
  let complaints = '';
  child.stderr.on('data', (chunk: Buffer) => {
    complaints += chunk.toString();
  });
  child.stdout.once('data', () => child.stdout.destroy());
  await once(child, 'close');

  expect({ status: child.exitCode, complaints }).toEqual({ status: 0, complaints: '' });
});

test('the token of a server comes from a flag or the environment', async () => {
  await using past = await servedPast({ flags: ['--api-token', 'secret'] });
  const args = ['history', DOCUMENT, '--json'];

  const without = await headwater([...args, '--server', past.server.url]);
  const local = await headwater([...args, ...past.data]);
  const flag = await headwater([...args, '--api-token', 'secret', ...past.data]);
  const variable = await headwater([...args, '--server', past.server.url], { env: { HEADWATER_API_TOKEN: 'secret' } });

  expect(without.status).toBe(1);
  expect(without.stderr).toMatch(
    /^headwater: [^\n]+: give it with --api-token or HEADWATER_API_TOKEN \[HW_API_TOKEN_WRONG\]\n$/,
  );
  expect(flag).toMatchObject({ status: 0, stderr: '' });
  expect(local.stdout).toEqual(flag.stdout); // by the secret in the data directory
  expect(variable.stdout).toEqual(flag.stdout);
  expect(flag.stdout.toString().split('\n')).toHaveLength(past.texts.length);
});

test('a server that does not answer is one line, and status 1; an address that is none is status 2', async () => {
  const unreachable = await headwater(['history', DOCUMENT, '--server', 'http://127.0.0.1:1']);
  const wrong = await headwater(['history', DOCUMENT, '--server', 'localhost:1234']);

  expect(unreachable.status).toBe(1);
  expect(unreachable.stderr).toMatch(/^headwater: [^\n]*127\.0\.0\.1:1[^\n]* \[HW_SERVER_UNREACHABLE\]\n$/);
  expect(wrong.status).toBe(2);
  expect(wrong.stderr).toMatch(/^headwater: --server: expected an address like http[^\n]*\n$/);
});
