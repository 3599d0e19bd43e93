/** One promise, held against one measurement. */
export interface Verdict {
  readonly what: string;
  readonly measured: number;
  readonly comparison: '≤' | '<' | '≥';
  readonly target: number;
  readonly unit: string;
  /** Why the number must not be believed; empty when nothing is wrong with it. */
  readonly voidBecause: readonly string[];
}

export type Outcome = 'PASS' | 'MISS' | 'VOID';

export function outcomeOf(verdict: Verdict): Outcome {
  if (verdict.voidBecause.length > 0 || Number.isNaN(verdict.measured)) return 'VOID';
  return isKept(verdict) ? 'PASS' : 'MISS';
}

function isKept({ measured, comparison, target }: Verdict): boolean {
  if (comparison === '≥') return measured >= target;
  return comparison === '≤' ? measured <= target : measured < target;
}
