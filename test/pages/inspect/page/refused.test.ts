import { MemoryStore } from '@headwater/persistence';
import { createServer } from '@headwater/server';
import { expect, test } from 'vitest';
import * as Y from 'yjs';
import { InspectBrowser } from './inspect-page.ts';

function nobody(): never {
  throw new Error('nobody');
}

test('a server that asks who somebody is keeps the page out of the live document, and it says so', async () => {
  const store = new MemoryStore();
  const doc = new Y.Doc();
  doc.getText('text').insert(0, 'of known users');
  await store.append('doc', { timeMs: 1, entries: [{ update: Y.encodeStateAsUpdate(doc), author: 'ada' }] }).durable;
  doc.getText('text').insert(0, 'now ');
  await store.append('doc', { timeMs: 2, entries: [{ update: Y.encodeStateAsUpdate(doc), author: 'ada' }] }).durable;
  await using server = await createServer({ port: 0, store, authenticate: nobody, inspect: 'local' });
  const { port } = await server.listen();
  await using browser = await InspectBrowser.launch();
  await using page = await browser.open(port, 'doc');

  await page.page.getByText('lets only known users into the live document').waitFor();

  await using past = await browser.open(port, 'doc', { at: 1 });
  await expect.poll(() => past.text(), { timeout: 15_000 }).toBe('of known users');
});
