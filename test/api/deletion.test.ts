import type { HistoryClient } from '@headwater/client/history';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { StockClient } from '../support/stock-client.ts';
import { type Served, serve, storeSession } from './served.ts';

let served: Served;
let history: HistoryClient;

beforeEach(async () => {
  served = await serve({}, async (store) => {
    for (const name of ['doc', 'other']) await storeSession(store, name, { seed: 41, records: 3 });
  });
  history = served.history;
});
afterEach(() => served[Symbol.asyncDispose]());

const names = async (): Promise<string[]> => (await history.documents()).documents.map(({ name }) => name);

test('a document is deleted for everybody: its clients are told, and it has no past', async () => {
  await using ada = await new StockClient(served.socketUrl, 'doc').synced();

  expect(await history.delete('doc')).toBe(true);
  await ada.until(() => ada.closeCodes.length > 0, 'the close');

  expect(ada.closeCodes).toEqual([4410]);
  expect(await names()).toEqual(['other']);
  await expect(history.moments('doc')).rejects.toMatchObject({ code: 'HW_DOCUMENT_UNKNOWN' });
  await expect(history.restore('doc', 1)).rejects.toMatchObject({ code: 'HW_DOCUMENT_UNKNOWN' });
});

test('nothing is forked into its name, until that is free again', async () => {
  await history.delete('doc');
  await expect(history.fork('other', 'doc')).rejects.toMatchObject({ code: 'HW_DOCUMENT_DELETED' });

  expect(await history.delete('doc', { allowReuse: true })).toBe(false);

  expect(await history.fork('other', 'doc')).toBe(1);
  expect(await names()).toEqual(['doc', 'other']);
});

test('what was deleted is listed by name, with when that was, a page at a time', async () => {
  const before = Date.now();
  for (const name of ['doc', 'other', 'never used']) await history.delete(name);

  const first = await history.deletions({ limit: 2 });
  const second = await history.deletions({ after: first.next, limit: 2 });

  expect(first).toMatchObject({ deletions: [{ name: 'doc' }, { name: 'never used' }], next: 'never used' });
  expect(second).toEqual({ deletions: [{ name: 'other', deletedMs: expect.any(Number) }] });
  expect(second.deletions[0]?.deletedMs).toBeGreaterThanOrEqual(before);
});

test('a word that is neither true nor false is refused, and nothing is deleted', async () => {
  const response = await fetch(`${served.url}/v1/documents/doc?allowReuse=perhaps`, { method: 'DELETE' });

  expect(response.status).toBe(400);
  expect(await names()).toEqual(['doc', 'other']);
});
