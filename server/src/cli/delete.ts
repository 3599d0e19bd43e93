import { Command } from 'commander';
import { addFlags, COMMON_OPTIONS, loadSettings } from './command-flags.ts';
import { UsageError } from './failure.ts';
import { openStore, unknownDocument } from './offline-store.ts';
import { note, printableName } from './output.ts';

const NOTES = `
The document is gone for good, with its log and everything kept with it, and the store remembers that: a client that still
has it cannot bring it back, and is told that it was deleted. With --allow-reuse the name is free instead: the next who
comes makes a new document, and a client that still has the old one brings that back. Given for a name that was deleted
before, it makes that name free.

The server must not be running on the same data directory.

Examples:
  $ headwater export notes --out notes.yjs
  $ headwater delete notes --yes
  $ headwater delete notes --yes --allow-reuse`;

/** `headwater delete` */
export function deleteCommand(): Command {
  const command = new Command('delete')
    .description('Delete one document for good.')
    .argument('<name>', 'name of the document')
    .option('--yes', 'really do it')
    .option('--allow-reuse', 'leave the name free, or make it free again');
  return addFlags(command, ['data', ...COMMON_OPTIONS])
    .addHelpText('after', NOTES)
    .action(deleteDocument);
}

interface DeleteFlags {
  readonly yes?: boolean;
  readonly allowReuse?: boolean;
}

async function deleteDocument(documentName: string, flags: DeleteFlags): Promise<void> {
  const { options } = await loadSettings({ ...flags }, ['data']);
  const shown = printableName(documentName);
  await using store = await openStore(options.data);
  const [{ isDeleted } = { isDeleted: false }] = await store.logEnds([documentName]);
  const info = await store.info(documentName);
  if (isDeleted && flags.allowReuse !== true) {
    note(`${shown} is deleted already`);
    return;
  }
  // A mistyped name would be out of use from then on, and nobody would know why.
  if (info === undefined && !isDeleted) throw unknownDocument(documentName);
  if (flags.yes !== true) {
    if (info === undefined) throw new UsageError(`${shown} stays deleted: add --yes to make its name free`);
    const size = `${info.snapshotBytes + info.tailBytes} bytes, last changed ${new Date(info.updatedMs).toISOString()}`;
    throw new UsageError(`${shown} (${size}) was not deleted: add --yes to delete it for good`);
  }
  const wasThere = await store.delete(documentName, { allowReuse: flags.allowReuse });
  note(wasThere ? `deleted ${shown}` : `the name ${shown} is free again`);
}
