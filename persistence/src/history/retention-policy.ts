const HOUR_MS = 60 * 60 * 1000;
const DAY_MS = 24 * HOUR_MS;

/** From some age on, one state in each stretch of time. */
export interface RetentionTier {
  /** Of each stretch of this many milliseconds (counted from the epoch) in which something was written, the last state. */
  readonly everyMs: number;
  /** Up to this age, in milliseconds; without it for ever. */
  readonly untilAgeMs?: number | undefined;
}

/** How much of a document's past is kept. Named versions and the current state are not subject to it: they stay. */
export interface RetentionPolicy {
  /** Every record younger than this many milliseconds is kept. */
  readonly keepAllMs: number;
  /** What is left of older records, by age, the youngest tier first. Past the last one nothing is. */
  readonly tiers: readonly RetentionTier[];
  /**
   * Bytes on disk the history of one document may take. Past it the oldest goes first, whatever its age; named versions
   * count, but stay.
   */
  readonly maxBytes: number;
}

/** A policy, or `'none'`: no history is kept but named versions. */
export type Retention = RetentionPolicy | 'none';

/** Everything for 7 days, then the last state of each hour up to 30 days, then that of each day for ever; 1 GiB each. */
export const RETENTION_DEFAULTS = {
  keepAllMs: 7 * DAY_MS,
  tiers: [{ everyMs: HOUR_MS, untilAgeMs: 30 * DAY_MS }, { everyMs: DAY_MS }],
  maxBytes: 1024 * 1024 * 1024,
} as const satisfies RetentionPolicy;

/** What is wrong with a policy, in one line; `undefined` when nothing is. */
export function problemWithRetention(retention: Retention): string | undefined {
  if (retention === 'none') return undefined;
  const { keepAllMs, tiers, maxBytes } = retention;
  if (!isCount(keepAllMs)) return 'keepAllMs must be a whole number of milliseconds';
  if (!isCount(maxBytes)) return 'maxBytes must be a whole number of bytes';
  let age = 0;
  for (const { everyMs, untilAgeMs } of tiers) {
    if (age === Number.POSITIVE_INFINITY) return 'only the last tier may last for ever';
    if (!isCount(everyMs) || everyMs === 0) return 'everyMs of a tier must be a positive number of milliseconds';
    const until = untilAgeMs ?? Number.POSITIVE_INFINITY;
    if (untilAgeMs !== undefined && !isCount(untilAgeMs))
      return 'untilAgeMs of a tier must be a number of milliseconds';
    if (until <= age) return 'the tiers must be in the order of their age';
    age = until;
  }
  return undefined;
}

function isCount(value: number): boolean {
  return Number.isSafeInteger(value) && value >= 0;
}
