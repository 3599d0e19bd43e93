import { once } from 'node:events';
import { type IncomingHttpHeaders, request } from 'node:http';
import { type AddressInfo, connect, createServer, type Server, type Socket } from 'node:net';

/** Both ends of a TCP connection on this machine. */
export class SocketPair implements AsyncDisposable {
  readonly server: Server;
  readonly near: Socket;
  readonly far: Socket;

  private constructor(server: Server, near: Socket, far: Socket) {
    this.server = server;
    this.near = near;
    this.far = far;
  }

  /** `far` is paused: nothing is read from it until it is resumed. */
  static async open(): Promise<SocketPair> {
    const server = createServer({ pauseOnConnect: true, noDelay: true }).listen(0, '127.0.0.1');
    await once(server, 'listening');
    const near = connect((server.address() as AddressInfo).port, '127.0.0.1');
    const [far] = (await once(server, 'connection')) as [Socket];
    if (near.connecting) await once(near, 'connect');
    return new SocketPair(server, near, far);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.near.destroy();
    this.far.destroy();
    this.server.close();
    await once(this.server, 'close');
  }
}

const UPGRADE = {
  connection: 'Upgrade',
  upgrade: 'websocket',
  'sec-websocket-version': '13',
  'sec-websocket-key': 'dGhlIHNhbXBsZSBub25jZQ==',
};

/** What an HTTP server said. */
export interface Answer {
  readonly status: number | undefined;
  readonly headers: IncomingHttpHeaders;
  readonly body: string;
}

/** Asks for an upgrade with exactly this request target, which URLs and WebSocket clients would tidy up. */
export function askForUpgrade(port: number, target: string): Promise<Answer> {
  return new Promise((resolve, reject) => {
    const asked = request({ port, path: target, headers: UPGRADE });
    asked.on('error', reject);
    asked.on('upgrade', ({ statusCode, headers }, socket) => {
      socket.destroy();
      resolve({ status: statusCode, headers, body: '' });
    });
    asked.on('response', (response) => {
      let body = '';
      response.setEncoding('utf8').on('data', (text: string) => (body += text));
      response.on('end', () => resolve({ status: response.statusCode, headers: response.headers, body }));
    });
    asked.end();
  });
}

/** The headers of an upgrade as they are written. */
export const UPGRADE_LINES = Object.entries(UPGRADE)
  .map(([name, value]) => `${name}: ${value}\r\n`)
  .join('');
