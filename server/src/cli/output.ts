import { once } from 'node:events';

/**
 * Writes to stdout and waits while whoever reads it is slower, so that a long listing needs no memory. A reader who
 * has seen enough (`| head`) ends the command, and that is no failure.
 */
export async function print(chunk: string | Uint8Array): Promise<void> {
  if (process.stdout.listenerCount('error') === 0) process.stdout.on('error', endOnClosedPipe);
  if (!process.stdout.write(chunk)) await once(process.stdout, 'drain');
}

function endOnClosedPipe(error: NodeJS.ErrnoException): never {
  if (error.code === 'EPIPE') process.exit(0);
  note(`headwater: cannot write to stdout: ${error.message}`);
  process.exit(1);
}

/** A note for the person at the keyboard; stdout stays clean for the result. */
export function note(line: string): void {
  process.stderr.write(`${line}\n`);
}

/** A document name as one word of a line: names may hold anything, a line feed and an escape sequence too. */
export function printableName(documentName: string): string {
  if (!/[\p{Cc}\p{Cf}\p{Zl}\p{Zp}"\s]/u.test(documentName)) return documentName;
  return printableText(JSON.stringify(documentName)); // which leaves some control characters as they are
}

/** One value as a line that a program reads. */
export function printJson(value: unknown): Promise<void> {
  return print(`${JSON.stringify(value)}\n`);
}

/** A time as every command prints it: in UTC; `-` where none is known. */
export function formatTime(timeMs: number | undefined): string {
  return isoTime(timeMs) ?? '-';
}

/** A time for programs; `null` where none is known. */
export function isoTime(timeMs: number | undefined): string | null {
  return timeMs === undefined || timeMs === 0 ? null : new Date(timeMs).toISOString();
}

/** Text of a document for a terminal: what would move the cursor, or turn the line around, shows as a sign of its own. */
export function printableText(text: string): string {
  return text.replace(/[^\P{Cc}\n\t]|[\u061c\u200e\u200f\u2028-\u202e\u2066-\u2069]/gu, (character) => {
    const code = character.codePointAt(0) ?? 0;
    return code < 0x20 ? String.fromCodePoint(0x2400 + code) : '\u{fffd}';
  });
}
