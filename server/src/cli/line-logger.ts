import type { Logger } from '../logging/logger.ts';
import { note } from './output.ts';

/** From the quietest: a log of one level says that level and those before it. */
const LEVELS = ['error', 'warn', 'info', 'debug'] as const;

/**
 * The log of a command that runs once: each entry is a line like those of failures, without time and fields. A log that
 * nobody keeps has no use for those, and whoever typed the command reads it, a pipe behind it or not.
 */
export function createLineLogger(level: string): Logger {
  const said = level === 'trace' ? LEVELS.length : LEVELS.indexOf(level as (typeof LEVELS)[number]) + 1;
  return {
    error: said > 0 ? sayAs('error') : ignore,
    warn: said > 1 ? sayAs('warning') : ignore,
    info: said > 2 ? sayAs('info') : ignore,
    debug: said > 3 ? sayAs('debug') : ignore,
  };
}

const ignore = (): void => {};

const sayAs =
  (word: string) =>
  (_fields: object, message: string): void =>
    note(`headwater: ${word}: ${message}`);
