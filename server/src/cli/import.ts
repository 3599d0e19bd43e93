import { readFile } from 'node:fs/promises';
import { buffer } from 'node:stream/consumers';
import type { DocumentStore, LogEntry, StoredDocument } from '@headwater/persistence';
import { HeadwaterError } from '@headwater/protocol';
import { Command } from 'commander';
import { addFlags, COMMON_OPTIONS, loadSettings } from './command-flags.ts';
import { UsageError } from './failure.ts';
import { type Merge, mergeUpdate } from './merge-update.ts';
import type { MissingEdits } from './missing-edits.ts';
import { openStore } from './offline-store.ts';
import { note, printableName } from './output.ts';

/** Who the log says brought imported updates. */
const AUTHOR = 'headwater import';

/** A line names so many clients whose edits are missing, and counts the others. */
const MAX_CLIENTS_NAMED = 3;

const NOTES = `
The update is merged: whatever the document holds stays, and importing the same update again changes nothing. A document
or store that does not exist is created. A part that builds on edits the document does not have is kept; it shows once
they are imported or a client brings them, and a line on stderr says which are missing. The server must not be running on the same data directory.

Examples:
  $ headwater import notes notes.yjs
  $ headwater export notes | headwater import notes - --data /srv/other`;

/** `headwater import` */
export function importCommand(): Command {
  const command = new Command('import')
    .description('Merge a binary Yjs update (v1) into one document.')
    .argument('<name>', 'name of the document')
    .argument('[file]', 'file with the update; - or nothing for stdin');
  return addFlags(command, ['data', ...COMMON_OPTIONS])
    .addHelpText('after', NOTES)
    .action(importDocument);
}

async function importDocument(documentName: string, file: string | undefined, flags: object): Promise<void> {
  const { options } = await loadSettings({ ...flags }, ['data']);
  const update = await readUpdate(file);

  await using store = await openStore(options.data, { create: true });
  const stored = await load(store, documentName);
  const merged = merge(stored, { update, author: AUTHOR }, file);
  if (merged.change !== undefined) {
    const { written, durable } = store.append(documentName, merged.change);
    await Promise.all([written, durable]);
  }
  note(describe(merged, update.length, printableName(documentName)));
}

async function load(store: DocumentStore, documentName: string): Promise<StoredDocument> {
  try {
    return await store.load(documentName);
  } catch (error) {
    if (!(error instanceof HeadwaterError) || error.code !== 'HW_DOCUMENT_DELETED') throw error;
    const remedy = `to make it free: headwater delete ${printableName(documentName)} --yes --allow-reuse`;
    throw new HeadwaterError(error.code, `${error.message}; ${remedy}`, { cause: error });
  }
}

async function readUpdate(file: string | undefined): Promise<Uint8Array> {
  if (file !== undefined && file !== '-') return readFile(file);
  if (process.stdin.isTTY) throw new UsageError('nothing to import: name a file, or pipe an update into the command');
  return buffer(process.stdin);
}

function merge(stored: StoredDocument, entry: LogEntry, file = 'stdin'): Merge {
  try {
    return mergeUpdate(stored, entry);
  } catch (error) {
    if (!(error instanceof HeadwaterError) || error.code !== 'HW_UPDATE_MALFORMED') throw error;
    throw new HeadwaterError(error.code, `${file} holds no valid Yjs update (v1): ${error.message}`, { cause: error });
  }
}

/** What became of an update, in one line: a part that only waits must not look like one that was there already. */
function describe(merged: Merge, updateBytes: number, shown: string): string {
  const { change, addedBytes, releasedBytes, waitingBytes } = merged;
  const released = releasedBytes === 0 ? '' : `; ${releasedBytes} bytes kept before show now, too`;
  const missing = describeMissing(merged.missing);
  if (addedBytes > 0) {
    const kept = waitingBytes === 0 ? '' : `; ${waitingBytes} bytes are kept and wait ${missing}`;
    return `imported ${addedBytes} of ${updateBytes} bytes into ${shown}${released}${kept}`;
  }
  if (waitingBytes === 0) return `nothing new for ${shown}${released}`;
  const isNew = (change?.addWaiting ?? []).length > 0;
  return isNew
    ? `nothing of it shows in ${shown} yet: ${waitingBytes} bytes are kept and wait ${missing}${released}`
    : `nothing new for ${shown}: ${waitingBytes} bytes were kept before and still wait ${missing}${released}`;
}

function describeMissing(missing: readonly MissingEdits[]): string {
  // Edits that name each other in a circle lack nothing and never integrate.
  if (missing.length === 0) return 'for each other';
  const named = missing.slice(0, MAX_CLIENTS_NAMED).map(({ clientId, firstClock, lastClock }) => {
    const clocks = firstClock === lastClock ? `clock ${firstClock}` : `clocks ${firstClock} to ${lastClock}`;
    return `client ${clientId}, ${clocks}`;
  });
  const others = missing.length - named.length;
  if (others > 0) named.push(`and of ${others} other clients`);
  return `for edits that are missing: ${named.join('; ')}`;
}
