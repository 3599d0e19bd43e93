import type { NamedVersion } from '@headwater/persistence';
import { HeadwaterError } from '@headwater/protocol';
import { UsageError } from '../failure.ts';
import { didYouMean } from '../nearest.ts';
import { formatTime, printableName } from '../output.ts';
import { lastMoment, type Past } from './past.ts';

/** How a moment may be named; for `--help` and messages. */
export const MOMENT_FORMS = 'a number, latest, the label of a version, or a time (2026-11-22T10:00, -2h)';

const LABELS_SHOWN = 5;
const UNITS_MS: Readonly<Record<string, number>> = {
  s: 1_000,
  m: 60_000,
  h: 3_600_000,
  d: 86_400_000,
  w: 604_800_000,
};

const MOMENT_FLAGS = new Set(['--at', '--from', '--to', '--after', '--before']);
const FLAGS_WITHOUT_VALUE = new Set(['--json', '--all', '--yes', '--verbose']);
/** Where a command takes moments without a flag, counting what is no flag from its name on. */
const MOMENT_PLACES: Readonly<Record<string, readonly number[]>> = { restore: [2], diff: [2, 3], fork: [3] };

/**
 * `-2h` looks like a flag to whoever takes the command line apart; `2h ago` says the same. Only where a moment is expected: a
 * document or a label may be called so.
 */
export function withoutDashes(args: readonly string[]): readonly string[] {
  const places = MOMENT_PLACES[args[0] ?? ''] ?? [];
  const end = args.indexOf('--');
  let place = -1;
  return args.map((arg, index) => {
    if (end !== -1 && index >= end) return arg;
    const before = args[index - 1] ?? '';
    const isTime = /^-\d+(\.\d+)?[smhdw]$/.test(arg);
    const isValue = before.startsWith('--') && !before.includes('=') && !FLAGS_WITHOUT_VALUE.has(before);
    if (!isValue && (isTime || !arg.startsWith('-'))) place += 1;
    const isMoment = isValue ? MOMENT_FLAGS.has(before) : places.includes(place);
    return isTime && isMoment ? `${arg.slice(1)} ago` : arg;
  });
}

/**
 * Finds the moment somebody means.
 *
 * @throws UsageError for what cannot be one, naming what there is; HW_DOCUMENT_UNKNOWN
 * @throws HW_MOMENT_UNKNOWN for a time before anything that is kept
 */
export async function resolveMoment(past: Past, documentName: string, text: string, nowMs: number): Promise<number> {
  if (/^\d+$/.test(text)) return Number(text);
  if (text === 'latest') return (await lastMoment(past, documentName))?.sequence ?? 0;
  const versions = await past.versions.list(documentName);
  const version = findVersion(versions, text);
  if (version !== undefined) return version.sequence;
  const timeMs = parseTime(text, nowMs);
  if (timeMs !== undefined) return momentAt(past, documentName, timeMs);
  throw await noSuchMoment(past, documentName, text, versions);
}

/** The version of this id or label. @throws UsageError when several have the label */
export function findVersion(versions: readonly NamedVersion[], text: string): NamedVersion | undefined {
  const byId = versions.find(({ id }) => id === text);
  if (byId !== undefined) return byId;
  const [first, ...others] = versions.filter(({ label }) => label === text);
  if (others.length === 0) return first;
  const ids = [first, ...others].map((version) => `${version?.id} (moment ${version?.sequence})`).join(', ');
  throw new UsageError(`several versions have the label ${printableName(text)}; name one by its id: ${ids}`);
}

/** Milliseconds since the epoch; a time without a zone is UTC, as every time that is printed. */
export function parseTime(text: string, nowMs: number): number | undefined {
  const ago = /^(\d+(?:\.\d+)?)([smhdw]) ago$/.exec(text);
  if (ago !== null) return nowMs - Number(ago[1]) * (UNITS_MS[ago[2] ?? ''] ?? 0);
  const time = /^(\d{4}-\d\d-\d\d)(?:[T ](\d\d:\d\d(?::\d\d(?:\.\d{1,3})?)?)(Z|[+-]\d\d:\d\d)?)?$/.exec(text);
  if (time === null) return undefined;
  const [, date, clock = '00:00', zone = 'Z'] = time;
  const timeMs = Date.parse(`${date}T${clock}${zone}`);
  return Number.isNaN(timeMs) ? undefined : timeMs;
}

/** The last moment that had come by then. */
async function momentAt(past: Past, documentName: string, timeMs: number): Promise<number> {
  const next = async (after: number) => (await past.moments(documentName, { after, limit: 1 }))[0];
  const first = await next(0);
  if (first !== undefined && first.timeMs > timeMs && first.sequence > 1) {
    const problem = `nothing is kept of ${JSON.stringify(documentName)} from before ${formatTime(first.timeMs)}, moment ${first.sequence}`;
    throw new HeadwaterError('HW_MOMENT_UNKNOWN', problem);
  }
  // Moment `low` had come; what is after `high` had not.
  let low = 0;
  let high = (await lastMoment(past, documentName))?.sequence ?? 0;
  while (low < high) {
    const middle = Math.floor((low + high) / 2);
    const moment = await next(middle);
    if (moment === undefined || moment.sequence > high || moment.timeMs > timeMs) high = middle;
    else low = moment.sequence;
  }
  return low;
}

async function noSuchMoment(
  past: Past,
  documentName: string,
  text: string,
  versions: readonly NamedVersion[],
): Promise<UsageError> {
  const last = (await lastMoment(past, documentName))?.sequence ?? 0;
  const labels = versions.map(({ label }) => label);
  const shown = labels.slice(0, LABELS_SHOWN).map((label) => JSON.stringify(label));
  if (labels.length > shown.length) shown.push(`${labels.length - shown.length} more`);
  const named = shown.length === 0 ? 'no version has a label yet' : `versions: ${shown.join(', ')}`;
  return new UsageError(
    `${JSON.stringify(text)} is no moment of ${printableName(documentName)}${didYouMean(text, ['latest', ...labels])}; ` +
      `expected ${MOMENT_FORMS}; it has the moments 0 to ${last}, ${named}`,
  );
}
