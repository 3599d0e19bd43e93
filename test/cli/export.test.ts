import { readFile } from 'node:fs/promises';
import { LevelStore } from '@headwater/persistence';
import { expect, test } from 'vitest';
import * as Y from 'yjs';
import { hasTerminal, headwater, runInTerminal } from '../support/run-command.ts';
import { storeDocuments, updateOf, updatesOf } from '../support/stored-documents.ts';
import { TempDir } from '../support/temp-dir.ts';

const notes = updatesOf(
  (doc) => doc.getText('content').insert(0, 'first'),
  (doc) => doc.getText('content').insert(5, ' second'),
  (doc) => doc.getMap('meta').set('title', 'Notes'),
);

test('an exported update holds the whole document', async () => {
  await using directory = await TempDir.create();
  await storeDocuments(directory.path, { notes: { updates: notes } });

  const { status, stdout, stderr } = await headwater(['export', 'notes', '--data', directory.path]);

  const doc = new Y.Doc();
  Y.applyUpdate(doc, stdout);
  expect({ status, stderr }).toEqual({ status: 0, stderr: '' });
  expect(doc.getText('content').toString()).toBe('first second');
  expect(doc.getMap('meta').toJSON()).toEqual({ title: 'Notes' });
});

test('--format text prints the characters and nothing else', async () => {
  await using directory = await TempDir.create();
  await storeDocuments(directory.path, { notes: { updates: notes } });

  const { stdout } = await headwater(['export', 'notes', '--format', 'text', '--data', directory.path]);

  expect(stdout.toString()).toBe('first second');
});

test('--format json prints every root type', async () => {
  await using directory = await TempDir.create();
  await storeDocuments(directory.path, { notes: { updates: notes } });

  const { stdout } = await headwater(['export', 'notes', '--format', 'json', '--data', directory.path]);

  expect(JSON.parse(stdout.toString())).toEqual({ content: 'first second', meta: { title: 'Notes' } });
});

test('with several texts --type says which', async () => {
  await using directory = await TempDir.create();
  const update = updateOf((doc) => {
    doc.getText('one').insert(0, '1');
    doc.getText('two').insert(0, '2');
  });
  await storeDocuments(directory.path, { doc: { updates: [update] } });
  const args = ['export', 'doc', '--format', 'text', '--data', directory.path];

  const without = await headwater(args);
  const second = await headwater([...args, '--type', 'two']);
  const unknown = await headwater([...args, '--type', 'three']);

  expect(without.stderr).toMatch(/^headwater: the document holds several texts \((one, two|two, one)\)/);
  expect(without.status).toBe(2);
  expect(second.stdout.toString()).toBe('2');
  expect(unknown.stderr).toMatch(/^headwater: the document has no root type three/);
});

test('--out writes a file and says so', async () => {
  await using directory = await TempDir.create();
  await storeDocuments(directory.path, { notes: { updates: notes } });
  const file = directory.join('notes.txt');

  const result = await headwater(['export', 'notes', '--format', 'text', '--out', file, '--data', directory.path]);

  expect(result).toMatchObject({ status: 0, stderr: `wrote 12 bytes to ${file}\n` });
  expect(await readFile(file, 'utf8')).toBe('first second');
});

test('what waits for something missing is left out, and a line says so', async () => {
  await using directory = await TempDir.create();
  const [first, , third] = updatesOf(
    (doc) => doc.getText('content').insert(0, 'a'),
    (doc) => doc.getText('content').insert(1, 'b'),
    (doc) => doc.getText('content').insert(2, 'c'),
  );
  if (first === undefined || third === undefined) throw new Error('three edits make three updates');
  await storeDocuments(directory.path, { doc: { updates: [first], waiting: [third] } });

  const { stdout, stderr } = await headwater(['export', 'doc', '--data', directory.path]);
  const asked = await headwater(['export', 'doc', '--data', directory.path, '--log-format', 'json']);
  const quiet = await headwater(['export', 'doc', '--data', directory.path, '--log-level', 'error']);

  expect(stdout).toEqual(Buffer.from(first));
  expect(stderr).toBe('headwater: warning: 1 update that waits for a missing one is left out\n');
  expect(JSON.parse(asked.stderr)).toMatchObject({ level: 'warn', waitingUpdates: 1 });
  expect(quiet.stderr).toBe('');
});

test('a document nobody stored is one line, and status 1', async () => {
  await using directory = await TempDir.create();
  await storeDocuments(directory.path, { notes: { updates: notes } });

  const result = await headwater(['export', 'nodes', '--data', directory.path]);

  expect(result).toMatchObject({
    status: 1,
    stderr: 'headwater: there is no document "nodes" in the store [HW_DOCUMENT_UNKNOWN]\n',
  });
});

test('a store that somebody has open who cannot be asked is one line, and status 1', async () => {
  await using directory = await TempDir.create();
  await storeDocuments(directory.path, { notes: { updates: notes } });
  await using store = await LevelStore.open(directory.path);

  const result = await headwater(['export', 'notes', '--data', directory.path]);

  expect(store.health.status).toBe('ok');
  expect(result.status).toBe(1);
  expect(result.stderr).toMatch(/^headwater: [^\n]+ \[HW_STORE_LOCKED\]\n$/);
});

test.skipIf(!hasTerminal)('binary is not printed onto a terminal', async () => {
  const { status, text } = await runInTerminal(['export', 'notes']);

  expect(status).toBe(2);
  expect(text).toContain('name a file with --out');
});
