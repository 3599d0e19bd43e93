import { setTimeout as delay } from 'node:timers/promises';
import { LevelStore } from '@headwater/persistence';
import { expect, test } from 'vitest';
import * as Y from 'yjs';
import { HeadwaterClient } from '../../support/headwater-client.ts';
import { Random } from '../../support/random.ts';
import { ServerProcess } from '../../support/server-process.ts';
import { IS_SOAK } from '../../support/soak.ts';
import { TcpProxy } from '../../support/tcp-proxy.ts';
import { canLimitFileSize, limitFileSize } from '../file-size-limit.ts';
import { countLacking, edit, eventually, healthOf, seedOf } from '../support.ts';

const ROUNDS = IS_SOAK ? 200 : 4;
const DOCUMENTS = ['alpha', 'alpha', 'beta'];
const ALWAYS_COMPACTING = ['--compact-after-bytes', '1KiB'];

/** What is on disk of a document, read with nobody there who could bring anything. */
async function storedDocument(data: string, documentName: string): Promise<Y.Doc> {
  await using store = await LevelStore.open(data);
  const { snapshot, tail, waiting } = await store.load(documentName);
  const doc = new Y.Doc();
  if (snapshot !== undefined) Y.applyUpdate(doc, snapshot.update);
  for (const { update } of [...tail.flatMap(({ entries }) => entries), ...waiting]) Y.applyUpdate(doc, update);
  return doc;
}

/** How an interval of edits and faults went, in updates. */
interface Toll {
  calledSaved: number;
  calledUnsaved: number;
  /** Of those called saved: must be none. */
  lost: number;
  /** Of those not called saved: allowed, and shows that there was something to lose. */
  lostUnsaved: number;
}

/** Clients edit while the disk fills up and the line is cut; at a random moment the server is killed and every client gone. */
async function editUntilAllIsGone(server: ServerProcess, random: Random, toll: Toll): Promise<void> {
  await using link = await TcpProxy.start(server.port);
  const clients = DOCUMENTS.map((name) => new HeadwaterClient(link.url, name));
  await Promise.all(clients.map((client) => client.synced()));
  const { pid } = server;
  let edits = 0;
  const lastEdit = 30 + random.below(400);
  const fullFrom = random.chance(60) && canLimitFileSize ? random.below(lastEdit) : Number.POSITIVE_INFINITY;
  const freeFrom = fullFrom + random.below(300);

  while (edits < lastEdit) {
    for (let burst = 1 + random.below(8); burst > 0; burst -= 1) {
      edit(random.pick(clients).doc, random);
      edits += 1;
      if (edits === fullFrom) limitFileSize(pid, 0);
      if (edits === freeFrom) limitFileSize(pid, 'unlimited');
      if (random.below(150) === 0) link.cut();
    }
    await delay(random.below(15)); // somebody's pace
  }
  await server.kill9();
  for (const client of clients) client.close();

  for (const name of new Set(DOCUMENTS)) {
    const doc = await storedDocument(server.data, name);
    for (const client of clients.filter(({ provider }) => provider.name === name)) {
      const { calledSaved, own } = client;
      const unsaved = own.slice(calledSaved.length);
      toll.calledSaved += calledSaved.length;
      toll.calledUnsaved += unsaved.length;
      toll.lost += countLacking(doc, calledSaved);
      toll.lostUnsaved += countLacking(copyOf(doc), unsaved);
    }
  }
}

test('what a provider calls saved survives a kill -9 of the server and the loss of all clients', async () => {
  const random = new Random(seedOf('saved'));
  await using server = await ServerProcess.start({ flags: ALWAYS_COMPACTING });
  const toll: Toll = { calledSaved: 0, calledUnsaved: 0, lost: 0, lostUnsaved: 0 };
  for (let round = 0; round < ROUNDS; round += 1) {
    if (round > 0) await server.restart();
    await editUntilAllIsGone(server, random, toll);
  }

  process.stdout.write(`${JSON.stringify(toll)}\n`);
  expect(toll.lost).toBe(0);
  expect(toll.calledSaved).toBeGreaterThan(50);
}, 180_000);

test.runIf(canLimitFileSize)(
  'on a disk that takes nothing, nothing is called saved, and all of it is once it does',
  async () => {
    await using server = await ServerProcess.start();
    await using ada = await new HeadwaterClient(server.url, 'doc').synced();
    await using bob = await new HeadwaterClient(server.url, 'doc').synced();
    ada.text.insert(0, 'kept;');
    await ada.saved();
    limitFileSize(server.pid, 0);

    ada.text.insert(0, 'lost;');
    await bob.until(() => bob.text.toString() === 'lost;kept;', 'the edit to be seen');
    // Bob has it, and brings it himself: the server knows it, which does not make it saved.
    await using carol = new HeadwaterClient(server.url, 'doc', { document: copyOf(bob.doc) });
    await carol.synced();
    await eventually(async () => (await healthOf(server)).status === 'degraded', 'the store to fail');

    expect([ada, carol].map(({ provider }) => [provider.synced, provider.saved])).toEqual([
      [true, false],
      [true, false],
    ]);
    limitFileSize(server.pid, 'unlimited');
    await Promise.all([ada.saved(), carol.saved()]);
    await server.kill9();
    expect((await storedDocument(server.data, 'doc')).getText('text').toString()).toBe('lost;kept;');
  },
);

function copyOf(doc: Y.Doc): Y.Doc {
  const copy = new Y.Doc();
  Y.applyUpdate(copy, Y.encodeStateAsUpdate(doc));
  return copy;
}
