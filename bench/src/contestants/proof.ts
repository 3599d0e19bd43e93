import { WebSocket } from 'ws';
import { WebsocketProvider } from 'y-websocket';
import * as Y from 'yjs';
import { ROOT_NAME } from '../load/typing.ts';
import type { RunningServer } from './contestant.ts';

const PROOF_TIMEOUT_MS = 10_000;

/**
 * Lets two stock `y-websocket` clients type into one document through the server that is about to be measured, or through two
 * that are to be one.
 *
 * @throws when they do not end up with the same text: then its numbers are void, however good they are
 */
export async function proveConvergence(server: RunningServer, otherServer = server): Promise<void> {
  const documentName = `proof-${Date.now()}-${Math.floor(Math.random() * 1e6)}`;
  const clients = [connect(server, documentName), connect(otherServer, documentName)] as const;
  try {
    await waitFor('both clients to be synced', () => clients.every(({ provider }) => provider.synced));
    const [one, other] = clients.map(({ doc }) => doc.getText(ROOT_NAME)) as [Y.Text, Y.Text];
    one.insert(0, 'up');
    other.insert(0, 'down');
    await waitFor('both clients to hold the same text', () => one.length === 6 && one.toJSON() === other.toJSON());
    one.delete(0, 3);
    await waitFor('a deletion to arrive', () => other.length === 3 && one.toJSON() === other.toJSON());
  } catch (cause) {
    throw new Error(`stock clients do not converge through ${server.name}: ${(cause as Error).message}`, { cause });
  } finally {
    for (const { provider, doc } of clients) {
      provider.destroy();
      doc.destroy();
    }
  }
}

function connect(server: RunningServer, documentName: string): { doc: Y.Doc; provider: WebsocketProvider } {
  const doc = new Y.Doc();
  const provider = new WebsocketProvider(`ws://127.0.0.1:${server.port}`, documentName, doc, {
    WebSocketPolyfill: WebSocket as unknown as typeof globalThis.WebSocket,
    disableBc: true,
  });
  return { doc, provider };
}

async function waitFor(what: string, isTrue: () => boolean): Promise<void> {
  const until = performance.now() + PROOF_TIMEOUT_MS;
  while (!isTrue()) {
    if (performance.now() > until) throw new Error(`waited ${PROOF_TIMEOUT_MS} ms for ${what}`);
    await new Promise((resolve) => setTimeout(resolve, 5));
  }
}
