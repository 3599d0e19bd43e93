import { type IncomingMessage, STATUS_CODES } from 'node:http';
import type { Socket } from 'node:net';
import type { Duplex } from 'node:stream';
import { HeadwaterError } from '@headwater/protocol';
import { type WebSocket, WebSocketServer } from 'ws';
import { documentNameOf } from './document-name.ts';

/** Who asked, and for what. */
export interface Upgrade {
  readonly request: IncomingMessage;
  /** The query of its URL. */
  readonly parameters: URLSearchParams;
  /** `undefined` where the path names no document: then every message does. */
  readonly documentName: string | undefined;
}

/** What happens to a socket that asked properly. */
export type OnUpgraded = (webSocket: WebSocket, socket: Socket, upgrade: Upgrade) => void;

/** Turns HTTP upgrades into WebSockets, or into a 4xx with one line why. */
export class Upgrader {
  readonly #webSockets: WebSocketServer;
  readonly #onUpgraded: OnUpgraded;
  #isClosing = false;

  constructor(maxMessageBytes: number, onUpgraded: OnUpgraded) {
    this.#onUpgraded = onUpgraded;
    this.#webSockets = new WebSocketServer({
      noServer: true,
      maxPayload: maxMessageBytes,
      // Frames are written beside ws on the same socket (wire/websocket-frame.ts): that needs them uncompressed.
      perMessageDeflate: false,
      // The connection answers pings itself, as long as it has room.
      autoPong: false,
      clientTracking: false,
    });
  }

  /** Answers one `upgrade` event. `target` is what names the document: the request's, or the part of it that is ours. */
  handle(request: IncomingMessage, target: string, stream: Duplex, head: Buffer): void {
    const socket = stream as Socket;
    socket.on('error', ignoreError); // until ws has its own: a reset during the handshake is nobody's crash
    if (this.#isClosing) return refuseUpgrade(socket, 503, 'this server is shutting down');
    let documentName: string | undefined;
    try {
      documentName = documentNameOf(target);
    } catch (error) {
      if (!(error instanceof HeadwaterError)) throw error;
      return refuseUpgrade(socket, 400, error.message);
    }
    // What a document that is in memory has to say goes out with the response.
    socket.cork();
    setImmediate(() => socket.uncork());
    this.#webSockets.handleUpgrade(request, socket, head, (webSocket) => {
      socket.off('error', ignoreError);
      const parameters = new URLSearchParams(target.includes('?') ? target.slice(target.indexOf('?') + 1) : '');
      this.#onUpgraded(webSocket, socket, { request, parameters, documentName });
    });
  }

  /** Refuses whoever comes from now on. */
  close(): void {
    this.#isClosing = true;
    this.#webSockets.close();
  }
}

function ignoreError(): void {}

/** Answers an upgrade with an HTTP error and one line why, and lets go of the socket. */
export function refuseUpgrade(socket: Socket, status: number, why: string): void {
  socket.on('error', ignoreError);
  const body = `${why}\n`;
  socket.once('finish', () => socket.destroy()); // nobody reads it any more, so its other end could hold it open for ever
  socket.end(
    `HTTP/1.1 ${status} ${STATUS_CODES[status]}\r\nConnection: close\r\nContent-Type: text/plain; charset=utf-8\r\n` +
      `Content-Length: ${Buffer.byteLength(body)}\r\n\r\n${body}`,
  );
}
