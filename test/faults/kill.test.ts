import { expect, test } from 'vitest';
import * as Y from 'yjs';
import { Random } from '../support/random.ts';
import { RawClient } from '../support/raw-client.ts';
import { ServerProcess } from '../support/server-process.ts';
import { IS_SOAK } from '../support/soak.ts';
import { StockClient } from '../support/stock-client.ts';
import { updateFrame } from '../support/wire.ts';
import { countLacking, edit, freshDocument, Observer, seedOf, updatesOf } from './support.ts';

const ROUNDS = IS_SOAK ? 60 : 6;
const DOCUMENTS = ['alpha', 'beta', 'gamma'];
/** So small that a compaction is under way most of the time. */
const ALWAYS_COMPACTING = ['--compact-after-bytes', '1KiB'];

/** Somebody who edits until the connection is gone. */
interface Writer {
  burst(edits: number): void;
  close(): Promise<void> | void;
}

async function stockWriter(url: string, documentName: string, random: Random): Promise<Writer> {
  const client = await new StockClient(url, documentName).synced();
  return {
    burst: (edits) => {
      for (let i = 0; i < edits; i++) edit(client.doc, random);
    },
    close: () => client.close(),
  };
}

async function rawWriter(url: string, documentName: string, random: Random): Promise<Writer> {
  const client = await RawClient.connect(`${url}/${documentName}`);
  const doc = new Y.Doc();
  return {
    burst: (edits) => {
      for (let i = 0; i < edits; i++) {
        for (const update of updatesOf(doc, () => edit(doc, random))) client.send(updateFrame(update));
      }
    },
    close: () => client[Symbol.asyncDispose](),
  };
}

/** Edits until observers were shown `count` updates, kills the server in the middle of it, and closes every client. */
async function editUntilKilled(
  server: ServerProcess,
  random: Random,
  count: number,
): Promise<Map<string, Uint8Array[]>> {
  const observers = new Map<string, Observer>();
  const writers: Writer[] = [];
  for (const name of DOCUMENTS) {
    observers.set(name, await Observer.join(server.url, name));
    writers.push(await stockWriter(server.url, name, random), await stockWriter(server.url, name, random));
    writers.push(await rawWriter(server.url, name, random));
  }

  let shown = 0;
  const killed = new Promise<void>((resolve, reject) => {
    for (const { client } of observers.values()) {
      client.socket.on('message', () => {
        shown += 1;
        if (shown === count) server.kill9().then(resolve, reject);
      });
    }
  });
  const editing = setInterval(() => random.pick(writers).burst(1 + random.below(12)), 1);
  await killed;
  clearInterval(editing);

  for (const writer of writers) await writer.close();
  const seen = new Map<string, Uint8Array[]>();
  for (const [name, observer] of observers) {
    await observer.client.closed;
    seen.set(name, observer.seen);
  }
  return seen;
}

/** Per document, how many of the updates that were seen bring a fresh client something. */
async function lost(
  server: ServerProcess,
  seen: ReadonlyMap<string, readonly Uint8Array[]>,
): Promise<Record<string, number>> {
  const lacking: Record<string, number> = {};
  for (const [name, updates] of seen) {
    if (updates.length === 0) throw new Error(`nobody saw an update of ${name}: this proves nothing`);
    lacking[name] = countLacking(await freshDocument(server.url, name), updates);
  }
  return lacking;
}

const NOTHING = Object.fromEntries(DOCUMENTS.map((name) => [name, 0]));

async function killAgainAndAgain(title: string, flags: readonly string[]): Promise<Record<string, number>> {
  const random = new Random(seedOf(title));
  await using server = await ServerProcess.start({ flags });
  const everything = new Map<string, Uint8Array[]>(DOCUMENTS.map((name) => [name, []]));
  for (let round = 0; round < ROUNDS; round++) {
    const seen = await editUntilKilled(server, random, 20 + random.below(600));
    await server.restart();
    expect(await lost(server, seen)).toEqual(NOTHING);
    for (const [name, updates] of seen) everything.get(name)?.push(...updates);
  }
  return await lost(server, everything); // awaited here, or the server is gone before anybody looks
}

test('an edit that another client has seen survives kill -9', async () => {
  expect(await killAgainAndAgain('kill', [])).toEqual(NOTHING);
});

test('an edit that another client has seen survives a kill -9 during compactions', async () => {
  expect(await killAgainAndAgain('kill while compacting', ALWAYS_COMPACTING)).toEqual(NOTHING);
});

test('a server killed right after its start, again and again, still has everything', async () => {
  const random = new Random(seedOf('kill after start'));
  await using server = await ServerProcess.start({ flags: ALWAYS_COMPACTING });
  const seen = await editUntilKilled(server, random, 300);

  for (let round = 0; round < 4; round++) {
    await server.restart();
    // Somebody joins, so that the kill also hits documents that are being loaded and compacted.
    const joining = random.chance(50) ? RawClient.connect(`${server.url}/${random.pick(DOCUMENTS)}`) : undefined;
    const client = await joining;
    await server.kill9();
    await client?.closed;
  }

  await server.restart();
  expect(await lost(server, seen)).toEqual(NOTHING);
});

test('edits made between two kills survive the second one', async () => {
  const random = new Random(seedOf('two kills'));
  await using server = await ServerProcess.start({ flags: ALWAYS_COMPACTING });
  const first = await editUntilKilled(server, random, 150);
  await server.restart();
  const second = await editUntilKilled(server, random, 150);
  await server.restart();

  expect(await lost(server, first)).toEqual(NOTHING);
  expect(await lost(server, second)).toEqual(NOTHING);
});
