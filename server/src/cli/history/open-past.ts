import { HistoryClient } from '@headwater/client/history';
import { DocumentHistory, type DocumentStore } from '@headwater/persistence';
import { HeadwaterError } from '@headwater/protocol';
import type { Command } from 'commander';
import { findRunningServer } from '../../lifecycle/runtime-file.ts';
import { addFlags, COMMON_OPTIONS, loadSettings } from '../command-flags.ts';
import { UsageError } from '../failure.ts';
import { openStore } from '../offline-store.ts';
import type { Past } from './past.ts';

const OPTIONS = ['data', 'apiToken'] as const;

/** For the notes below `--help`. */
export const WHERE_FROM = `While a server runs on the data directory it is asked; otherwise the store is opened.`;

/** Whose past it is. */
export interface SourceFlags {
  readonly server?: string;
}

export interface PastFlags extends SourceFlags {
  readonly json?: boolean;
}

/** Adds the flags of every command that looks at the past and can say it to programs. */
export function addPastFlags(command: Command): Command {
  return addSourceFlags(command.option('--json', 'for programs: JSON, one value per line'));
}

/** Adds the flags that say whose past it is. */
export function addSourceFlags(command: Command): Command {
  command.option('--server <url>', 'ask this server, instead of the one that runs on the data directory');
  return addFlags(command, [...OPTIONS, ...COMMON_OPTIONS]);
}

/** The past of the documents, and what has to be closed after it. */
export interface OpenedPast extends AsyncDisposable {
  readonly past: Past;
  readonly documents: Pick<DocumentStore, 'delete'>;
  /** The store, where that was opened. */
  readonly store?: DocumentStore;
}

/**
 * Opens the store, or asks the server that has it open.
 *
 * @throws HW_STORE_UNUSABLE; HW_STORE_LOCKED when somebody else than a server has it open
 */
export async function openPast(flags: SourceFlags): Promise<OpenedPast> {
  const { options } = await loadSettings({ ...flags }, OPTIONS);
  if (flags.server !== undefined) return askServer(flags.server, options.apiToken);
  try {
    const store = await openStore(options.data);
    return { past: new DocumentHistory(store), documents: store, store, [Symbol.asyncDispose]: () => store.close() };
  } catch (error) {
    if (!(error instanceof HeadwaterError) || error.code !== 'HW_STORE_LOCKED') throw error;
    const server = await findRunningServer(options.data);
    if (server === undefined) throw error;
    return askServer(server.url, options.apiToken === '' ? (server.secret ?? '') : options.apiToken);
  }
}

/** @throws UsageError for what is no address of a server */
function askServer(url: string, token: string): OpenedPast {
  if (!URL.canParse(url) || !/^(https?|wss?):$/.test(new URL(url).protocol)) {
    throw new UsageError(`--server: expected an address like http://127.0.0.1:1234, got ${JSON.stringify(url)}`);
  }
  const past = new HistoryClient(url, { token: token === '' ? undefined : token });
  return { past, documents: past, [Symbol.asyncDispose]: () => Promise.resolve() };
}
