import { setImmediate } from 'node:timers/promises';
import { MemoryStore } from '@headwater/persistence';
import { createServer, type HeadwaterServer } from '@headwater/server';
import { expect, test } from 'vitest';
import * as Y from 'yjs';
import { visibleContent } from '../../content/visible-content.ts';
import { HeadwaterClient } from '../../support/headwater-client.ts';
import { Random } from '../../support/random.ts';
import { openDoc } from '../../support/sessions.ts';
import { IS_SOAK } from '../../support/soak.ts';
import { TcpProxy } from '../../support/tcp-proxy.ts';
import { edit, eventually, seedOf } from '../support.ts';

const SESSIONS = IS_SOAK ? 300 : 4;
const STEPS = 80;
const NAMES = ['ada', 'bob', 'cyd'];

/** A server that is started anew now and then, with what it stored. Who is a reader by then may only read. */
class House implements AsyncDisposable {
  readonly readers = new Set<string>();
  readonly #store = new MemoryStore();
  #server: HeadwaterServer | undefined;
  port = 0;

  constructor() {
    this.#store.close = async () => {}; // the next server has it, too
  }

  async restart(): Promise<void> {
    await this.#server?.close();
    this.#server = await createServer({
      port: this.port,
      store: this.#store,
      authenticate: ({ token = '' }) => ({ user: token, isReadOnly: this.readers.has(token) }),
    });
    ({ port: this.port } = await this.#server.listen());
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#server?.close();
  }
}

/** Edits, losses, restarts and refusals in any order, some of these rolled back; then everybody may write and is online. */
async function play(random: Random): Promise<readonly HeadwaterClient[]> {
  await using house = new House();
  await house.restart();
  await using line = await TcpProxy.start(house.port);
  const clients = NAMES.map((token) => new HeadwaterClient(line.url, 'doc', { token, document: openDoc() }));
  const admit = (client: HeadwaterClient, token: string, isReader: boolean): void => {
    if (isReader) house.readers.add(token);
    else house.readers.delete(token);
    client.provider.setToken(token);
  };

  for (let step = 0; step < STEPS; step += 1) {
    const who = random.below(clients.length);
    const [client, token] = [clients[who] as HeadwaterClient, NAMES[who] as string];
    const kind = random.below(24);
    if (kind < 15) edit(client.doc, random);
    else if (kind === 15) client.provider.disconnect();
    else if (kind < 18) client.provider.connect();
    else if (kind === 18) line.cut();
    else if (kind === 19 && random.chance(30)) await house.restart();
    else if (kind < 22) admit(client, token, random.chance(50));
    else for (const edits of client.refused.splice(0, 1 + random.below(3))) edits.rollback();
    if (random.chance(60)) await setImmediate();
    if (random.chance(10) && client.provider.status === 'connecting') await client.synced();
  }

  for (const [who, client] of clients.entries()) {
    admit(client, NAMES[who] as string, false);
    client.provider.connect();
  }
  await Promise.all(clients.map((client) => client.synced()));
  await Promise.all(clients.map((client) => client.saved()));
  await eventually(() => areEqual(clients), 'everybody to have everything');
  for (const client of clients) client.close();
  return clients;
}

/** Whether all have the same, deletions included. */
function areEqual(clients: readonly HeadwaterClient[]): boolean {
  const [first, ...others] = clients.map(({ doc }) => Y.snapshot(doc));
  return others.every((other) => first !== undefined && Y.equalSnapshots(first, other));
}

test('whatever is edited, lost, refused and rolled back, all end up with what a plain document makes of their edits', async () => {
  const random = new Random(seedOf('converge'));
  for (let session = 0; session < SESSIONS; session += 1) {
    const clients = await play(random);

    const oracle = openDoc();
    for (const update of clients.flatMap(({ own }) => own)) Y.applyUpdate(oracle, update);
    for (const { doc } of clients) {
      expect(visibleContent(doc), `session ${session}`).toEqual(visibleContent(oracle));
    }
  }
});
