import { expect, test } from 'vitest';
import { openFaulty, text } from './level-fixtures.ts';
import { temporaryDirectory } from './temporary-directory.ts';

const END_OF_ONE = { sequence: 1, atOpening: 1 };
const END_OF_TWO = { sequence: 2, atOpening: 2 };
const END_OF_NEW = { sequence: 1, atOpening: 0 };

test('how far logs reach is read once, and from memory afterwards', async () => {
  const directory = await temporaryDirectory();
  const names = Array.from({ length: 20 }, (_, index) => `doc-${index}`);
  const before = await openFaulty(directory);
  for (const name of names) await before.store.append(name, text('one')).written;
  await before.store.append('doc-7', text('two')).written;
  await before.store.close();

  const { store, disk } = await openFaulty(directory);
  const expected = names.map((name) => (name === 'doc-7' ? END_OF_TWO : END_OF_ONE));
  expect(await store.logEnds(names)).toMatchObject(expected);
  disk.read = () => Promise.reject(new Error('nothing is left to read'));

  expect(await store.logEnds(names)).toMatchObject(expected);
  await expect(store.logEnds(['doc-0', 'another'])).rejects.toThrow('nothing is left to read');
  await store.close();
});

test('where logs ended when the store was opened is remembered, whatever is appended', async () => {
  const directory = await temporaryDirectory();
  const before = await openFaulty(directory);
  for (const name of ['asked', 'loaded', 'appended']) await before.store.append(name, text('one')).written;
  await before.store.close();
  const { store } = await openFaulty(directory);
  await store.logEnds(['asked']);
  await store.load('loaded');

  for (const name of ['asked', 'loaded', 'appended', 'new']) await store.append(name, text('two')).written;

  const ends = await store.logEnds(['asked', 'loaded', 'appended', 'new']);
  expect(ends).toMatchObject([...Array.from({ length: 3 }, () => ({ sequence: 2, atOpening: 1 })), END_OF_NEW]);
  await store.close();
});

test('of a document that is deleted and made anew nothing was there before', async () => {
  const directory = await temporaryDirectory();
  const before = await openFaulty(directory);
  await before.store.append('doc', text('one')).durable;
  await before.store.close();
  const { store } = await openFaulty(directory);

  await store.delete('doc', { allowReuse: true });
  await store.append('doc', text('new')).written;

  expect(await store.logEnds(['doc'])).toMatchObject([END_OF_NEW]);
  await store.close();
});

test('what is forgotten of a document is not taken for what was there before', async () => {
  const directory = await temporaryDirectory();
  const before = await openFaulty(directory);
  for (const name of ['doc', 'other']) await before.store.append(name, text('one')).durable;
  await before.store.close();
  const { store } = await openFaulty(directory, { maxCachedDocuments: 1 });
  await store.append('doc', text('two')).durable;
  for (const name of ['other', 'another']) await store.append(name, text('two')).durable;

  expect(await store.logEnds(['doc'])).toMatchObject([{ sequence: 2, atOpening: 0 }]);
  await store.close();
});

test('every opening is an epoch of its own', async () => {
  const directory = await temporaryDirectory();
  const epochs: number[] = [];
  for (let count = 3; count > 0; count -= 1) {
    const { store } = await openFaulty(directory);
    epochs.push(store.epoch);
    await store.close();
  }

  expect(epochs).toEqual([1, 2, 3]);
});
