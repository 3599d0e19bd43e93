import type { Moment } from '@headwater/persistence';
import { Command } from 'commander';
import { formatTime, isoTime, note, print, printableName, printJson } from '../output.ts';
import { parseCount } from '../parse-flag.ts';
import { resolveMoment } from './moment-argument.ts';
import { addPastFlags, openPast, type PastFlags, WHERE_FROM } from './open-past.ts';
import { lastMoment, type Past } from './past.ts';
import { quoted, versionToJson } from './versions.ts';

const DEFAULT_LIMIT = 20;
const PAGE = 1_000;

const NOTES = `
Columns: number of the moment; when the server received it; number and bytes of its updates (- where only the state is
kept); who wrote it; the labels of versions. Without a range the last ${DEFAULT_LIMIT} are listed. Wherever a moment is asked for,
here and in the other commands, it may be a number, latest, the label or id of a version, or a time in UTC
(2026-11-22T10:00, 2026-11-22T10:00+02:00, -90s, -2h, -3d), which means the last moment that had come by then.

${WHERE_FROM}

Examples:
  $ headwater history notes
  $ headwater history notes --after -1h --limit 100
  $ headwater history notes --all --json | jq -r '.authors[]' | sort | uniq -c`;

interface HistoryFlags extends PastFlags {
  readonly after?: string;
  readonly before?: string;
  readonly limit?: number;
  readonly all?: boolean;
}

/** `headwater history` */
export function historyCommand(): Command {
  const command = new Command('history')
    .description('List the moments of a document: what it was after each record.')
    .argument('<name>', 'name of the document')
    .option('--after <moment>', 'the moments after this one')
    .option('--before <moment>', 'the moments before this one; without --after the last of them')
    .option('--limit <number>', `list at most so many (default: ${DEFAULT_LIMIT})`, parseCount)
    .option('--all', 'list all of them');
  return addPastFlags(command).addHelpText('after', NOTES).action(listHistory);
}

async function listHistory(documentName: string, flags: HistoryFlags): Promise<void> {
  await using opened = await openPast(flags);
  const { past } = opened;
  const resolve = async (text: string | undefined): Promise<number | undefined> =>
    text === undefined ? undefined : resolveMoment(past, documentName, text, Date.now());
  const last = (await lastMoment(past, documentName))?.sequence ?? 0;
  const after = flags.all ? ((await resolve(flags.after)) ?? 0) : await resolve(flags.after);
  const range = {
    after,
    before: (await resolve(flags.before)) ?? last + 1,
    limit: flags.limit ?? (flags.all ? Number.POSITIVE_INFINITY : DEFAULT_LIMIT),
  };

  if (!flags.json) await print(`${HEADINGS}\n`);
  let listed = 0;
  let first: number | undefined;
  for await (const moment of select(past, documentName, range)) {
    await (flags.json ? printJson(withIsoTimes(moment)) : print(`${toRow(moment)}\n`));
    first ??= moment.sequence;
    listed += 1;
  }
  const isCutShort = listed === range.limit && flags.limit === undefined;
  if (flags.json || !isCutShort) return;
  const more = after === undefined ? `before ${first}` : 'after these';
  note(`there may be more ${more}: --limit, --before and --after say which to list, --all lists all`);
}

interface Range {
  readonly after: number | undefined;
  readonly before: number;
  readonly limit: number;
}

async function* select(past: Past, documentName: string, range: Range): AsyncIterable<Moment> {
  if (range.after === undefined) return yield* await lastOf(past, documentName, range);
  let { after, limit } = range;
  while (limit > 0) {
    const page = await past.moments(documentName, { after, before: range.before, limit: Math.min(limit, PAGE) });
    yield* page;
    limit -= page.length;
    after = page.at(-1)?.sequence ?? after;
    if (page.length === 0) return;
  }
}

/** The last moments of a range, read from its end. */
async function lastOf(past: Past, documentName: string, { before, limit }: Range): Promise<readonly Moment[]> {
  const pages: (readonly Moment[])[] = [];
  let left = limit;
  let end = before;
  while (left > 0) {
    const page = await past.moments(documentName, { before: end, limit: Math.min(left, PAGE) });
    pages.unshift(page);
    left -= page.length;
    end = page[0]?.sequence ?? end;
    if (page.length === 0) break;
  }
  return pages.flat();
}

const HEADINGS = '  MOMENT  TIME                      UPDATES     BYTES  AUTHORS  VERSIONS';

function toRow({ sequence, timeMs, updates, bytes, kind, authors, versions }: Moment): string {
  const cells = [
    String(sequence).padStart(8),
    formatTime(timeMs).padEnd(24),
    (kind === 'state' ? '-' : String(updates)).padStart(7),
    (kind === 'state' ? '-' : String(bytes)).padStart(8),
    authors.map(printableName).join(', '),
    ...versions.map(({ label }) => quoted(label)),
  ];
  return cells.join('  ').trimEnd();
}

function withIsoTimes({ timeMs, versions, ...moment }: Moment): object {
  return { ...moment, time: isoTime(timeMs), versions: versions.map(versionToJson) };
}
