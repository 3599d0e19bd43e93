// Runs under strace: appends one batch after another and says when the store called each of them durable. The marks go
// through write() of file descriptor 1, so they stand in the trace between the system calls of the store.
import { writeSync } from 'node:fs';
import { LevelStore } from '@headwater/persistence';
import * as Y from 'yjs';

const [directory, rounds] = process.argv.slice(2);
const store = await LevelStore.open(directory);
const doc = new Y.Doc();
for (let round = 0; round < Number(rounds); round += 1) {
  doc.getText('text').insert(0, `edit ${round} `);
  const update = Y.encodeStateAsUpdate(doc);
  const { written, durable } = store.append('doc', { timeMs: 1, entries: [{ update, author: 'ada' }] });
  writeSync(1, `MARK appended ${round}\n`);
  await written;
  writeSync(1, `MARK written ${round}\n`);
  await durable;
  writeSync(1, `MARK durable ${round}\n`);
}
await store.close();
