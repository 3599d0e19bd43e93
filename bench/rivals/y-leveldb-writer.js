import { LeveldbPersistence } from 'y-leveldb';
import * as Y from 'yjs';

/**
 * `y-leveldb` without a server, written to as `@y/websocket-server` does (`storeUpdate` for each update) by documents that
 * go on when their update is stored. Nothing is fsynced. Prints how many updates a second were stored.
 *
 * Usage: y-leveldb-writer DIRECTORY DOCUMENTS MILLISECONDS
 */
const [directory, documents, durationMs] = process.argv.slice(2);
const store = new LeveldbPersistence(directory);

/** Keystrokes of one client, made beforehand. */
function keystrokes(count) {
  const doc = new Y.Doc();
  const updates = [];
  doc.on('update', (update) => updates.push(update));
  const text = doc.getText('text');
  for (let i = 0; i < count; i++) text.insert(i, String.fromCharCode(97 + (i % 26)));
  doc.destroy();
  return updates;
}

const updates = keystrokes(1000);
let stored = 0;
const stopping = new AbortController();
const write = async (document) => {
  for (let next = 0; !stopping.signal.aborted; next = (next + 1) % updates.length) {
    await store.storeUpdate(`document-${document}`, updates[next]);
    stored++;
  }
};
const running = Array.from({ length: Number(documents) }, (_, document) => write(document));

await new Promise((resolve) => setTimeout(resolve, 200)); // as for Headwater's store: the first pay for opening the log
stored = 0;
const startedAt = performance.now();
await new Promise((resolve) => setTimeout(resolve, Number(durationMs)));
const result = { updates: stored, wallMs: performance.now() - startedAt };
stopping.abort();
await Promise.all(running);
await store.destroy();
process.stdout.write(`${JSON.stringify(result)}\n`);
