import type { RetentionPolicy, RetentionTier } from './retention-policy.ts';

/** A moment, as far as retention looks at it. */
export interface Point {
  readonly sequence: number;
  readonly timeMs: number;
}

/**
 * Which of these moments a policy keeps as states, given in the order of their numbers: those younger than `keepAllMs`, and
 * of each stretch of time of the tier for their age the last. A state at the end of an hour is also the one at the end of its
 * day, so what is kept now holds all that will have to be kept later.
 */
export function survivors(points: readonly Point[], policy: RetentionPolicy, nowMs: number): ReadonlySet<number> {
  const kept = new Set<number>();
  const lastOf = new Map<string, number>();
  for (const { sequence, timeMs } of points) {
    const ageMs = nowMs - timeMs;
    if (ageMs < policy.keepAllMs) {
      kept.add(sequence);
      continue;
    }
    const index = tierFor(policy.tiers, ageMs);
    const tier = policy.tiers[index];
    if (tier !== undefined) lastOf.set(`${index} ${Math.floor(timeMs / tier.everyMs)}`, sequence);
  }
  for (const sequence of lastOf.values()) kept.add(sequence);
  return kept;
}

function tierFor(tiers: readonly RetentionTier[], ageMs: number): number {
  return tiers.findIndex(({ untilAgeMs }) => untilAgeMs === undefined || ageMs < untilAgeMs);
}
