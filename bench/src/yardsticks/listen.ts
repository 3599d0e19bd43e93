import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';

/**
 * Listens on a free port of this machine and says so the way `headwater serve` does, so that the harness starts every
 * contestant with the same code.
 */
export function listen(attach: (server: Server) => void): void {
  const server = createServer((_request, response) => response.writeHead(426).end());
  attach(server);
  server.listen(0, '127.0.0.1', 2048, () => {
    const { address, port } = server.address() as AddressInfo;
    process.stdout.write(`${JSON.stringify({ msg: 'listening', host: address, port })}\n`);
  });
}
