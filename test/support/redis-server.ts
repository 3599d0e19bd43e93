import { type ChildProcess, execFile, spawn } from 'node:child_process';
import { once } from 'node:events';
import path from 'node:path';
import { createInterface } from 'node:readline';
import { promisify } from 'node:util';
import { inject } from 'vitest';
import { freePorts } from './free-ports.ts';
import { pathOf } from './requirements.ts';
import { TempDir } from './temp-dir.ts';

const START_TIMEOUT_MS = 10_000;

/** How to start a Redis; everything is optional. */
export interface RedisServerOptions {
  /** What clients must say. */
  readonly password?: string;
  /** More of its configuration, as flags: `['--maxmemory', '2mb']`, `['--user', 'name', 'on', '>secret', '~*', '+@all']`. */
  readonly flags?: readonly string[];
}

/**
 * A real Redis on a free port of this machine that keeps nothing on disk: what is killed and started again is empty. Tests may
 * stop, freeze and kill it.
 */
export class RedisServer implements AsyncDisposable {
  readonly port: number;
  readonly #options: RedisServerOptions;
  readonly #directory: TempDir;
  #child: ChildProcess | undefined;

  private constructor(options: RedisServerOptions, directory: TempDir, port: number) {
    this.#options = options;
    this.#directory = directory;
    this.port = port;
  }

  /** Starts one and waits until it takes connections. */
  static async start(options: RedisServerOptions = {}): Promise<RedisServer> {
    const directory = await TempDir.create();
    const server = new RedisServer(options, directory, await freePorts());
    try {
      await server.restart();
      return server;
    } catch (error) {
      await server[Symbol.asyncDispose]();
      throw error;
    }
  }

  /** What a client connects to, with the password. */
  get url(): string {
    const { password } = this.#options;
    const credentials = password === undefined ? '' : `:${encodeURIComponent(password)}@`;
    return `redis://${credentials}127.0.0.1:${this.port}`;
  }

  /** Runs one command and gives what `redis-cli` prints, without the last line feed. Errors of Redis reject. */
  async command(...words: readonly string[]): Promise<string> {
    const server = pathOf(inject('redisServer'));
    const client = path.join(path.dirname(server), path.basename(server).replace('server', 'cli'));
    const { password } = this.#options;
    const env = password === undefined ? process.env : { ...process.env, REDISCLI_AUTH: password };
    const args = ['-e', '-h', '127.0.0.1', '-p', String(this.port), ...words];
    const { stdout } = await promisify(execFile)(client, args, { env, maxBuffer: 16 * 1024 * 1024 });
    return stdout.replace(/\n$/, '');
  }

  /** Freezes it (SIGSTOP): connections stay, nothing is answered. */
  pause(): void {
    this.#running().kill('SIGSTOP');
  }

  /** Lets it go on. */
  resume(): void {
    this.#running().kill('SIGCONT');
  }

  /** Kills it as a crash would; resolves when it is gone. */
  async kill9(): Promise<void> {
    const child = this.#running();
    const gone = once(child, 'close');
    child.kill('SIGKILL');
    await gone;
  }

  /** Starts it on the same port, empty, killing it first when it still runs. */
  async restart(): Promise<void> {
    if (this.#child !== undefined) await this.kill9();
    const { password, flags = [] } = this.#options;
    const own = ['--bind', '127.0.0.1', '--port', String(this.port), '--dir', this.#directory.path];
    const volatile = ['--save', '', '--appendonly', 'no'];
    const secret = password === undefined ? [] : ['--requirepass', password];
    const child = spawn(pathOf(inject('redisServer')), [...own, ...volatile, ...secret, ...flags], {
      stdio: ['ignore', 'pipe', 'inherit'],
    });
    const killOnExit = (): void => void child.kill('SIGKILL');
    process.once('exit', killOnExit);
    const said: string[] = [];
    const ended = once(child, 'close').then(() => {
      process.off('exit', killOnExit);
      if (this.#child === child) this.#child = undefined;
      return false;
    });
    this.#child = child;
    const ready = new Promise<boolean>((resolve) => {
      createInterface({ input: child.stdout }).on('line', (line) => {
        said.push(line);
        if (line.includes('Ready to accept connections')) resolve(true);
      });
    });
    const late = once(AbortSignal.timeout(START_TIMEOUT_MS), 'abort').then(() => false);
    if (!(await Promise.race([ready, ended, late]))) throw new Error(`Redis did not start:\n${said.join('\n')}`);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    if (this.#child !== undefined) await this.kill9();
    await this.#directory[Symbol.asyncDispose]();
  }

  #running(): ChildProcess {
    if (this.#child === undefined) throw new Error('Redis is not running');
    return this.#child;
  }
}
