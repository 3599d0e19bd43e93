/** The middle value (of an even number, the mean of the two in the middle); `NaN` of none. */
export function median(values: readonly number[]): number {
  const sorted = [...values].sort((a, b) => a - b);
  const upper = sorted[Math.floor(sorted.length / 2)];
  const lower = sorted[Math.floor((sorted.length - 1) / 2)];
  return upper === undefined || lower === undefined ? Number.NaN : (upper + lower) / 2;
}

/** The median, over the rounds, of what `compare` makes of the two results of a round. */
export function medianOfRounds<T>(
  mine: readonly T[],
  theirs: readonly T[],
  compare: (mine: T, theirs: T) => number,
): number {
  return median(
    mine.flatMap((result, round) => {
      const other = theirs[round];
      return other === undefined ? [] : [compare(result, other)];
    }),
  );
}

export interface Percentiles {
  readonly count: number;
  readonly p50: number;
  readonly p95: number;
  readonly p99: number;
  readonly max: number;
}

/** Nearest-rank percentiles. */
export function percentiles(values: ArrayLike<number>): Percentiles {
  const sorted = Float64Array.from(values).sort();
  const at = (share: number): number => sorted[Math.max(0, Math.ceil(share * sorted.length) - 1)] ?? Number.NaN;
  return { count: sorted.length, p50: at(0.5), p95: at(0.95), p99: at(0.99), max: at(1) };
}
