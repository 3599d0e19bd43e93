import { type ErrorCode, HeadwaterError } from '@headwater/protocol';
import { CommanderError } from 'commander';
import { printableText } from './output.ts';

/** What the command's exit status says. */
export const EXIT = { ok: 0, failed: 1, usage: 2 } as const;

/** The command was called in a way that cannot work; the message says how to call it. */
export class UsageError extends Error {
  override readonly name = 'UsageError';
}

/** What the command needed of the world outside was not to be had; the message says it all. */
export class CommandFailure extends Error {
  override readonly name = 'CommandFailure';
}

/** What somebody at a command line can do about it. */
const HINTS: Partial<Record<ErrorCode, string>> = {
  HW_API_TOKEN_WRONG: 'give it with --api-token or HEADWATER_API_TOKEN',
  HW_API_REFUSED: 'run the command where the server may be asked, or stop the server and open the store',
};

const EXPECTED = [HeadwaterError, UsageError, CommandFailure];

/** The exit status of a failure: 2 when the call has to change, 1 when the world has to. */
export function exitStatusOf(error: unknown): number {
  if (error instanceof CommanderError) return error.exitCode === 0 ? EXIT.ok : EXIT.usage;
  if (error instanceof UsageError) return EXIT.usage;
  if (error instanceof HeadwaterError && error.code === 'HW_OPTIONS_INVALID') return EXIT.usage;
  return EXIT.failed;
}

/**
 * A failure as lines for a person: what failed and, for the documented ones, the code to look up in `docs/errors.md`.
 * Empty for what commander has printed already (help, version, its own complaints).
 */
export function describeFailure(error: unknown, { showStack }: { readonly showStack: boolean }): readonly string[] {
  if (error instanceof CommanderError) return [];
  if (!(error instanceof Error)) return [`headwater: ${String(error)}`];

  const code = error instanceof HeadwaterError ? `${hintFor(error.code)} [${error.code}]` : '';
  const isExpected = EXPECTED.some((kind) => error instanceof kind) || isSystemError(error);
  const message = printableText(error.message.trimEnd()); // a server's words may be in it
  const lines = message.split('\n').map((line) => `headwater: ${line}${code}`);
  if (showStack) return [...lines, ...stackLines(error)];
  return isExpected ? lines : [...lines, 'headwater: this was not expected; --log-level debug shows where it happened'];
}

function hintFor(code: ErrorCode): string {
  const hint = HINTS[code];
  return hint === undefined ? '' : `: ${hint}`;
}

/** A file that cannot be opened and the like: the message says it all. */
function isSystemError(error: Error): boolean {
  return 'syscall' in error;
}

function stackLines(error: Error): readonly string[] {
  const own = (error.stack ?? '').split('\n').filter((line) => line.startsWith('    at '));
  if (!(error.cause instanceof Error)) return own;
  return [...own, `  caused by ${error.cause.message}`, ...stackLines(error.cause)];
}
