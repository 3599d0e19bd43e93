// Opens a server and clients of every kind, closes the server, and says what is left of it. A process of its own,
// because a test runner has timers that would be counted too.
import { once } from 'node:events';
import { MemoryStore } from '@headwater/persistence';
import { createServer } from '@headwater/server';
import { WebSocket } from 'ws';
import * as Y from 'yjs';

const server = await createServer({ port: 0, store: new MemoryStore(), compactAfterBytes: 1 });
const { port } = await server.listen();

async function connect() {
  const client = new WebSocket(`ws://127.0.0.1:${port}/doc`);
  client.on('error', () => {});
  await once(client, 'open');
  client.send(Uint8Array.of(0, 0, 1, 0));
  return client;
}

/** The next message with these first bytes. */
function next(client, ...head) {
  return new Promise((resolve) => {
    client.on('message', (message) => head.every((byte, index) => message[index] === byte) && resolve());
  });
}

const awareness = (clock) => Uint8Array.of(1, 7, 1, 1, clock, 3, 0x22, 0x61, 0x22);
const [polite, frozen, rival] = [await connect(), await connect(), await connect()];

frozen.send(awareness(1));
await next(rival, 1);
frozen.pause(); // answers neither pings nor the close frame
rival.send(awareness(2)); // contested: its owner is being asked
rival.send(Uint8Array.of(3));
await next(rival, 1);

const doc = new Y.Doc();
doc.getText('text').insert(0, 'compacted');
const update = Y.encodeStateAsUpdate(doc);
polite.send(Uint8Array.of(0, 2, update.length, ...update)); // a thread has work
await next(polite, 0, 2);

await server.close();
const { connections } = server.health;
for (const client of [polite, frozen, rival]) client.terminate();
for (let i = 0; i < 10; i++) await new Promise(setImmediate);
const left = process.getActiveResourcesInfo().filter((resource) => resource !== 'PipeWrap'); // stdout
process.stdout.write(JSON.stringify({ connections, left }));
