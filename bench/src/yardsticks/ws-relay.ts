import { WebSocket, WebSocketServer } from 'ws';
import { listen } from './listen.ts';
import { handshake, Rooms } from './rooms.ts';

/**
 * The bare relay: every frame goes to every socket of its path with `ws.send`, the sender included. No CRDT, no
 * storage, no compression: what a chat tutorial costs, and the least a server that looks at nothing can do without
 * batching.
 */
const rooms = new Rooms(() => new Set<WebSocket>());

listen((server) => {
  const sockets = new WebSocketServer({ server, perMessageDeflate: false, maxPayload: 64 * 1024 * 1024 });
  sockets.on('connection', (socket, request) => {
    const members = rooms.of(request.url ?? '/');
    members.add(socket);
    socket.on('close', () => members.delete(socket));
    socket.on('error', () => socket.terminate());
    socket.on('message', (data) => {
      const message = data as Buffer;
      if (handshake(socket, message)) return;
      for (const member of members) {
        if (member.readyState === WebSocket.OPEN) member.send(message, { binary: true });
      }
    });
  });
});
