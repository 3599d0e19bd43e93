import { HistoryClient } from '@headwater/client/history';
import { type DocumentStore, LevelStore } from '@headwater/persistence';
import type { ServerOptions } from '@headwater/server';
import { createServer } from '@headwater/server';
import { compact, recordSession, type Session } from '../history/session.ts';
import { Typist } from '../server/support.ts';
import type { RawClient } from '../support/raw-client.ts';
import { TempDir } from '../support/temp-dir.ts';
import { syncStep1, updateFrame } from '../support/wire.ts';

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

/** What a document receives stays in memory for an hour: it is crowded with one socket, and its flushes are far apart. */
export const SLOW_TO_WRITE: ServerOptions = { crowdSockets: 1, flushIntervalMs: 3_600_000 };

/** Types into a document of a server that is {@link SLOW_TO_WRITE}; resolves with the text once all of it was received. */
export async function typeWithoutWriting(client: RawClient): Promise<string> {
  const typist = new Typist(1);
  for (const word of ['one ', 'two ', 'three ']) client.send(updateFrame(typist.type(word)));
  // What a connection sends is taken up in its order, so an answer to this says that the rest is.
  client.send(syncStep1());
  await client.next((message) => message[0] === 0 && message[1] === 1);
  return typist.doc.getText('text').toString();
}
