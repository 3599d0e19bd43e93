import { type Logger, pino } from 'pino';
import { note } from './output.ts';

/** How levels are called in a line for people; the others by their own names. */
const WORDS: Readonly<Record<string, string>> = { warn: 'warning' };

/**
 * The log of a command that runs once: each entry is a line like those of failures, without time and fields. A log that
 * nobody keeps has no use for those, and whoever typed the command reads it, a pipe behind it or not.
 */
export function createLineLogger(level: string): Logger {
  return pino({ level, base: null, formatters: { level: (label) => ({ level: label }) } }, { write: writeLine });
}

function writeLine(entry: string): void {
  const { level, msg } = JSON.parse(entry) as { readonly level: string; readonly msg: string };
  note(`headwater: ${WORDS[level] ?? level}: ${msg}`);
}
