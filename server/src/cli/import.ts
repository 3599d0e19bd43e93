import { readFile } from 'node:fs/promises';
import { buffer } from 'node:stream/consumers';
import type { DocumentChange, LogEntry, StoredDocument } from '@headwater/persistence';
import { HeadwaterError } from '@headwater/protocol';
import { Command } from 'commander';
import { addFlags, COMMON_OPTIONS, loadSettings } from './command-flags.ts';
import { UsageError } from './failure.ts';
import { changeByMerging } from './merge-change.ts';
import { openStore } from './offline-store.ts';
import { note, printableName } from './output.ts';

/** Who the log says brought imported updates. */
const AUTHOR = 'headwater import';

const NOTES = `
The update is merged: whatever the document holds stays, and importing the same update again changes nothing. A document
or store that does not exist is created. The server must not be running on the same data directory.

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
  const { options, logger } = loadSettings({ ...flags }, ['data'], 2);
  const update = await readUpdate(file);

  await using store = await openStore(options.data, { create: true });
  const stored = await store.load(documentName);
  const change = merge(stored, { update, author: AUTHOR }, file);
  if (change !== undefined) {
    const { written, durable } = store.append(documentName, change);
    await Promise.all([written, durable]);
  }

  const shown = printableName(documentName);
  const newBytes = sumOf(change?.entries);
  note(newBytes === 0 ? `nothing new for ${shown}` : `imported ${newBytes} of ${update.length} bytes into ${shown}`);
  const waitingBytes = sumOf(change?.addWaiting);
  if (waitingBytes > 0) {
    logger.warn({ waitingBytes }, 'a part waits for updates that are missing; it shows once they are there');
  }
}

async function readUpdate(file: string | undefined): Promise<Uint8Array> {
  if (file !== undefined && file !== '-') return readFile(file);
  if (process.stdin.isTTY) throw new UsageError('nothing to import: name a file, or pipe an update into the command');
  return buffer(process.stdin);
}

function merge(stored: StoredDocument, entry: LogEntry, file = 'stdin'): DocumentChange | undefined {
  try {
    return changeByMerging(stored, entry);
  } catch (error) {
    if (!(error instanceof HeadwaterError) || error.code !== 'HW_UPDATE_MALFORMED') throw error;
    throw new HeadwaterError(error.code, `${file} holds no valid Yjs update (v1): ${error.message}`, { cause: error });
  }
}

function sumOf(entries: readonly LogEntry[] = []): number {
  return entries.reduce((sum, { update }) => sum + update.length, 0);
}
