import { HeadwaterError } from '@headwater/protocol';
import { Command } from 'commander';
import { UsageError } from './failure.ts';
import { addSourceFlags, openPast, type SourceFlags, WHERE_FROM } from './history/open-past.ts';
import { lastMoment, type Past } from './history/past.ts';
import { formatTime, note, printableName } from './output.ts';

const NOTES = `
The document is gone for good, with its past and everything kept with it, and the store remembers that: whoever has it open
is told, and a client that still has a copy does not bring it back. With --allow-reuse the name is free instead: the next
who comes makes a new document, and a client that has the old one brings that back. Given for a name that was deleted
before, it makes that name free. A cluster that runs asks for both steps, a minute apart.

${WHERE_FROM}

Examples:
  $ headwater export notes --out notes.yjs
  $ headwater delete notes --yes
  $ headwater delete notes --yes --allow-reuse`;

interface DeleteFlags extends SourceFlags {
  readonly yes?: boolean;
  readonly allowReuse?: boolean;
}

/** `headwater delete` */
export function deleteCommand(): Command {
  const command = new Command('delete')
    .description('Delete one document for good.')
    .argument('<name>', 'name of the document')
    .option('--yes', 'really do it')
    .option('--allow-reuse', 'leave the name free, or make it free again');
  return addSourceFlags(command).addHelpText('after', NOTES).action(deleteDocument);
}

async function deleteDocument(documentName: string, flags: DeleteFlags): Promise<void> {
  const { yes = false, allowReuse = false } = flags;
  await using opened = await openPast(flags);
  const shown = printableName(documentName);
  if (!yes || !allowReuse) {
    const found = await describe(opened.past, documentName, allowReuse);
    if (!yes) throw new UsageError(`${shown} (${found}) was not deleted: add --yes to delete it for good`);
  }
  const existed = await opened.documents.delete(documentName, { allowReuse });
  note(existed ? `deleted ${shown}` : `there was no ${shown}, and its name is free`);
}

/**
 * What there is to say of a document. One that cannot be read can still be deleted.
 *
 * @throws HW_DOCUMENT_UNKNOWN: a mistyped name would be out of use from then on, and nobody would know why
 */
async function describe(past: Past, documentName: string, mayBeUnknown: boolean): Promise<string> {
  try {
    const last = await lastMoment(past, documentName);
    return last === undefined ? 'nothing written yet' : `last changed ${formatTime(last.timeMs)}`;
  } catch (error) {
    if (!(error instanceof HeadwaterError)) throw error;
    if (error.code === 'HW_STORE_CORRUPT') return 'damaged';
    if (error.code === 'HW_DOCUMENT_UNKNOWN' && mayBeUnknown) return 'not there';
    throw error;
  }
}
