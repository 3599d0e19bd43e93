import { Connection } from './connection.ts';
import type { WebSocketClass } from './web-socket.ts';

/** The longest wait between two attempts. */
const MAX_BACKOFF_MS = 10_000;

/** Per class, the connections in use by URL: all providers of a page that go to one server share one. */
const connections = new Map<WebSocketClass, Map<string, Connection>>();

/** The connection to a server; a new one when there is none in use. */
export function sharedConnection(url: string, WebSocket: WebSocketClass): Connection {
  let ofClass = connections.get(WebSocket);
  if (ofClass === undefined) connections.set(WebSocket, (ofClass = new Map()));
  for (const [key, connection] of ofClass) if (connection.isUnused) ofClass.delete(key);
  let connection = ofClass.get(url);
  if (connection === undefined) {
    connection = new Connection({
      url,
      dial: () => new WebSocket(url),
      maxBackoffMs: () => MAX_BACKOFF_MS,
      isPermanent: ({ code = 0 }) => code >= 4400 && code < 4500,
    });
    ofClass.set(url, connection);
  }
  return connection;
}
