import { decodeHeadwaterServerFrame } from '@headwater/protocol';
import { expect, test } from 'vitest';
import * as Y from 'yjs';
import { Random } from '../support/random.ts';
import { ServerProcess } from '../support/server-process.ts';
import { IS_SOAK } from '../support/soak.ts';
import { WireClient } from '../support/wire-client.ts';
import { countLacking, freshDocument, seedOf, updatesOf } from './support.ts';

const ROUNDS = IS_SOAK ? 40 : 2;
const DOCUMENTS = ['alpha', 'beta', 'gamma'];
const NONSENSE = Uint8Array.of(9, 9, 9);

/** Edits documents on one connection until the server says for the `count`th time that something is saved, and kills it then. */
async function editUntilKilled(
  server: ServerProcess,
  random: Random,
  count: number,
): Promise<Map<string, Uint8Array[]>> {
  const client = await WireClient.connect(server.url);
  const typists = DOCUMENTS.map((name) => ({ name, doc: new Y.Doc(), sent: [] as Uint8Array[] }));
  for (const { name } of typists) await client.open(name);

  const savedUpTo = new Map<string, number>();
  let told = 0;
  const killed = new Promise<void>((resolve, reject) => {
    client.raw.socket.on('message', (data) => {
      const frame = decodeHeadwaterServerFrame(new Uint8Array(data as Buffer));
      if (frame.kind !== 'message' || frame.message.kind !== 'saved') return;
      savedUpTo.set(frame.address, frame.message.edit);
      told += 1;
      if (told === count) server.kill9().then(resolve, reject);
    });
  });
  const editing = setInterval(() => {
    const { name, doc, sent } = random.pick(typists);
    const edits = updatesOf(doc, () => {
      for (let i = random.below(8); i >= 0; i--)
        doc.getText('text').insert(random.below(doc.getText('text').length + 1), 'x');
    });
    if (random.chance(10)) edits.splice(random.below(edits.length), 0, NONSENSE); // refused, and counted
    sent.push(...edits);
    for (const edit of edits) client.update(name, edit);
  }, 1);
  await killed;
  clearInterval(editing);
  await client.raw.closed;

  return new Map(
    typists.map(({ name, sent }) => {
      return [name, sent.slice(0, savedUpTo.get(name) ?? 0).filter((edit) => edit !== NONSENSE)];
    }),
  );
}

test(`what was called saved is there after kill -9, ${ROUNDS} times in a row`, async () => {
  const random = new Random(seedOf('saved'));
  await using server = await ServerProcess.start({ flags: ['--compact-after-bytes', '1KiB'] });
  const saved = new Map<string, Uint8Array[]>(DOCUMENTS.map((name) => [name, []]));

  for (let round = 0; round < ROUNDS; round++) {
    const more = await editUntilKilled(server, random, 10 + random.below(60));
    for (const [name, updates] of more) saved.get(name)?.push(...updates);
    await server.restart();

    expect([...more.values()].flat()).not.toEqual([]);
    for (const [name, updates] of saved) {
      const doc = await freshDocument(server.url, name);
      expect(countLacking(doc, updates)).toBe(0);
    }
  }
});
