import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { readdir, rm, writeFile } from 'node:fs/promises';
import { expect, test } from 'vitest';
import { HEADWATER_BIN } from '../support/repository.ts';
import { cleanEnvironment, headwater } from '../support/run-command.ts';
import { type DocumentToStore, storeDocuments, updateOf } from '../support/stored-documents.ts';
import { TempDir } from '../support/temp-dir.ts';

const update = updateOf((doc) => doc.getText('text').insert(0, 'hello'));
const stored = (...names: readonly string[]): Record<string, DocumentToStore> =>
  Object.fromEntries(names.map((name) => [name, { updates: [update] }]));

async function namesOf(...args: readonly string[]): Promise<readonly string[]> {
  const { stdout } = await headwater(['documents', '--json', ...args]);
  const lines = stdout.toString().split('\n').slice(0, -1);
  return lines.map((line) => (JSON.parse(line) as { documentName: string }).documentName);
}

test('lists sizes and times, a document a line', async () => {
  await using directory = await TempDir.create();
  await storeDocuments(directory.path, { notes: { updates: [update], waiting: [update] } });

  const { stdout } = await headwater(['documents', '--json', '--data', directory.path]);

  const isoTime: unknown = expect.stringMatching(/^\d{4}-\d\d-\d\dT[\d:.]+Z$/);
  expect(JSON.parse(stdout.toString())).toEqual({
    documentName: 'notes',
    snapshotBytes: 0,
    tailRecords: 1,
    tailBytes: expect.any(Number),
    waitingUpdates: 1,
    quarantinedUpdates: 0,
    sequence: 1,
    created: isoTime,
    updated: isoTime,
  });
});

test('for people there are columns, and names that would disturb a terminal are quoted', async () => {
  await using directory = await TempDir.create();
  await storeDocuments(directory.path, stored('plain', 'two words', 'escape\u001b[31m\n'));

  const { stdout } = await headwater(['documents', '--data', directory.path]);
  const lines = stdout.toString().trimEnd().split('\n');

  expect(lines[0]).toMatch(/^ +SNAPSHOT +UPDATES +BYTES +WAITING +ASIDE +CHANGED +NAME$/);
  expect(lines.slice(1).map((line) => line.slice(lines[0]?.indexOf('NAME')))).toEqual([
    '"escape\\u001b[31m\\n"',
    'plain',
    '"two words"',
  ]);
});

test('--prefix selects, a document named like the prefix included', async () => {
  await using directory = await TempDir.create();
  await storeDocuments(directory.path, stored('a', 'team', 'team/1', 'team/2', 'teaming', 'z'));

  expect(await namesOf('--prefix', 'team', '--data', directory.path)).toEqual(['team', 'team/1', 'team/2', 'teaming']);
  expect(await namesOf('--prefix', 'team/', '--data', directory.path)).toEqual(['team/1', 'team/2']);
  expect(await namesOf('--prefix', 'nobody', '--data', directory.path)).toEqual([]);
});

test('--limit and --after make pages that miss nothing and repeat nothing', async () => {
  await using directory = await TempDir.create();
  const all = ['a', 'b/1', 'b/2', 'b/3', 'b/4', 'b/5', 'c'];
  await storeDocuments(directory.path, stored(...all));

  const pages: string[] = [];
  for (let last: readonly string[] = []; ; ) {
    const after = last.length === 0 ? [] : ['--after', last.at(-1) ?? ''];
    last = await namesOf('--prefix', 'b/', '--limit', '2', ...after, '--data', directory.path);
    if (last.length === 0) break;
    pages.push(...last);
  }

  expect(pages).toEqual(all.slice(1, -1));
});

test('a reader who has seen enough ends the listing without a complaint', async () => {
  await using directory = await TempDir.create();
  await storeDocuments(directory.path, stored(...Array.from({ length: 2000 }, (_, index) => `document ${index}`)));

  const child = spawn(HEADWATER_BIN, ['documents', '--data', directory.path], { env: cleanEnvironment() });
  let complaints = '';
  child.stderr.on('data', (chunk: Buffer) => {
    complaints += chunk.toString();
  });
  child.stdout.once('data', () => child.stdout.destroy());
  await once(child, 'close');

  expect({ status: child.exitCode, complaints }).toEqual({ status: 0, complaints: '' });
});

test('a directory without a store is one line, and stays as it was', async () => {
  await using directory = await TempDir.create();

  const result = await headwater(['documents', '--data', directory.join('nowhere')]);
  const empty = await headwater(['documents', '--data', directory.path]);

  expect(result.status).toBe(1);
  expect(result.stderr).toBe(
    `headwater: there is no store in ${directory.join('nowhere')}: name it with --data [HW_STORE_UNUSABLE]\n`,
  );
  expect(empty.status).toBe(1);
});

test.each([['documents'], ['export', 'notes'], ['delete', 'notes', '--yes'], ['import', 'notes']])(
  '%s on a store that lost its file CURRENT says that it is damaged, and changes nothing',
  async (...command) => {
    await using directory = await TempDir.create();
    await storeDocuments(directory.path, stored('notes'));
    await rm(directory.join('CURRENT'));
    const before = await readdir(directory.path);

    const result = await headwater([...command, '--data', directory.path], { input: update });

    expect(result.status).toBe(1);
    expect(result.stderr).toMatch(/^headwater: [^\n]+ is damaged: [^\n]+ \[HW_STORE_CORRUPT\]\n$/);
    expect(await readdir(directory.path)).toEqual(before);
  },
);

test('an unknown variable is warned about in one line for people, and in JSON only when that was asked for', async () => {
  await using directory = await TempDir.create();
  await storeDocuments(directory.path, stored('notes'));
  const args = ['documents', '--data', directory.path];
  const env = { HEADWATER_DATTA: 'x' };

  const plain = await headwater(args, { env });
  const asked = await headwater(args, { env: { ...env, HEADWATER_LOG_FORMAT: 'json' } });

  const warning = 'HEADWATER_DATTA: unknown variable, ignored (did you mean HEADWATER_DATA?)';
  expect(plain).toMatchObject({ status: 0, stderr: `headwater: warning: ${warning}\n` });
  expect(JSON.parse(asked.stderr)).toMatchObject({ level: 'warn', msg: warning });
});

test('a file where the directory should be is one line that says so', async () => {
  await using directory = await TempDir.create();
  await writeFile(directory.join('file'), '');

  const result = await headwater(['documents', '--data', directory.join('file')]);

  expect(result.status).toBe(1);
  expect(result.stderr).toMatch(/^headwater: [^\n]+ not a directory \[HW_STORE_UNUSABLE\]\n$/);
});

test('--limit must be a number, and status 2 says that the call was wrong', async () => {
  const result = await headwater(['documents', '--limit', 'many']);

  expect(result.status).toBe(2);
  expect(result.stderr).toMatch(/^headwater: option '--limit <number>' argument 'many' is invalid\.[^\n]*\n$/);
});
