import { WebSocket, WebSocketServer } from 'ws';
import * as Y from 'yjs';
import { EMPTY_UPDATE, MessageType, SyncKind, syncStep1, syncStep2, updateMessage } from '../load/messages.ts';
import { listen } from './listen.ts';
import { Rooms } from './rooms.ts';

/**
 * The textbook server: one live `Y.Doc` per document, every update applied to it and sent on, every join encoded from
 * it; what `@y/websocket-server` does, without its storage. Not a yardstick of any target: it shows what the suites say
 * about the usual design, and it stands in where a server that knows CRDTs is needed to try the harness.
 */
class Room {
  readonly doc = new Y.Doc();
  readonly members = new Set<WebSocket>();

  constructor() {
    this.doc.on('update', (update: Uint8Array) => this.broadcast(updateMessage(update)));
  }

  broadcast(message: Uint8Array): void {
    for (const member of this.members) {
      if (member.readyState === WebSocket.OPEN) member.send(message, { binary: true });
    }
  }
}

const rooms = new Rooms(() => new Room());

/** Takes the body of a sync message: everything after its two type bytes and its length. */
function bodyOf(message: Buffer): Uint8Array {
  let at = 2;
  while ((message[at++] ?? 0) >= 0x80);
  return message.subarray(at);
}

listen((server) => {
  const sockets = new WebSocketServer({ server, perMessageDeflate: false, maxPayload: 64 * 1024 * 1024 });
  sockets.on('connection', (socket, request) => {
    const room = rooms.of(request.url ?? '/');
    room.members.add(socket);
    socket.on('close', () => room.members.delete(socket));
    socket.on('error', () => socket.terminate());
    socket.send(syncStep1(Y.encodeStateVector(room.doc)));
    socket.on('message', (data) => {
      const message = data as Buffer;
      if (message[0] === MessageType.Awareness) room.broadcast(message);
      if (message[0] !== MessageType.Sync) return;
      const body = bodyOf(message);
      if (message[1] === SyncKind.Step1) socket.send(syncStep2(Y.encodeStateAsUpdate(room.doc, body)));
      else if (body.length > EMPTY_UPDATE.length) Y.applyUpdate(room.doc, body);
    });
  });
});
