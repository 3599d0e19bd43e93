import { expect, test } from 'vitest';
import { openFaulty, text } from './level-fixtures.ts';
import { temporaryDirectory } from './temporary-directory.ts';

test('how far logs reach is read once, and from memory afterwards', async () => {
  const directory = await temporaryDirectory();
  const names = Array.from({ length: 20 }, (_, index) => `doc-${index}`);
  const before = await openFaulty(directory);
  for (const name of names) await before.store.append(name, text('one')).written;
  await before.store.append('doc-7', text('two')).written;
  await before.store.close();

  const { store, disk } = await openFaulty(directory);
  const expected = names.map((name) => (name === 'doc-7' ? 2 : 1));
  expect(await store.sequences(names)).toEqual(expected);
  disk.read = () => Promise.reject(new Error('nothing is left to read'));

  expect(await store.sequences(names)).toEqual(expected);
  await expect(store.sequences(['doc-0', 'another'])).rejects.toThrow('nothing is left to read');
  await store.close();
});
