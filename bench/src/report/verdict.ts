/** One promise, held against one measurement. */
export interface Verdict {
  readonly what: string;
  readonly measured: number;
  readonly comparison: '≤' | '<' | '≥';
  readonly target: number;
  readonly unit: string;
  /** The rival it is a comparison with, as mine ÷ its; by default it is none with a rival. */
  readonly rival?: string | undefined;
  /** Why the number must not be believed; empty when nothing is wrong with it. */
  readonly voidBecause: readonly string[];
}

/** Whether the subject is on the better side of a rival, whatever the target is. */
export function isAhead({ measured, comparison }: Verdict): boolean {
  return comparison === '≥' ? measured > 1 : measured < 1;
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
