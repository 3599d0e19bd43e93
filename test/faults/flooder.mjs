// Sends prebuilt messages as fast as a connection takes them, in a process of its own so that it slows down nobody who
// measures. Arguments: the URL of a document, what to send (edits, pings), and how many. Prints a JSON line when all
// were sent, and another when the connection ends.
import * as encoding from 'lib0/encoding';
import { WebSocket } from 'ws';
import * as Y from 'yjs';

const [url, kind, countText] = process.argv.slice(2);
const count = Number(countText);
const MESSAGES_PER_SECOND = 50_000;
const PING = 'x'.repeat(100);
/** So much is handed to the socket before it has to drain: a full pipe, not a full memory. */
const MAX_BUFFERED_BYTES = 256 * 1024;

const syncMessage = (kindOfSync, body) =>
  encoding.encode((encoder) => {
    encoding.writeVarUint(encoder, 0);
    encoding.writeVarUint(encoder, kindOfSync);
    encoding.writeVarUint8Array(encoder, body);
  });

const awarenessMessage = (clock) =>
  encoding.encode((encoder) => {
    encoding.writeVarUint(encoder, 1);
    encoding.writeVarUint8Array(
      encoder,
      encoding.encode((body) => {
        for (const value of [1, 77, clock]) encoding.writeVarUint(body, value);
        encoding.writeVarString(body, '{"flood":true}');
      }),
    );
  });

/** Four new edits, four duplicates of the last, an awareness state and a state vector in every ten. */
function mixedMessages() {
  const doc = new Y.Doc();
  // By turns, so that Yjs finds nothing to join: joining arrays of a hundred thousand takes longer than sending them.
  const arrays = [doc.getArray('even'), doc.getArray('odd')];
  let update = new Uint8Array();
  doc.on('update', (bytes) => {
    update = bytes;
  });
  return Array.from({ length: count }, (_, i) => {
    const turn = i % 10;
    if (turn < 4) arrays[i % 2].push([i]);
    if (turn < 8) return syncMessage(2, update);
    if (turn === 8) return awarenessMessage(i + 1);
    return syncMessage(0, Y.encodeStateVector(doc));
  });
}

const messages = kind === 'edits' ? mixedMessages() : undefined;
const socket = new WebSocket(url, { perMessageDeflate: false });
socket.on('close', (code) => console.log(JSON.stringify({ event: 'closed', code })));
socket.on('error', () => {});
// Pongs stay unread, and so does everything else.
if (kind === 'pings') socket.on('open', () => socket.pause());

let next = 0;
let startMs = 0;
/** Keeps the pace, as far as the connection takes it: a flooder at full speed takes a core from those who measure. */
function sendMore() {
  const due = Math.min(count, ((performance.now() - startMs) / 1000) * MESSAGES_PER_SECOND);
  while (next < due && socket.bufferedAmount <= MAX_BUFFERED_BYTES) {
    if (messages === undefined) socket.ping(PING);
    else socket.send(messages[next]);
    next += 1;
  }
  if (socket.readyState !== WebSocket.OPEN) return;
  if (next < count || socket.bufferedAmount > 0) {
    setTimeout(sendMore, 1);
    return;
  }
  console.log(JSON.stringify({ event: 'sent', count: next, tookMs: Math.round(performance.now() - startMs) }));
}
socket.on('open', () => {
  startMs = performance.now();
  sendMore();
});
