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
  return /[\p{Cc}\p{Cf}\p{Zl}\p{Zp}"\s]/u.test(documentName) ? JSON.stringify(documentName) : documentName;
}
