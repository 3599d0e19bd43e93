import { WebSocket } from 'ws';
import { WebsocketProvider } from 'y-websocket';
import * as Y from 'yjs';
import type { RunningServer } from '../contestants/contestant.ts';

const FETCH_TIMEOUT_MS = 30_000;

/** What a stock client that knew nothing ends up with: the check that a fast answer was also the right one. */
export async function fetchDocument(server: RunningServer, documentName: string): Promise<Y.Doc> {
  const doc = new Y.Doc();
  const provider = new WebsocketProvider(`ws://127.0.0.1:${server.port}`, documentName, doc, {
    WebSocketPolyfill: WebSocket as unknown as typeof globalThis.WebSocket,
    disableBc: true,
  });
  try {
    await new Promise<void>((resolve, reject) => {
      const timer = setTimeout(() => reject(new Error(`${documentName} was not synced in time`)), FETCH_TIMEOUT_MS);
      provider.once('sync', () => {
        clearTimeout(timer);
        resolve();
      });
    });
    return doc;
  } finally {
    provider.destroy();
  }
}
