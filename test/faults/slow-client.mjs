// A client in a process of its own, so that a test can stop it as a whole (SIGSTOP). Arguments: the server, the document,
// and the number of edits it shall see. Prints one line when it is synced, and one when it is done.
import { WebSocket } from 'ws';
import { WebsocketProvider } from 'y-websocket';
import * as Y from 'yjs';

const [url, documentName, length] = process.argv.slice(2);
const doc = new Y.Doc();
const provider = new WebsocketProvider(url, documentName, doc, { WebSocketPolyfill: WebSocket, disableBc: true });
let closes = 0;
provider.on('connection-close', () => {
  closes += 1;
});
provider.once('sync', () => console.log('synced'));
doc.on('afterTransaction', () => {
  if (doc.getArray('edits').length < Number(length)) return;
  console.log(`done ${closes}`);
  process.exit(0);
});
