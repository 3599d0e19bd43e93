import type { DocumentInfo, DocumentStore } from '@headwater/persistence';
import { Command } from 'commander';
import { addFlags, COMMON_OPTIONS, loadSettings } from './command-flags.ts';
import { openStore } from './offline-store.ts';
import { print, printableName } from './output.ts';
import { parseCount } from './parse-flag.ts';

const NOTES = `
Columns: bytes of the snapshot; updates stored after it and their bytes; updates that wait for others they build on;
updates set aside because they cannot be applied; time of the last change; name (quoted where it holds spaces or
control characters). With --json one object per line, with everything that is known of a document. With --deleted: when
it was deleted, and the name, which nobody can use before "headwater delete NAME --yes --allow-reuse".

Documents come in the order of their names' bytes and are printed while they are read, so a store of any size can be
listed; for pages use --limit, and --after with the last name of the page before.

The server must not be running on the same data directory.

Examples:
  $ headwater documents
  $ headwater documents --prefix team-7/ --json | jq -r .documentName
  $ headwater documents --limit 100 --after team-7/zebra`;

interface DocumentsFlags {
  readonly json?: boolean;
  readonly deleted?: boolean;
  readonly prefix?: string;
  readonly after?: string;
  readonly limit?: number;
}

/** `headwater documents` */
export function documentsCommand(): Command {
  const command = new Command('documents')
    .description('List the stored documents with their sizes and times.')
    .option('--json', 'one JSON object per line')
    .option('--deleted', 'those that were deleted, and whose names are not free')
    .option('--prefix <text>', 'only documents whose name begins with this')
    .option('--after <name>', 'begin after this name')
    .option('--limit <number>', 'print at most so many', parseCount);
  return addFlags(command, ['data', ...COMMON_OPTIONS])
    .addHelpText('after', NOTES)
    .action(listDocuments);
}

async function listDocuments(flags: DocumentsFlags): Promise<void> {
  const { options } = await loadSettings({ ...flags }, ['data']);
  await using store = await openStore(options.data);

  const { headings, rows } = flags.deleted ? deletedRows(store, flags) : documentRows(store, flags);
  if (!flags.json) await print(`${headings}\n`);
  let left = flags.limit ?? Number.POSITIVE_INFINITY;
  for await (const { row, value } of rows) {
    await print(`${flags.json ? JSON.stringify(value) : row}\n`);
    left -= 1;
    if (left === 0) break;
  }
}

/** A line for people, and what it says for programs. */
interface Row {
  readonly row: string;
  readonly value: object;
}

interface Rows {
  readonly headings: string;
  readonly rows: AsyncIterable<Row>;
}

function documentRows(store: DocumentStore, flags: DocumentsFlags): Rows {
  async function* rows(): AsyncIterable<Row> {
    for await (const info of select(store, flags)) yield { row: toRow(info), value: withIsoTimes(info) };
  }
  return { headings: HEADINGS, rows: rows() };
}

/** Tombstones are small: those with another prefix are read and passed over. */
function deletedRows(store: DocumentStore, { prefix = '', after }: DocumentsFlags): Rows {
  async function* rows(): AsyncIterable<Row> {
    for await (const { documentName, deletedMs } of store.listDeleted({ after })) {
      if (!documentName.startsWith(prefix)) continue;
      const deleted = new Date(deletedMs).toISOString();
      yield { row: `${deleted}  ${printableName(documentName)}`, value: { documentName, deleted } };
    }
  }
  return { headings: 'DELETED                   NAME', rows: rows() };
}

/** Reads only the stretch that can match: names are ordered by their bytes, so those with a prefix lie together. */
async function* select(store: DocumentStore, { prefix = '', after = '' }: DocumentsFlags): AsyncIterable<DocumentInfo> {
  const startsInside = Buffer.compare(Buffer.from(after), Buffer.from(prefix)) >= 0;
  if (!startsInside) {
    // Listing begins after a name, never at it: the document whose name is the prefix itself has to be asked for.
    const first = await store.info(prefix);
    if (first !== undefined) yield first;
  }
  const from = startsInside ? after : prefix;
  for await (const info of store.list(from === '' ? {} : { after: from })) {
    if (!info.documentName.startsWith(prefix)) return;
    yield info;
  }
}

const HEADINGS = '  SNAPSHOT  UPDATES      BYTES  WAITING  ASIDE  CHANGED                   NAME';

function toRow(info: DocumentInfo): string {
  const cells = [
    String(info.snapshotBytes).padStart(10),
    String(info.tailRecords).padStart(7),
    String(info.tailBytes).padStart(9),
    String(info.waitingUpdates).padStart(7),
    String(info.quarantinedUpdates).padStart(5),
    new Date(info.updatedMs).toISOString(),
    printableName(info.documentName),
  ];
  return cells.join('  ');
}

function withIsoTimes({ createdMs, updatedMs, ...info }: DocumentInfo): object {
  return { ...info, created: new Date(createdMs).toISOString(), updated: new Date(updatedMs).toISOString() };
}
