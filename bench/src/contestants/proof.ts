import type * as Y from 'yjs';
import { ROOT_NAME } from '../load/typing.ts';
import { waitFor } from '../measure/wait-for.ts';
import type { RunningServer } from './contestant.ts';
import { connectStockClient } from './stock-client.ts';

const PROOF_TIMEOUT_MS = 10_000;

const until = (what: string, isTrue: () => boolean): Promise<void> => waitFor(what, isTrue, PROOF_TIMEOUT_MS);
const textOf = (doc: Y.Doc): Y.Text => doc.getText(ROOT_NAME);

/**
 * Lets two stock clients type into one document through the server that is about to be measured, or through two that are to be
 * one.
 *
 * @throws when they do not end up with the same text: then its numbers are void, however good they are
 */
export async function proveConvergence(server: RunningServer, otherServer = server): Promise<void> {
  const documentName = `proof-${Date.now()}-${Math.floor(Math.random() * 1e6)}`;
  using oneClient = connectStockClient(server, documentName);
  using otherClient = connectStockClient(otherServer, documentName);
  try {
    await until('both clients to be synced', () => oneClient.isSynced && otherClient.isSynced);
    const [one, other] = [textOf(oneClient.doc), textOf(otherClient.doc)];
    one.insert(0, 'up');
    other.insert(0, 'down');
    await until('both clients to hold the same text', () => one.length === 6 && one.toJSON() === other.toJSON());
    one.delete(0, 3);
    await until('a deletion to arrive', () => other.length === 3 && one.toJSON() === other.toJSON());
  } catch (cause) {
    throw new Error(`stock clients do not converge through ${server.name}: ${(cause as Error).message}`, { cause });
  } finally {
    for (const { doc } of [oneClient, otherClient]) doc.destroy();
  }
}
