import { HocuspocusProvider, HocuspocusProviderWebsocket } from '@hocuspocus/provider';
import { WebSocket } from 'ws';
import { WebsocketProvider } from 'y-websocket';
import * as Y from 'yjs';
import type { RunningServer } from './contestant.ts';

/** A `Y.Doc` that a stock provider keeps in step with a server until it is disposed of. The document itself is its user's. */
export interface StockClient extends Disposable {
  readonly doc: Y.Doc;
  readonly isSynced: boolean;
}

/** Connects the provider of the server's own dialect, as an application would. */
export function connectStockClient(server: RunningServer, documentName: string): StockClient {
  const doc = new Y.Doc();
  const url = `ws://127.0.0.1:${server.port}`;
  if (server.dialect === 'y-websocket') {
    const provider = new WebsocketProvider(url, documentName, doc, {
      WebSocketPolyfill: WebSocket as unknown as typeof globalThis.WebSocket,
      disableBc: true,
    });
    return {
      doc,
      get isSynced() {
        return provider.synced;
      },
      [Symbol.dispose]: () => {
        provider.destroy();
        provider.awareness.destroy();
      },
    };
  }
  const websocketProvider = new HocuspocusProviderWebsocket({ url, WebSocketPolyfill: WebSocket });
  const provider = new HocuspocusProvider({ name: documentName, document: doc, token: 'a token', websocketProvider });
  provider.attach();
  return {
    doc,
    get isSynced() {
      return provider.isSynced;
    },
    [Symbol.dispose]: () => {
      provider.destroy();
      provider.awareness?.destroy();
      websocketProvider.destroy();
    },
  };
}
