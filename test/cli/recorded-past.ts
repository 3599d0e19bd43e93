import { cp } from 'node:fs/promises';
import { afterAll, beforeAll } from 'vitest';
import { ServerProcess, type ServerProcessOptions } from '../support/server-process.ts';
import { StockClient } from '../support/stock-client.ts';
import { TempDir } from '../support/temp-dir.ts';

/** The document two people wrote. */
export const DOCUMENT = 'notes';
/** Its one text. */
export const TEXT = 'content';

const EDITS: readonly ((text: { insert: Insert; delete: Delete; length: number }) => void)[] = [
  (text) => text.insert(0, 'The quick brown fox\n'),
  (text) => text.insert(20, 'jumps over the dog.\n'),
  (text) => text.insert(35, 'lazy '),
  (text) => text.delete(4, 6),
  (text) => text.insert(text.length, '日本語 😀\n'),
  (text) => text.insert(0, '# Animals\n\n'),
  (text) => text.delete(text.length - 1, 1),
  (text) => text.insert(text.length, ' and the rest'),
];

type Insert = (index: number, content: string) => void;
type Delete = (index: number, length: number) => void;

/**
 * Two people write in turns, each seeing what the other wrote before they go on, so that every edit is a record of its
 * own. The first writes the odd moments.
 *
 * @returns the text after each edit, and before the first
 */
async function recordSession(server: ServerProcess): Promise<readonly string[]> {
  await using ada = await new StockClient(server.url, DOCUMENT).synced();
  await using bob = await new StockClient(server.url, DOCUMENT).synced();
  const texts = [''];
  for (const [index, edit] of EDITS.entries()) {
    const [writer, reader] = index % 2 === 0 ? [ada, bob] : [bob, ada];
    const text = writer.doc.getText(TEXT);
    writer.doc.transact(() => edit(text));
    const written = text.toString();
    await reader.until(() => reader.doc.getText(TEXT).toString() === written, `edit ${index + 1}`);
    texts.push(written);
  }
  return texts;
}

/** A data directory with a recorded session in it. */
export interface RecordedPast extends AsyncDisposable {
  /** By moment: what the text was in the documents of the clients. 0 is the empty document. */
  readonly texts: readonly string[];
  /** What names the directory to a command. */
  readonly data: readonly string[];
}

/** One that a server has open. */
export interface ServedPast extends RecordedPast {
  readonly server: ServerProcess;
}

/** The commands do the same whether a server has the store open or nobody. */
export const MODES = ['stopped', 'running'] as const;

/** Records a session of two clients and leaves the server running, or a store that no server has open. */
export function recordedPast(mode: (typeof MODES)[number]): Promise<RecordedPast> {
  return mode === 'running' ? servedPast() : storedPast();
}

/** Records a session and leaves the server running. */
export async function servedPast(options: ServerProcessOptions = {}): Promise<ServedPast> {
  const server = await ServerProcess.start(options);
  try {
    return {
      server,
      texts: await recordSession(server),
      data: ['--data', server.data],
      [Symbol.asyncDispose]: () => server[Symbol.asyncDispose](),
    };
  } catch (error) {
    await server[Symbol.asyncDispose]();
    throw error;
  }
}

/** A copy of a store that a server was stopped on: recorded once for a test file, since starting a server takes its time. */
export async function storedPast(): Promise<RecordedPast> {
  const { server, texts } = await (recording ??= recordOnce());
  const copy = await TempDir.create();
  await cp(server.data, copy.path, { recursive: true });
  return { texts, data: ['--data', copy.path], [Symbol.asyncDispose]: () => copy[Symbol.asyncDispose]() };
}

let recording: Promise<ServedPast> | undefined;

async function recordOnce(): Promise<ServedPast> {
  const past = await servedPast();
  await past.server.stop();
  return past;
}

afterAll(async () => {
  await (await recording)?.[Symbol.asyncDispose]();
});

/** One for all tests of a `describe`, which only look at it. */
export function sharedPast(mode: (typeof MODES)[number]): { readonly current: RecordedPast } {
  let past: RecordedPast | undefined;
  beforeAll(async () => {
    past = await recordedPast(mode);
  });
  afterAll(() => past?.[Symbol.asyncDispose]());
  return {
    get current() {
      if (past === undefined) throw new Error('nothing was recorded');
      return past;
    },
  };
}
