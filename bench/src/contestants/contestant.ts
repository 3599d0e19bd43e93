import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { createInterface } from 'node:readline';
import { fileURLToPath } from 'node:url';
import type { Dialect } from '../load/document-address.ts';

/** A server process that listens, and nothing more is asked of it. */
export interface RunningServer extends AsyncDisposable {
  readonly name: string;
  readonly pid: number;
  readonly port: number;
  readonly dialect: Dialect;
  /** Stops it gracefully, and hard when that takes too long. */
  close(): Promise<void>;
  /** `SIGKILL`, now. */
  kill(): Promise<void>;
}

/** Something that can be started and measured. */
export interface Contestant {
  readonly name: string;
  /** Whether it keeps documents over a restart with the same directory. */
  readonly isPersistent: boolean;
  /** @param directory - where it may keep data; the same one means the same data */
  start(directory: string): Promise<RunningServer>;
}

const START_TIMEOUT_MS = 15_000;
const STOP_TIMEOUT_MS = 15_000;

/** Where the build keeps a script of this room; also right when this file itself runs from its source, as in tests. */
export const builtScript = (path: string): string => fileURLToPath(new URL(`../../dist/${path}`, import.meta.url));

/**
 * Starts a Node script and waits for the line with which it says where it listens: one JSON object with
 * `"msg":"listening"`, `host` and `port`.
 */
export async function startServer(
  name: string,
  script: string,
  args: readonly string[],
  dialect: Dialect = 'y-websocket',
  nodeOptions: readonly string[] = [],
): Promise<RunningServer> {
  const child = spawn(process.execPath, [...nodeOptions, script, ...args], {
    stdio: ['ignore', 'pipe', 'pipe'],
    env: { ...process.env, NODE_ENV: 'production' },
  });
  let complaints = '';
  child.stderr.setEncoding('utf8').on('data', (text: string) => (complaints = (complaints + text).slice(-4000)));
  const port = await listening(child, START_TIMEOUT_MS).catch(async (cause: unknown) => {
    child.kill('SIGKILL');
    throw new Error(`${name} did not start: ${complaints}`, { cause });
  });
  const stop = async (signal: 'SIGTERM' | 'SIGKILL'): Promise<void> => {
    if (child.exitCode !== null || child.signalCode !== null) return;
    const exited = once(child, 'exit');
    child.kill(signal);
    const cut = setTimeout(() => child.kill('SIGKILL'), STOP_TIMEOUT_MS);
    await exited;
    clearTimeout(cut);
  };
  return {
    name,
    pid: child.pid as number,
    port,
    dialect,
    close: () => stop('SIGTERM'),
    kill: () => stop('SIGKILL'),
    [Symbol.asyncDispose]: () => stop('SIGTERM'),
  };
}

function listening(child: ChildProcess, timeoutMs: number): Promise<number> {
  return new Promise((resolve, reject) => {
    const timer = setTimeout(() => reject(new Error(`silent for ${timeoutMs} ms`)), timeoutMs);
    child.once('exit', (code) => reject(new Error(`ended with ${code}`)));
    child.once('error', reject);
    if (!child.stdout) throw new Error('the child has no stdout');
    createInterface({ input: child.stdout }).on('line', (line) => {
      const port = portIn(line);
      if (port === undefined) return;
      clearTimeout(timer);
      resolve(port);
    });
  });
}

function portIn(line: string): number | undefined {
  try {
    const { msg, port } = JSON.parse(line) as { msg?: unknown; port?: unknown };
    return msg === 'listening' && typeof port === 'number' ? port : undefined;
  } catch {
    return undefined; // a line for people
  }
}
