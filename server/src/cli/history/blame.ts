import type { BlamedRange, TextBlame } from '@headwater/persistence';
import { Command } from 'commander';
import { UsageError } from '../failure.ts';
import { formatTime, isoTime, print, printableName, printableText, printJson } from '../output.ts';
import { MOMENT_FORMS, resolveMoment } from './moment-argument.ts';
import { addPastFlags, openPast, type PastFlags, WHERE_FROM } from './open-past.ts';

const NOTES = `
Columns: author; when the newest of it was received; number of the line; the text. A line that several authors wrote takes
a row for each stretch. With --json one object for each stretch of one author and time, with its place in the text.

${WHERE_FROM}

Examples:
  $ headwater blame notes
  $ headwater blame notes --root content --at "first draft"
  $ headwater blame notes --json | jq -r .author | sort | uniq -c`;

interface BlameFlags extends PastFlags {
  readonly at: string;
  readonly root?: string;
}

/** `headwater blame` */
export function blameCommand(): Command {
  const command = new Command('blame')
    .description('Say who wrote which part of the texts in a document, and when.')
    .argument('<name>', 'name of the document')
    .option('--at <moment>', `as it was then: ${MOMENT_FORMS}`, 'latest')
    .option('--root <name>', 'only the texts in this root type');
  return addPastFlags(command).addHelpText('after', NOTES).action(blame);
}

async function blame(documentName: string, flags: BlameFlags): Promise<void> {
  await using opened = await openPast(flags);
  const moment = await resolveMoment(opened.past, documentName, flags.at, Date.now());
  const all = await opened.past.blame(documentName, moment);
  const texts = all.filter(({ path }) => flags.root === undefined || path[0] === flags.root);
  if (texts.length === 0) throw new UsageError(nothingFound(documentName, flags.root, all));

  const authorWidth = Math.max('AUTHOR'.length, ...authorsOf(texts).map((author) => shownAuthor(author).length));
  for (const [index, { path, ranges }] of texts.entries()) {
    if (flags.json) {
      for (const { timeMs, ...range } of ranges) await printJson({ path, ...range, time: isoTime(timeMs) });
      continue;
    }
    if (texts.length > 1) await print(`${index === 0 ? '' : '\n'}${path.map(String).map(printableName).join(' / ')}\n`);
    if (index === 0 || texts.length > 1) await print(`${'AUTHOR'.padEnd(authorWidth)}  ${HEADINGS}\n`);
    for (const row of rowsOf(ranges)) await print(`${toLine(row, authorWidth)}\n`);
  }
}

function nothingFound(documentName: string, root: string | undefined, all: readonly TextBlame[]): string {
  const shown = printableName(documentName);
  if (all.length === 0) return `${shown} holds no text`;
  const roots = [...new Set(all.map(({ path }) => String(path[0])))].map(printableName).join(', ');
  return `${shown} holds no text in ${printableName(root ?? '')}; it does in ${roots}`;
}

/** What one author wrote of one line, one after another. */
export interface BlameRow {
  readonly line: number;
  readonly author: string | undefined;
  /** Of the newest part of it. */
  readonly timeMs: number | undefined;
  readonly text: string;
}

/** Stretches as lines show them: cut at the ends of lines, and what one author wrote at several times as one. */
export function* rowsOf(ranges: readonly BlamedRange[]): Generator<BlameRow> {
  let line = 1;
  let row: BlameRow | undefined;
  for (const { text, author, timeMs } of ranges) {
    for (const [index, part] of text.split('\n').entries()) {
      if (index > 0) {
        yield row ?? { line, author, timeMs, text: '' };
        row = undefined;
        line += 1;
      }
      if (part === '') continue;
      if (row !== undefined && row.author !== author) {
        yield row;
        row = undefined;
      }
      row = { line, author, timeMs: newest(row?.timeMs, timeMs), text: (row?.text ?? '') + part };
    }
  }
  if (row !== undefined) yield row;
}

function newest(a: number | undefined, b: number | undefined): number | undefined {
  return a === undefined || b === undefined ? (a ?? b) : Math.max(a, b);
}

const HEADINGS = 'TIME                       LINE  TEXT';

function authorsOf(texts: readonly TextBlame[]): readonly (string | undefined)[] {
  return [...new Set(texts.flatMap(({ ranges }) => ranges.map(({ author }) => author)))];
}

function shownAuthor(author: string | undefined): string {
  return author === undefined ? '-' : printableName(author);
}

function toLine({ author, timeMs, line, text }: BlameRow, authorWidth: number): string {
  const cells = [shownAuthor(author).padEnd(authorWidth), formatTime(timeMs).padEnd(24), String(line).padStart(5)];
  return `${cells.join('  ')}  ${printableText(text)}`.trimEnd();
}
