import { randomBytes } from 'node:crypto';
import { Level } from 'level';

/**
 * The raw LevelDB writer: batches of records with `sync: true`, one after the other, as fast as the disk takes them.
 * Prints how many records a second became durable.
 *
 * Usage: level-writer DIRECTORY RECORDS_PER_BATCH RECORD_BYTES MILLISECONDS
 */
const [directory = '', recordsPerBatch, recordBytes, durationMs] = process.argv.slice(2);
const value = randomBytes(Number(recordBytes));
const database = new Level<string, Buffer>(directory, { keyEncoding: 'utf8', valueEncoding: 'buffer' });
await database.open();

let records = 0;
const write = async (): Promise<void> => {
  const batch = database.batch();
  for (let i = 0; i < Number(recordsPerBatch); i++) batch.put(`record-${String(records++).padStart(12, '0')}`, value);
  await batch.write({ sync: true });
};
for (let i = 0; i < 20; i++) await write(); // the first batches pay for opening the log

records = 0;
const startedAt = performance.now();
while (performance.now() - startedAt < Number(durationMs)) await write();
const wallMs = performance.now() - startedAt;
await database.close();
process.stdout.write(`${JSON.stringify({ updates: records, wallMs })}\n`);
