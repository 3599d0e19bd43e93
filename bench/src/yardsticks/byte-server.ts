import { readFileSync } from 'node:fs';
import { WebSocketServer } from 'ws';
import { EMPTY_STATE_VECTOR, EMPTY_UPDATE, syncStep1, syncStep2, updateMessage } from '../load/messages.ts';
import { listen } from './listen.ts';

/**
 * The bare byte server: sends the update in the given file to whoever connects, as a server would that had it ready.
 * It reads nothing of what clients say, so it is the price of the bytes alone.
 */
const file = process.argv[2];
if (file === undefined) throw new Error('usage: byte-server FILE');
const messages = [syncStep1(EMPTY_STATE_VECTOR), updateMessage(readFileSync(file)), syncStep2(EMPTY_UPDATE)];

listen((server) => {
  const sockets = new WebSocketServer({ server, perMessageDeflate: false, maxPayload: 64 * 1024 * 1024 });
  sockets.on('connection', (socket) => {
    socket.on('error', () => socket.terminate());
    socket.on('message', () => undefined);
    for (const message of messages) socket.send(message, { binary: true });
  });
});
