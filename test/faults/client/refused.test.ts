import { setImmediate } from 'node:timers/promises';
import { inspect } from 'node:util';
import { MemoryStore } from '@headwater/persistence';
import { createServer, type HeadwaterServer } from '@headwater/server';
import { expect, test } from 'vitest';
import * as Y from 'yjs';
import { visibleContent } from '../../content/visible-content.ts';
import { editSomething } from '../../support/edits.ts';
import { HeadwaterClient } from '../../support/headwater-client.ts';
import { Random } from '../../support/random.ts';
import { openDoc } from '../../support/sessions.ts';
import { IS_SOAK } from '../../support/soak.ts';
import { seedOf } from '../support.ts';

const ROUNDS = IS_SOAK ? 1_000 : 20;

/** What Yjs leaves of a character of two UTF-16 units when one of them is deleted, and nobody can put together again. */
const SPLIT_CHARACTER = '\ufffd';

/** Whoever comes with the token "reader" may only read. */
async function serve(): Promise<{ server: HeadwaterServer; url: string } & AsyncDisposable> {
  const server = await createServer({
    port: 0,
    store: new MemoryStore(),
    authenticate: ({ token }) => ({ isReadOnly: token === 'reader' }),
  });
  const { port } = await server.listen();
  return { server, url: `ws://127.0.0.1:${port}`, [Symbol.asyncDispose]: () => server.close() };
}

/** Their document shows what the server's does, once what the server refused is rolled back. */
test('refused edits that are rolled back leave nothing behind: everybody sees the same', async () => {
  const random = new Random(seedOf('rolled back'));
  await using house = await serve();
  let compared = 0;
  for (let round = 0; round < ROUNDS; round += 1) {
    const name = `doc-${round}`;
    await using writer = await new HeadwaterClient(house.url, name, { document: openDoc(), token: 'writer' }).synced();
    for (let edits = random.below(40); edits >= 0; edits -= 1) edit(writer, random);
    await writer.saved();
    await using reader = await new HeadwaterClient(house.url, name, { document: openDoc(), token: 'reader' }).synced();
    let messages = 0;
    for (let turns = random.below(6); turns >= 0; turns -= 1) {
      const before = reader.own.length;
      for (let edits = random.below(3); edits >= 0; edits -= 1) edit(reader, random);
      await setImmediate(); // what changes in one turn leaves as one message
      if (reader.own.length > before) messages += 1;
      if (random.chance(50)) await reader.until(() => reader.refused.length === messages, 'an answer to each');
    }
    await reader.until(() => reader.refused.length === messages, 'an answer to each');
    // Yjs tidies up formats after an undo, which is one more edit.
    reader.provider.on('refused', (edits) => edits.rollback());
    for (const edits of random.pick([reader.refused.slice(), random.shuffled(reader.refused)])) edits.rollback();

    await reader.saved();
    const shown = visibleContent(reader.doc);
    if (inspect(shown, { depth: null }).includes(SPLIT_CHARACTER)) continue;
    const oracle = openDoc();
    for (const update of writer.own) Y.applyUpdate(oracle, update);
    expect(shown, `round ${round}`).toEqual(visibleContent(oracle));
    compared += 1;
  }
  expect(compared).toBeGreaterThan(ROUNDS / 4);
});

function edit({ doc }: HeadwaterClient, random: Random): void {
  doc.transact(() => editSomething(doc, random, true));
}
