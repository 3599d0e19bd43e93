import { print } from '../output.ts';
import { paint } from '../paint.ts';

/** What was looked at, how it is, and what to change. */
export interface Finding {
  /** A few words, the same each time: what a program looks for. */
  readonly check: string;
  readonly status: 'ok' | 'warn' | 'fail';
  /** What was found. */
  readonly found: string;
  /** What to change; with `warn` and `fail`. */
  readonly advice?: string;
}

export const ok = (check: string, found: string): Finding => ({ check, status: 'ok', found });

/** It works, and there is a risk. */
export const warn = (check: string, found: string, advice: string): Finding => ({
  check,
  status: 'warn',
  found,
  advice,
});

/** It does not work, or edits are at stake. */
export const fail = (check: string, found: string, advice: string): Finding => ({
  check,
  status: 'fail',
  found,
  advice,
});

const COLOURS = { ok: 'green', warn: 'yellow', fail: 'red' } as const;
const STATUS_WIDTH = 4;
const CHECK_WIDTH = 18;

/** Prints findings as lines for a person, the advice below what it is about. */
export async function printFinding({ check, status, found, advice }: Finding): Promise<void> {
  const head = `${paint(COLOURS[status], status.padEnd(STATUS_WIDTH))}  ${check.padEnd(CHECK_WIDTH)}  ${found}`;
  const indent = ' '.repeat(STATUS_WIDTH + CHECK_WIDTH + 4);
  await print(advice === undefined ? `${head}\n` : `${head}\n${indent}${advice}\n`);
}
