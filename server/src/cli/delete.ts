import { Command } from 'commander';
import { addFlags, COMMON_OPTIONS, loadSettings } from './command-flags.ts';
import { UsageError } from './failure.ts';
import { openStore, unknownDocument } from './offline-store.ts';
import { note, printableName } from './output.ts';

const NOTES = `
The document is gone for good, with its log and everything kept with it. A client that still has it open will bring its
own copy back when it connects the next time. The server must not be running on the same data directory, and of a
cluster no instance anywhere: one that has the document in memory stores it again.

Examples:
  $ headwater export notes --out notes.yjs
  $ headwater delete notes --yes`;

/** `headwater delete` */
export function deleteCommand(): Command {
  const command = new Command('delete')
    .description('Delete one document for good.')
    .argument('<name>', 'name of the document')
    .option('--yes', 'really do it');
  return addFlags(command, ['data', ...COMMON_OPTIONS])
    .addHelpText('after', NOTES)
    .action(deleteDocument);
}

async function deleteDocument(documentName: string, flags: { readonly yes?: boolean }): Promise<void> {
  const { options } = await loadSettings({ ...flags }, ['data']);
  const shown = printableName(documentName);
  await using store = await openStore(options.data);
  if (flags.yes !== true) {
    const info = await store.info(documentName);
    if (info === undefined) throw unknownDocument(documentName);
    const size = `${info.snapshotBytes + info.tailBytes} bytes, last changed ${new Date(info.updatedMs).toISOString()}`;
    throw new UsageError(`${shown} (${size}) was not deleted: add --yes to delete it for good`);
  }
  if (!(await store.delete(documentName))) throw unknownDocument(documentName);
  note(`deleted ${shown}`);
}
