import { Command } from 'commander';
import { note, printableName, printJson } from '../output.ts';
import { MOMENT_FORMS, resolveMoment } from './moment-argument.ts';
import { addPastFlags, openPast, type PastFlags, WHERE_FROM } from './open-past.ts';
import { lastMoment } from './past.ts';

/** Who the history says restored a document, unless --author does. */
const AUTHOR = 'headwater restore';

const NOTES = `
This is an edit like any other: everybody who has the document open sees it at once, what they write meanwhile stays, and
what came after the moment stays in the history, so that a restore can be taken back by another one.

${WHERE_FROM}

Examples:
  $ headwater restore notes -2h
  $ headwater restore notes "first draft" --author ada`;

interface RestoreFlags extends PastFlags {
  readonly author: string;
}

/** `headwater restore` */
export function restoreCommand(): Command {
  const command = new Command('restore')
    .description('Make the content of a document what it was at a moment.')
    .argument('<name>', 'name of the document')
    .argument('<moment>', MOMENT_FORMS)
    .option('--author <author>', 'who does it, for the history', AUTHOR);
  return addPastFlags(command).addHelpText('after', NOTES).action(restore);
}

async function restore(documentName: string, asked: string, flags: RestoreFlags): Promise<void> {
  await using opened = await openPast(flags);
  const { past } = opened;
  const moment = await resolveMoment(past, documentName, asked, Date.now());
  const before = (await lastMoment(past, documentName))?.sequence ?? 0;
  const { author } = flags;
  const sequence = await past.restore(documentName, moment, { author });

  const isChanged = sequence > before;
  if (flags.json) return printJson({ documentName, restored: moment, sequence, isChanged });
  const shown = printableName(documentName);
  if (!isChanged) note(`${shown} is what it was at moment ${moment} already`);
  else
    note(`${shown} is what it was at moment ${moment}; this is moment ${sequence}, and ${sequence - 1} the one before`);
}
