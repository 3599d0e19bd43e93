import { createServer } from 'node:http';
import { parseArgs } from 'node:util';
import { WebSocketServer } from 'ws';

/**
 * `@y/websocket-server` as its README starts it: `setupWSConnection` on every upgrade. A folder is its `YPERSISTENCE`, which
 * stores updates with the `y-leveldb` it depends on; a Redis is where `y-redis`, its persistence for several instances, has them.
 *
 * Usage: y-websocket [--data DIRECTORY | --redis URL]
 */
const { data, redis } = parseArgs({ options: { data: { type: 'string' }, redis: { type: 'string' } } }).values;
if (data !== undefined) process.env.YPERSISTENCE = data; // read when the module is loaded
const { setPersistence, setupWSConnection } = await import('@y/websocket-server/utils');

if (redis !== undefined) {
  const { RedisPersistence } = await import('y-redis');
  const { hostname, port } = new URL(redis);
  const persistence = new RedisPersistence({ redisOpts: { host: hostname, port: Number(port) } });
  setPersistence({
    bindState: (name, doc) => persistence.bindState(name, doc),
    writeState: async (name) => {
      await persistence.closeDoc(name);
    },
  });
}

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
