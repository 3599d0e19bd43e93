import { once } from 'node:events';
import { connect } from 'node:net';
import path from 'node:path';
import { createServer } from '@headwater/server';
import type { Plugin } from 'vite';

const PORT = 1234;
/** Where `npm start` keeps its documents too. */
const DATA = path.join(import.meta.dirname, '../data');

/** Starts a Headwater beside the pages, unless one listens already. */
export function localHeadwater(examples: readonly string[]): Plugin {
  return {
    name: 'headwater',
    apply: 'serve',
    configResolved({ root }) {
      const name = path.basename(root);
      if (root === import.meta.dirname || examples.includes(name)) return;
      throw new Error(`there is no example "${name}": try one of ${examples.join(', ')}`);
    },
    async configureServer({ httpServer, config: { logger } }) {
      if (httpServer === null || (await isListening(PORT))) return;
      const headwater = await createServer({ port: PORT, data: DATA });
      await headwater.listen();
      logger.info(`  Headwater listens on ws://localhost:${PORT} and keeps its documents in ${DATA}\n`);
      httpServer.once('close', () => void headwater.close());
    },
  };
}

async function isListening(port: number): Promise<boolean> {
  const socket = connect(port, 'localhost');
  try {
    await once(socket, 'connect');
    return true;
  } catch {
    return false;
  } finally {
    socket.destroy();
  }
}
