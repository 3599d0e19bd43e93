import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import * as Y from 'yjs';
import { Random } from '../support/random.ts';
import { RawClient } from '../support/raw-client.ts';
import { ServerProcess } from '../support/server-process.ts';
import { playSession } from '../support/sessions.ts';
import { IS_SOAK } from '../support/soak.ts';
import { StockClient } from '../support/stock-client.ts';
import { queryAwarenessFrame, updateFrame } from '../support/wire.ts';
import { HOSTILE_FRAMES } from './hostile-frames.ts';
import { eventually, freshDocument, hasPending, healthOf, parseServerMessage, seedOf } from './support.ts';

const DOCUMENT = 'besieged';
const FLIPPED_UPDATES = IS_SOAK ? 100_000 : 4_000;
const LIMIT = ['--max-message-bytes', '6MiB'];

let server: ServerProcess;
let pid: number;
/** Two stock clients who go on working in the document while others attack it. */
let writer: StockClient;
let reader: StockClient;
let goodEdits = '';

beforeAll(async () => {
  server = await ServerProcess.start({ flags: LIMIT });
  pid = server.pid;
  writer = await new StockClient(server.url, DOCUMENT).synced();
  reader = await new StockClient(server.url, DOCUMENT).synced();
  writer.awareness.setLocalState({ name: 'writer' });
});

afterAll(async () => {
  writer.close();
  reader.close();
  await server[Symbol.asyncDispose]();
});

const hostile = (): Promise<RawClient> => RawClient.connect(`${server.url}/${DOCUMENT}`);

/** Edits through the server, and looks whether anybody took harm. */
async function expectUnharmed(): Promise<void> {
  goodEdits += String.fromCodePoint(97 + (goodEdits.length % 26));
  writer.doc.getText('good').insert(goodEdits.length - 1, goodEdits.slice(-1));
  await reader.until(() => reader.doc.getText('good').toString() === goodEdits, 'a good edit to arrive');
  for (const client of [writer, reader]) {
    expect(hasPending(client.doc)).toBe(false);
    expect(client.closeCodes).toEqual([]);
  }
  expect(server.pid).toBe(pid);
}

const isSentence = (reason: string): boolean => /\w+ \w+/.test(reason);

/** Sends one frame and finds out what becomes of the connection: closed, or still answering. */
async function outcomeOf(client: RawClient, frame: Uint8Array | string): Promise<number | string> {
  client.send(frame);
  client.send(queryAwarenessFrame());
  const closed = client.closed.then(({ code, reason }) => (isSentence(reason) ? code : `${code} without a reason`));
  const answered = client.next((message) => message[0] === 1).then((): 'open' => 'open');
  return Promise.race([closed, answered.catch(() => closed)]);
}

describe('a client that sends', () => {
  test.each(HOSTILE_FRAMES.map((hostileFrame) => [hostileFrame.what, hostileFrame] as const))(
    '%s: the others notice nothing',
    async (_what, { frame, outcome }) => {
      await reader.until(() => reader.awareness.getStates().size >= 2, 'the presence of the writer');
      await using client = await hostile();
      await client.next((message) => parseServerMessage(message).kind === 'awareness');

      expect(await outcomeOf(client, frame)).toBe(outcome);
      await expectUnharmed();
    },
  );

  test('a frame over the limit is closed with 1009', async () => {
    await using client = await hostile();
    client.send(new Uint8Array(6 * 1024 * 1024 + 1));
    expect(await client.closed).toMatchObject({ code: 1009 });
    await expectUnharmed();
  });

  test('thousands of updates with flipped bits: what is refused closes, what decodes integrates everywhere', async () => {
    const random = new Random(seedOf('flipped bits'));
    const { updates } = playSession({ seed: random.below(2 ** 31), clients: 3, steps: 300 });
    let client = await hostile();
    let refused = 0;
    for (let i = 0; i < FLIPPED_UPDATES; i++) {
      const update = random.pick(updates).slice();
      for (let flips = 1 + random.below(3); flips > 0; flips--) {
        const at = random.below(update.length);
        update[at] = (update[at] as number) ^ (1 << random.below(8));
      }
      client.send(updateFrame(update));
      // Every few, so that neither every good update goes unsent behind a bad one nor each one costs a connection.
      if (i % 4 !== 3) continue;
      const outcome = await outcomeOf(client, updateFrame(random.pick(updates)));
      if (outcome === 'open') continue;
      refused += 1;
      expect(outcome).toBe(4422);
      client = await hostile();
    }
    await client[Symbol.asyncDispose]();
    expect(refused).toBeGreaterThan(FLIPPED_UPDATES / 100);
    await expectUnharmed();
  });
});

/** A fresh client, compared with one who was there all the time. */
async function freshClient(): Promise<{ good: string; isPending: boolean; isSameAsOld: boolean }> {
  const fresh = await freshDocument(server.url, DOCUMENT);
  return {
    good: fresh.getText('good').toString(),
    isPending: hasPending(fresh),
    isSameAsOld: Y.equalSnapshots(Y.snapshot(fresh), Y.snapshot(reader.doc)),
  };
}

const whole = () => ({ good: goodEdits, isPending: false, isSameAsOld: true });

describe('after all of that', () => {
  test('a fresh client opens the document with every good edit', async () => {
    await expectUnharmed();
    expect(await freshClient()).toEqual(whole());
  });

  test('the same after a restart', async () => {
    await server.restart();
    for (const client of [writer, reader]) await client.until(() => client.provider.synced, 'to be back');
    expect(await freshClient()).toEqual(whole());
  });

  test('the same after a compaction', async () => {
    const { data } = server;
    writer.close();
    reader.close();
    await server.stop();
    await using compacting = await ServerProcess.start({ data, flags: ['--unload-after-ms', '1'] });
    await freshDocument(compacting.url, DOCUMENT);
    await eventually(async () => (await healthOf(compacting)).documents === 0, 'the idle document to be unloaded');
    const quarantined = compacting.logs.filter(({ msg }) => msg === 'update quarantined');
    expect(quarantined).toEqual([]);
    expect(compacting.logs.filter(({ level }) => level === 'error')).toEqual([]);
    await compacting.stop();

    await server.restart();
    expect(await freshClient()).toEqual(whole());
  });
});
