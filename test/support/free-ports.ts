import { once } from 'node:events';
import { createServer } from 'node:net';

/**
 * Below the ports an operating system takes for outgoing connections: of those, a client that keeps dialling a stopped server
 * may get the very port it dials, is then connected to itself, and the server cannot have its port back.
 */
const LOWEST = 10_000;
const HIGHEST = 32_000;

/** The first of so many consecutive ports that nobody listens on, for programs that cannot pick one themselves. */
export async function freePorts(count = 1): Promise<number> {
  for (;;) {
    const first = LOWEST + Math.floor(Math.random() * (HIGHEST - LOWEST - count));
    const ports = Array.from({ length: count }, (_, index) => first + index);
    if ((await Promise.all(ports.map(isFree))).every(Boolean)) return first;
  }
}

async function isFree(port: number): Promise<boolean> {
  const server = createServer();
  try {
    server.listen(port, '127.0.0.1');
    await once(server, 'listening');
  } catch {
    return false;
  }
  server.close();
  await once(server, 'close');
  return true;
}
