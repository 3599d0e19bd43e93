import { LevelStore, type LogEntry } from '@headwater/persistence';
import { OwnWords } from '../load/typing.ts';

/**
 * Headwater's store without its server: documents that each have one change under way, and go on when it is durable.
 * A change holds as many updates as arrived together. Prints how many updates a second became durable.
 *
 * Usage: store-writer DIRECTORY DOCUMENTS UPDATES_PER_CHANGE MILLISECONDS
 */
const [directory = '', documents, updatesPerChange, durationMs] = process.argv.slice(2);
const store = await LevelStore.open(directory);
const typist = new OwnWords();

/** Made beforehand, like the value of the raw writer: typing is not what is measured. To a store any bytes are new. */
const UPDATES_PER_DOCUMENT = 1_000;
const typed = Array.from({ length: Number(documents) }, (_each, document) => {
  const client = 0x40_00_00_00 + document;
  return Array.from({ length: UPDATES_PER_DOCUMENT }, (_, clock) => typist.type({ client, clock }));
});

/** The changes of a document, in turn: what is measured is what the store does with them. */
const changesOf = (own: readonly Uint8Array[], author: string): readonly (readonly LogEntry[])[] => {
  const size = Number(updatesPerChange);
  return Array.from({ length: Math.floor(own.length / size) }, (_, change) =>
    own.slice(change * size, (change + 1) * size).map((update) => ({ update, author })),
  );
};

let updates = 0;
const stopping = new AbortController();
const write = async (document: number): Promise<void> => {
  const documentName = `document-${document}`;
  const changes = changesOf(typed[document] ?? [], `writer-${document}`);
  for (let next = 0; !stopping.signal.aborted; next = (next + 1) % changes.length) {
    const entries = changes[next] as readonly LogEntry[];
    await store.append(documentName, { timeMs: Date.now(), entries }).durable;
    updates += entries.length;
  }
};
const running = Array.from({ length: Number(documents) }, (_, document) => write(document));

await new Promise((resolve) => setTimeout(resolve, 200)); // the first batches pay for opening the log
updates = 0;
const startedAt = performance.now();
await new Promise((resolve) => setTimeout(resolve, Number(durationMs)));
const result = { updates, wallMs: performance.now() - startedAt };
stopping.abort();
await Promise.all(running);
await store.close();
process.stdout.write(`${JSON.stringify(result)}\n`);
