import type { Socket } from 'node:net';
import { WebSocketServer } from 'ws';
import { serverFrame } from '../load/frames.ts';
import { listen } from './listen.ts';
import { handshake, Rooms } from './rooms.ts';

/**
 * The batching relay: what arrives in one turn of the event loop is framed once, joined into one buffer, and written
 * to every socket at the end of the turn. Still no CRDT and no storage: close to the least a Node server can spend on
 * fan-out, so the difference to it is what knowing and keeping documents costs.
 */
class Room {
  readonly sockets = new Set<Socket>();
  #frames: Buffer[] = [];

  gather(message: Buffer): void {
    if (this.#frames.length === 0) setImmediate(() => this.#flush());
    this.#frames.push(serverFrame(message));
  }

  #flush(): void {
    const bytes = Buffer.concat(this.#frames);
    this.#frames = [];
    for (const socket of this.sockets) {
      if (socket.writable) socket.write(bytes);
    }
  }
}

const rooms = new Rooms(() => new Room());

listen((server) => {
  const webSockets = new WebSocketServer({ server, perMessageDeflate: false, maxPayload: 64 * 1024 * 1024 });
  webSockets.on('connection', (webSocket, request) => {
    const room = rooms.of(request.url ?? '/');
    const socket = request.socket;
    room.sockets.add(socket);
    webSocket.on('close', () => room.sockets.delete(socket));
    webSocket.on('error', () => webSocket.terminate());
    webSocket.on('message', (data) => {
      const message = data as Buffer;
      if (!handshake(webSocket, message)) room.gather(message);
    });
  });
});
