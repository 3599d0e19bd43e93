import { readFile } from 'node:fs/promises';
import path from 'node:path';
import { HistoryClient } from '@headwater/client/history';
import { UsageError } from '../failure.ts';
import type { OpenedPast } from './open-past.ts';

/** Where a server leaves word of itself, in its data directory. */
const SERVER_FILE = 'headwater-server.json';

/** Asks a server over its HTTP API. @throws UsageError for what is no address of a server */
export function connectToServer(url: string, token: string | undefined): OpenedPast {
  if (!URL.canParse(url) || !/^(https?|wss?):$/.test(new URL(url).protocol)) {
    throw new UsageError(`--server: expected an address like http://127.0.0.1:1234, got ${JSON.stringify(url)}`);
  }
  return { past: new HistoryClient(url, { token }), [Symbol.asyncDispose]: () => Promise.resolve() };
}

/** Where the server that has a data directory open can be asked; `undefined` when none says so. */
export async function findRunningServer(directory: string): Promise<string | undefined> {
  try {
    const content: unknown = JSON.parse(await readFile(path.join(directory, SERVER_FILE), 'utf8'));
    const url: unknown = typeof content === 'object' && content !== null && 'url' in content ? content.url : undefined;
    return typeof url === 'string' ? url : undefined;
  } catch {
    return undefined; // none there, or half of one: the store is in somebody's hands, and that is all there is to say
  }
}
