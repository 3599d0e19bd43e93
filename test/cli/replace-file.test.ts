import { readdir, readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { replaceFile } from '../../server/src/cli/replace-file.ts';
import { TempDir } from '../support/temp-dir.ts';

async function* untilTheDiskIsFull() {
  yield await Promise.resolve(Buffer.from('tod'));
  throw new Error('no space left on device');
}

test('a file is replaced as a whole', async () => {
  await using directory = await TempDir.create();
  const path = join(directory.path, 'backup.yjs');
  await writeFile(path, 'yesterday, and longer');

  await replaceFile(path, 'today');

  expect(await readFile(path, 'utf8')).toBe('today');
  expect(await readdir(directory.path)).toEqual(['backup.yjs']);
});

test('when writing fails the old file is still there, and nothing else', async () => {
  await using directory = await TempDir.create();
  const path = join(directory.path, 'backup.yjs');
  await writeFile(path, 'yesterday');
  await expect(replaceFile(path, untilTheDiskIsFull())).rejects.toThrow('no space left');

  expect(await readFile(path, 'utf8')).toBe('yesterday');
  expect(await readdir(directory.path)).toEqual(['backup.yjs']);
});
