import type { Server } from 'node:http';
import { HeadwaterError } from '@headwater/protocol';

const ADVICE: Readonly<Record<string, string>> = {
  EADDRINUSE: 'the port is in use: stop the other program or choose another --port',
  EACCES: 'not permitted: choose a --port above 1023',
  EADDRNOTAVAIL: 'this machine has no such address: choose another --host',
  ENOTFOUND: 'the host name is unknown: choose another --host',
};

/** Starts listening. @throws HW_LISTEN_FAILED naming the address and what to do, HW_SHUTTING_DOWN when closed before */
export function listenOn(server: Server, host: string, port: number): Promise<void> {
  return new Promise((resolve, reject) => {
    const onError = (error: NodeJS.ErrnoException): void => {
      const advice = ADVICE[error.code ?? ''] ?? error.message;
      reject(new HeadwaterError('HW_LISTEN_FAILED', `cannot listen on ${host}:${port}: ${advice}`, { cause: error }));
    };
    // Closed before it listens, a server never says that it does.
    const onClose = (): void =>
      reject(new HeadwaterError('HW_SHUTTING_DOWN', 'the server was closed before it listened'));
    server.once('error', onError);
    server.once('close', onClose);
    server.listen(port, host, () => {
      server.off('error', onError);
      server.off('close', onClose);
      resolve();
    });
  });
}
