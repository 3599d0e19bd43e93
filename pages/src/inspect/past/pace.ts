/** How fast the past is played: times as fast as it happened, or the whole document in so many seconds. */
export type Pace =
  | { readonly kind: 'times'; readonly factor: number }
  | { readonly kind: 'whole'; readonly seconds: number; readonly moments: number };

/** Nobody watches a pause longer than this. */
const MAX_PAUSE_MS = 1_000;

/** Milliseconds between two moments when they are played. */
export function pauseBetween(earlierMs: number | undefined, laterMs: number | undefined, pace: Pace): number {
  if (pace.kind === 'whole') return (pace.seconds * 1_000) / Math.max(pace.moments, 1);
  if (earlierMs === undefined || laterMs === undefined) return 0;
  return Math.min(Math.max(laterMs - earlierMs, 0) / pace.factor, MAX_PAUSE_MS);
}
