import { HistoryClient } from '@headwater/client/history';
import { type DocumentStore, LevelStore } from '@headwater/persistence';
import type { ServerOptions } from '@headwater/server';
import { createServer } from '@headwater/server';
import { compact, recordSession, type Session } from '../history/session.ts';
import { TempDir } from '../support/temp-dir.ts';

/** A server over a real store, and what one needs to ask it. */
export interface Served extends AsyncDisposable {
  readonly port: number;
  /** `http://127.0.0.1:PORT` */
  readonly url: string;
  /** `ws://127.0.0.1:PORT` */
  readonly socketUrl: string;
  readonly data: string;
  readonly history: HistoryClient;
  close(): Promise<void>;
}

/** Starts a server on a free port and a directory of its own, which `prepare` may fill before. */
export async function serve(
  options: ServerOptions = {},
  prepare: (store: DocumentStore) => Promise<void> = async () => {},
): Promise<Served> {
  const directory = await TempDir.create();
  {
    await using store = await LevelStore.open(directory.path);
    await prepare(store);
  }
  const server = await createServer({ port: 0, data: directory.path, ...options });
  const { port } = await server.listen();
  const url = `http://127.0.0.1:${port}`;
  return {
    port,
    url,
    socketUrl: `ws://127.0.0.1:${port}`,
    data: directory.path,
    history: new HistoryClient(url),
    close: () => server.close(),
    async [Symbol.asyncDispose]() {
      await server.close();
      await directory[Symbol.asyncDispose]();
    },
  };
}

/** Stores a session as a server would have: most of it compacted, the rest in the log. */
export async function storeSession(
  store: DocumentStore,
  documentName: string,
  { seed, records }: { readonly seed: number; readonly records: number },
): Promise<Session> {
  const session = recordSession(seed, records);
  for (const { timeMs, entries } of session.records) await store.append(documentName, { timeMs, entries }).written;
  await compact(store, documentName, Math.floor(records * 0.7));
  return session;
}
