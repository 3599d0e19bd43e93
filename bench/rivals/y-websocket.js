import { createServer } from 'node:http';
import { WebSocketServer } from 'ws';

/**
 * `@y/websocket-server` as its README starts it: `setupWSConnection` on every upgrade. A folder as argument is its
 * `YPERSISTENCE`, which stores updates with the `y-leveldb` it depends on.
 *
 * Usage: y-websocket [DIRECTORY]
 */
const [directory] = process.argv.slice(2);
if (directory !== undefined) process.env.YPERSISTENCE = directory; // read when the module is loaded
const { setupWSConnection } = await import('@y/websocket-server/utils');

const server = createServer((_request, response) => response.writeHead(200).end('okay'));
const sockets = new WebSocketServer({ noServer: true });
sockets.on('connection', setupWSConnection);
server.on('upgrade', (request, socket, head) => {
  sockets.handleUpgrade(request, socket, head, (webSocket) => sockets.emit('connection', webSocket, request));
});
server.listen(0, '127.0.0.1', () => {
  const { address, port } = server.address();
  process.stdout.write(`${JSON.stringify({ msg: 'listening', host: address, port })}\n`);
});
