import { Command } from 'commander';
import { note, printableName, printJson } from '../output.ts';
import { MOMENT_FORMS, resolveMoment } from './moment-argument.ts';
import { addPastFlags, openPast, type PastFlags, WHERE_FROM } from './open-past.ts';

/** Who the history says began a document, unless --author does. */
const AUTHOR = 'headwater fork';

const NOTES = `
The new document knows who wrote what, but has a history of its own. A name that is taken is an error.

${WHERE_FROM}

Examples:
  $ headwater fork notes notes-of-monday 2026-11-16T18:00
  $ headwater fork notes copy`;

interface ForkFlags extends PastFlags {
  readonly author: string;
}

/** `headwater fork` */
export function forkCommand(): Command {
  const command = new Command('fork')
    .description('Begin a new document with what another one was at a moment.')
    .argument('<name>', 'name of the document')
    .argument('<new-name>', 'name of the new one')
    .argument('[moment]', MOMENT_FORMS, 'latest')
    .option('--author <author>', 'who does it, for the history', AUTHOR);
  return addPastFlags(command).addHelpText('after', NOTES).action(fork);
}

async function fork(documentName: string, newName: string, asked: string, flags: ForkFlags): Promise<void> {
  await using opened = await openPast(flags);
  const moment = await resolveMoment(opened.past, documentName, asked, Date.now());
  const sequence = await opened.past.fork(documentName, newName, moment, { author: flags.author });
  if (flags.json) return printJson({ documentName: newName, from: documentName, moment, sequence });
  note(`${printableName(newName)} begins with what ${printableName(documentName)} was at moment ${moment}`);
}
