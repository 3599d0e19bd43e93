import type { NamedVersion } from '@headwater/persistence';
import { Command } from 'commander';
import { UsageError } from '../failure.ts';
import { formatTime, isoTime, note, print, printableName, printableText, printJson } from '../output.ts';
import { findVersion, MOMENT_FORMS, resolveMoment } from './moment-argument.ts';
import { addPastFlags, openPast, type PastFlags, WHERE_FROM } from './open-past.ts';
import type { Past } from './past.ts';

/** Who the history says named a moment, unless --author does. */
const AUTHOR = 'headwater versions';

const NOTES = `
A version keeps its moment for ever, whatever retention thins. "headwater versions NAME" lists; a version is named by its
label, or by its id where several have the label.

Examples:
  $ headwater versions notes
  $ headwater versions create notes "sent to Ada" --at -2h
  $ headwater versions rename notes "sent to Ada" "first draft"
  $ headwater versions delete notes "first draft"`;

interface CreateFlags extends PastFlags {
  readonly at: string;
  readonly author: string;
}

/** `headwater versions` */
export function versionsCommand(): Command {
  const command = new Command('versions').description('Name moments of a document; list, rename and delete the names.');
  for (const subcommand of [list(), create(), rename(), remove()]) {
    addPastFlags(subcommand).addHelpText('after', `\n${WHERE_FROM}`);
    command.addCommand(subcommand, { isDefault: subcommand.name() === 'list' });
  }
  return command.addHelpText('after', NOTES);
}

function list(): Command {
  return new Command('list')
    .description('list the versions of a document, by moment')
    .argument('<name>', 'name of the document')
    .action(async (documentName: string, flags: PastFlags) => {
      await using opened = await openPast(flags);
      const versions = await opened.past.versions.list(documentName);
      if (!flags.json) await print(`${HEADINGS}\n`);
      for (const version of versions) {
        await (flags.json ? printJson(versionToJson(version)) : print(`${toRow(version)}\n`));
      }
    });
}

function create(): Command {
  return new Command('create')
    .description('name a moment')
    .argument('<name>', 'name of the document')
    .argument('<label>', 'what to call it')
    .option('--at <moment>', `the moment: ${MOMENT_FORMS}`, 'latest')
    .option('--author <author>', 'who names it', AUTHOR)
    .action(async (documentName: string, label: string, flags: CreateFlags) => {
      await using opened = await openPast(flags);
      const moment = await resolveMoment(opened.past, documentName, flags.at, Date.now());
      const { author } = flags;
      const version = await opened.past.versions.create(documentName, { label, author, moment });
      await tell(
        flags,
        version,
        `${quoted(version.label)} is moment ${version.sequence} of ${printableName(documentName)}`,
      );
    });
}

function rename(): Command {
  return new Command('rename')
    .description('give a version another label')
    .argument('<name>', 'name of the document')
    .argument('<version>', 'its label or id')
    .argument('<label>', 'its new label')
    .action(async (documentName: string, asked: string, label: string, flags: PastFlags) => {
      await using opened = await openPast(flags);
      const version = await pick(opened.past, documentName, asked);
      const renamed = await opened.past.versions.rename(documentName, version.id, label);
      await tell(
        flags,
        renamed,
        `${quoted(version.label)} of ${printableName(documentName)} is now ${quoted(renamed.label)}`,
      );
    });
}

function remove(): Command {
  return new Command('delete')
    .description('take a name away; the moment stays for as long as retention keeps it')
    .argument('<name>', 'name of the document')
    .argument('<version>', 'its label or id')
    .action(async (documentName: string, asked: string, flags: PastFlags) => {
      await using opened = await openPast(flags);
      const version = await pick(opened.past, documentName, asked);
      await opened.past.versions.delete(documentName, version.id);
      const was = `it was moment ${version.sequence}`;
      await tell(
        flags,
        version,
        `deleted the version ${quoted(version.label)} of ${printableName(documentName)}; ${was}`,
      );
    });
}

async function pick(past: Past, documentName: string, asked: string): Promise<NamedVersion> {
  const versions = await past.versions.list(documentName);
  const version = findVersion(versions, asked);
  if (version !== undefined) return version;
  const there = versions.map(({ label }) => JSON.stringify(label)).join(', ');
  const what = there === '' ? 'has no versions' : `has the versions ${there}`;
  throw new UsageError(`${printableName(documentName)} ${what}, and no ${JSON.stringify(asked)}`);
}

/** The version for programs, or a line for people. */
async function tell({ json }: PastFlags, version: NamedVersion, line: string): Promise<void> {
  if (json) await printJson(versionToJson(version));
  else note(line);
}

/** A version as the commands give it to programs. */
export function versionToJson({ createdMs, ...version }: NamedVersion): object {
  return { ...version, created: isoTime(createdMs) };
}

const HEADINGS = '  MOMENT  NAMED                     ID                                    LABEL  BY';

function toRow({ sequence, createdMs, id, label, author }: NamedVersion): string {
  const cells = [String(sequence).padStart(8), formatTime(createdMs), id, quoted(label), printableName(author)];
  return cells.join('  ');
}

/** A label among other words. */
export function quoted(label: string): string {
  return printableText(JSON.stringify(label));
}
