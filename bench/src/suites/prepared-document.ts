import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import type { Contestant, RunningServer } from '../contestants/contestant.ts';
import { proveConvergence } from '../contestants/proof.ts';
import { feed } from '../documents/feed.ts';
import { fetchDocument } from '../documents/fetch.ts';
import { ROOT_NAME } from '../load/typing.ts';
import { untilQuiet } from '../measure/settle.ts';
import { newDirectory, type SuiteContext } from './suite.ts';

/** Puts bytes where another process can read them. */
export function toFile(context: SuiteContext, name: string, bytes: Uint8Array): string {
  const file = join(context.workDirectory, name);
  writeFileSync(file, bytes);
  return file;
}

/**
 * Starts a contestant, by default the subject, with documents already in it. One that keeps documents is restarted in between, so that it is
 * measured as it runs on any other day: with what it stored, and without the garbage of taking it in.
 */
export async function enterWith(
  context: SuiteContext,
  documentNames: readonly string[],
  updates: readonly Uint8Array[],
  contestant: Contestant = context.subject,
): Promise<{ server: RunningServer; directory: string; problems: string[] }> {
  const directory = newDirectory(context, 'prepared');
  let server = await contestant.start(directory);
  const problems: string[] = [];
  try {
    await proveConvergence(server).catch((error: unknown) => problems.push((error as Error).message));
    for (const documentName of documentNames) await feed(server, documentName, updates);
    await untilQuiet(server.pid);
    if (contestant.isPersistent) {
      await server.close();
      server = await contestant.start(directory);
      await untilQuiet(server.pid);
    }
  } catch (error) {
    await server.kill();
    throw error;
  }
  return { server, directory, problems };
}

/** Says whether a fresh stock client gets the whole text; a fast join of less is worth nothing. */
export async function missingText(server: RunningServer, documentName: string, length: number): Promise<string[]> {
  const doc = await fetchDocument(server, documentName);
  const got = doc.getText(ROOT_NAME).length;
  doc.destroy();
  return got === length ? [] : [`a fresh client got ${got} of ${length} characters`];
}
