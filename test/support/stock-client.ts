import { WebSocket as NodeWebSocket } from 'ws';
import { WebsocketProvider } from 'y-websocket';
import * as Y from 'yjs';

const WAIT_TIMEOUT_MS = 20_000;

/** How a stock client connects. */
export interface StockClientOptions {
  /** The document to bind; a new one otherwise. */
  readonly doc?: Y.Doc;
  /** URL parameters, e.g. a token. */
  readonly params?: Record<string, string>;
  /** Ceiling of the reconnect delay; short by default, since tests restart servers. */
  readonly maxBackoffTime?: number;
}

/**
 * The `y-websocket` package as an application uses it, with a `Y.Doc`. Only the WebSocket (`ws`, as Node 20 has none)
 * and the reconnect ceiling are ours.
 */
export class StockClient implements AsyncDisposable {
  readonly doc: Y.Doc;
  readonly provider: WebsocketProvider;
  /** Codes of the closed connections, in order. */
  readonly closeCodes: number[] = [];

  constructor(serverUrl: string, documentName: string, options: StockClientOptions = {}) {
    this.doc = options.doc ?? new Y.Doc();
    this.provider = new WebsocketProvider(serverUrl, documentName, this.doc, {
      WebSocketPolyfill: NodeWebSocket as unknown as typeof WebSocket,
      disableBc: true,
      maxBackoffTime: options.maxBackoffTime ?? 200,
      params: options.params ?? {},
    });
    this.provider.on('connection-close', (event) => {
      if (event !== null) this.closeCodes.push(event.code);
    });
  }

  get awareness(): WebsocketProvider['awareness'] {
    return this.provider.awareness;
  }

  /** Waits until the provider says that it has the server's state. */
  async synced(): Promise<this> {
    await this.until(() => this.provider.synced, 'the provider to be synced');
    return this;
  }

  /** Waits until the connection is gone. */
  async disconnected(): Promise<void> {
    await this.until(() => !this.provider.wsconnected, 'the connection to close');
  }

  /**
   * Waits until the predicate holds, looking after every change of the document, of awareness and of the connection.
   *
   * @param what - completes "timed out waiting for …"
   */
  until(isMet: () => boolean, what = 'a condition', timeoutMs = WAIT_TIMEOUT_MS): Promise<void> {
    return new Promise((resolve, reject) => {
      const stop = (): void => {
        clearTimeout(timer);
        this.doc.off('afterTransaction', look);
        this.awareness.off('update', look);
        for (const event of ['status', 'sync', 'connection-close'] as const) this.provider.off(event, look);
      };
      const look = (): void => {
        if (!isMet()) return;
        stop();
        resolve();
      };
      const timer = setTimeout(() => {
        stop();
        reject(new Error(`timed out after ${timeoutMs} ms waiting for ${what}`));
      }, timeoutMs);
      this.doc.on('afterTransaction', look);
      this.awareness.on('update', look);
      for (const event of ['status', 'sync', 'connection-close'] as const) this.provider.on(event, look);
      look();
    });
  }

  /** Disconnects for good; the document stays usable. */
  close(): void {
    this.provider.destroy();
    this.awareness.destroy();
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.close();
  }
}
