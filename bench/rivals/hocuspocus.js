import { join } from 'node:path';
import { SQLite } from '@hocuspocus/extension-sqlite';
import { Server } from '@hocuspocus/server';

/**
 * Hocuspocus as its documentation starts it, with its defaults. With a folder as argument it stores documents there,
 * with its SQLite extension.
 *
 * Usage: hocuspocus [DIRECTORY]
 */
const [directory] = process.argv.slice(2);
const extensions = directory === undefined ? [] : [new SQLite({ database: join(directory, 'documents.sqlite') })];

const server = new Server({ port: 0, address: '127.0.0.1', quiet: true, extensions });
await server.listen();
const { address, port } = server.address;
process.stdout.write(`${JSON.stringify({ msg: 'listening', host: address, port })}\n`);
