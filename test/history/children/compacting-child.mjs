// Writes a session and compacts it all the time, until it is killed: argv is the store's directory, the session's file, and
// after how many milliseconds its records are old, when the history is to be looked after too.
import { readFileSync } from 'node:fs';
import { DocumentHistory, LevelStore } from '@headwater/persistence';
import * as Y from 'yjs';

const [directory, file, agedMs] = process.argv.slice(2);
const records = JSON.parse(readFileSync(file, 'utf8'));
const store = await LevelStore.open(directory);
const { sequence: from } = (await store.info('doc')) ?? { sequence: 0 };

process.send({ event: 'ready', from });
for (const { timeMs, entries } of records.slice(from)) {
  const { written } = store.append('doc', {
    timeMs,
    entries: entries.map(({ update, author }) => ({ update: Buffer.from(update, 'base64'), author })),
  });
  const sequence = await written;
  if (sequence % 4 === 0) await compact(sequence);
}
process.send({ event: 'done' });
await store.close();

async function compact(sequence) {
  const { snapshot, tail } = await store.load('doc');
  const doc = new Y.Doc();
  if (snapshot !== undefined) Y.applyUpdate(doc, snapshot.update);
  for (const { entries } of tail) for (const { update } of entries) Y.applyUpdate(doc, update);
  const replacing = store.replaceSnapshot('doc', {
    sequence,
    update: Y.encodeStateAsUpdate(doc),
    stateVector: Y.encodeStateVector(doc),
    deleteSet: new Uint8Array(1),
    timeMs: tail.at(-1).timeMs,
  });
  process.send({ event: 'compacting', sequence });
  await replacing;
  process.send({ event: 'compacted', sequence });
  if (agedMs === undefined) return;
  const now = () => tail.at(-1).timeMs + Number(agedMs);
  const maintaining = new DocumentHistory(store, { now }).maintain('doc');
  process.send({ event: 'maintaining', sequence });
  await maintaining;
}
