import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { connect, createServer } from 'node:net';

/** A Redis of this benchmark's own. */
export interface RunningRedis {
  readonly pid: number;
  readonly url: string;
  /** Bytes its clients have sent to it so far. */
  receivedBytes(): Promise<number>;
  close(): Promise<void>;
}

const START_TIMEOUT_MS = 5_000;

/**
 * Starts a Redis on a free port that keeps nothing on disk, as a relay needs none of it.
 *
 * @throws when there is no `redis-server` to be found
 */
export async function startRedis(directory: string): Promise<RunningRedis> {
  const program = process.env['REDIS_SERVER_PATH'] ?? 'redis-server';
  const port = await freePort();
  const child = spawn(
    program,
    ['--bind', '127.0.0.1', '--port', String(port), '--dir', directory, '--save', '', '--appendonly', 'no'],
    { stdio: 'ignore' },
  );
  const missing = new Promise<never>((_, reject) => {
    child.once('error', (cause) => {
      reject(new Error(`no ${program}: "apt-get install redis-server", or set REDIS_SERVER_PATH`, { cause }));
    });
  });
  await Promise.race([missing, untilAnswering(port)]);
  return {
    pid: child.pid as number,
    url: `redis://127.0.0.1:${port}`,
    receivedBytes: async () => {
      const found = /total_net_input_bytes:(\d+)/.exec(await ask(port, 'INFO stats'));
      if (found === null) throw new Error('Redis does not say how many bytes it received');
      return Number(found[1]);
    },
    close: async () => {
      if (child.exitCode !== null || child.signalCode !== null) return;
      const exited = once(child, 'exit');
      child.kill('SIGKILL');
      await exited;
    },
  };
}

async function freePort(): Promise<number> {
  const server = createServer().listen(0, '127.0.0.1');
  await once(server, 'listening');
  const address = server.address();
  server.close();
  await once(server, 'close');
  if (address === null || typeof address === 'string') throw new Error('no port was free');
  return address.port;
}

async function untilAnswering(port: number): Promise<void> {
  const until = performance.now() + START_TIMEOUT_MS;
  for (;;) {
    try {
      await ask(port, 'PING');
      return;
    } catch (error) {
      if (performance.now() > until) throw error;
      await new Promise((resolve) => setTimeout(resolve, 20));
    }
  }
}

/** One command as a person would type it, and everything Redis says until it hangs up. */
async function ask(port: number, command: string): Promise<string> {
  const socket = connect(port, '127.0.0.1');
  socket.end(`${command}\r\nQUIT\r\n`);
  let answer = '';
  for await (const piece of socket.setEncoding('utf8')) answer += String(piece);
  return answer;
}
