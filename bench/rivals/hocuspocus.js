import { join } from 'node:path';
import { parseArgs } from 'node:util';
import { Redis } from '@hocuspocus/extension-redis';
import { SQLite } from '@hocuspocus/extension-sqlite';
import { Server } from '@hocuspocus/server';

/**
 * Hocuspocus as its documentation starts it, with its defaults. In a folder it stores documents with its SQLite extension; at
 * a Redis it meets other instances, with its Redis extension.
 *
 * Usage: hocuspocus [--data DIRECTORY] [--redis URL]
 */
const { data, redis } = parseArgs({ options: { data: { type: 'string' }, redis: { type: 'string' } } }).values;
const extensions = [];
if (data !== undefined) extensions.push(new SQLite({ database: join(data, 'documents.sqlite') }));
if (redis !== undefined) {
  const { hostname, port } = new URL(redis);
  extensions.push(new Redis({ host: hostname, port: Number(port) }));
}

const server = new Server({ port: 0, address: '127.0.0.1', quiet: true, extensions });
await server.listen();
const { address, port } = server.address;
process.stdout.write(`${JSON.stringify({ msg: 'listening', host: address, port })}\n`);
