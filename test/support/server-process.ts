import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { createInterface } from 'node:readline';
import { HEADWATER_BIN } from './repository.ts';
import { cleanEnvironment } from './run-command.ts';
import { TempDir } from './temp-dir.ts';

const START_TIMEOUT_MS = 45_000;
const LISTEN_ATTEMPTS = 5;

/** How to start a server process; everything is optional. */
export interface ServerProcessOptions {
  /** Flags after `serve`, besides those for port, data directory and log format. */
  readonly flags?: readonly string[];
  readonly env?: Readonly<Record<string, string>>;
  /** Data directory to use; a temporary one of its own otherwise. */
  readonly data?: string;
}

/** One JSON line of the server's log. */
export interface LogLine {
  readonly level: string;
  readonly msg: string;
  readonly [field: string]: unknown;
}

/** How a process ended. */
export interface Exit {
  readonly status: number | null;
  readonly signal: NodeJS.Signals | null;
}

/**
 * A real `headwater serve`, started as users start it, that tests may kill. Port and data directory stay the same over
 * {@link restart}, so that clients find their way back.
 */
export class ServerProcess implements AsyncDisposable {
  readonly data: string;
  /** Every log line of every start, in order. */
  readonly logs: LogLine[] = [];
  /** What it printed that is no log line (stderr too). */
  readonly output: string[] = [];
  readonly #options: ServerProcessOptions;
  readonly #ownData: TempDir | undefined;
  #port = 0;
  #child: ChildProcess | undefined;
  #ended: Promise<Exit> | undefined;

  private constructor(options: ServerProcessOptions, data: string, ownData: TempDir | undefined) {
    this.#options = options;
    this.data = data;
    this.#ownData = ownData;
  }

  /** Starts one on a free port and waits until it listens. */
  static async start(options: ServerProcessOptions = {}): Promise<ServerProcess> {
    const ownData = options.data === undefined ? await TempDir.create() : undefined;
    const server = new ServerProcess(options, options.data ?? ownData?.path ?? '', ownData);
    try {
      await server.#spawn();
      return server;
    } catch (error) {
      await server[Symbol.asyncDispose]();
      throw error;
    }
  }

  get port(): number {
    return this.#port;
  }

  /** What a client connects to: `ws://127.0.0.1:PORT`. */
  get url(): string {
    return `ws://127.0.0.1:${this.#port}`;
  }

  get isRunning(): boolean {
    return this.#child !== undefined;
  }

  get pid(): number {
    const pid = this.#child?.pid;
    if (pid === undefined) throw new Error('the server process is not running');
    return pid;
  }

  /** Kills it as a crash would; resolves when it is gone. */
  async kill9(): Promise<void> {
    await this.#end('SIGKILL');
  }

  /** Asks it to stop gracefully and waits for its end. */
  async stop(): Promise<Exit> {
    return this.#end('SIGTERM');
  }

  /** Sends a signal without waiting for what comes of it. */
  signal(signal: NodeJS.Signals): void {
    process.kill(this.pid, signal);
  }

  /** Waits for the end of the process, whoever caused it. */
  async ended(): Promise<Exit> {
    if (this.#ended === undefined) throw new Error('the server process is not running');
    return this.#ended;
  }

  /** Starts it again, on the same port and data, killing it first when it still runs. */
  async restart(): Promise<void> {
    if (this.#child !== undefined) await this.kill9();
    for (let attempt = 1; ; attempt += 1) {
      try {
        return await this.#spawn();
      } catch (error) {
        // A reconnecting client may get the very port it dials as its own local port (TCP self-connect) and hold it
        // until it notices.
        const isPortTaken = this.output.some((line) => line.includes('HW_LISTEN_FAILED'));
        if (!isPortTaken || attempt === LISTEN_ATTEMPTS) throw error;
        this.output.length = 0;
      }
    }
  }

  /** Waits for the first log line, old or new, that the predicate accepts. */
  async logLine(matches: (line: LogLine) => boolean): Promise<LogLine> {
    const child = this.#child;
    for (;;) {
      const found = this.logs.find(matches);
      if (found !== undefined) return found;
      if (child?.stdout == null) throw new Error('the server process is not running');
      await once(child, 'headwater:line', { signal: AbortSignal.timeout(START_TIMEOUT_MS) });
    }
  }

  async [Symbol.asyncDispose](): Promise<void> {
    if (this.#child !== undefined) await this.kill9();
    await this.#ownData?.[Symbol.asyncDispose]();
  }

  async #end(signal: NodeJS.Signals): Promise<Exit> {
    const exit = this.ended();
    this.#child?.kill(signal);
    return exit;
  }

  async #spawn(): Promise<void> {
    const own = ['--host', '127.0.0.1', '--port', String(this.#port), '--data', this.data, '--log-format', 'json'];
    const child = spawn(HEADWATER_BIN, ['serve', ...own, ...(this.#options.flags ?? [])], {
      env: cleanEnvironment(this.#options.env),
      stdio: ['ignore', 'pipe', 'pipe'],
    });
    const killOnExit = (): void => void child.kill('SIGKILL');
    process.once('exit', killOnExit);
    this.#child = child;
    this.#ended = once(child, 'close').then(([status, signal]: (number | string | null)[]): Exit => {
      process.off('exit', killOnExit);
      if (this.#child === child) this.#child = undefined;
      return { status: status as Exit['status'], signal: signal as Exit['signal'] };
    });

    createInterface({ input: child.stderr }).on('line', (line) => this.output.push(line));
    const listening = new Promise<number>((resolve) => {
      createInterface({ input: child.stdout }).on('line', (line) => {
        const entry = parseLogLine(line);
        if (entry === undefined) this.output.push(line);
        else this.logs.push(entry);
        if (entry?.msg === 'listening') resolve(entry['port'] as number);
        child.emit('headwater:line');
      });
    });
    this.#port = await Promise.race([listening, this.#failToStart(this.#ended)]);
  }

  async #failToStart(ended: Promise<Exit>): Promise<never> {
    const exit = await Promise.race([ended, once(AbortSignal.timeout(START_TIMEOUT_MS), 'abort')]);
    const how = Array.isArray(exit) ? 'did not listen in time' : `ended with ${exit.status ?? exit.signal}`;
    const said = [...this.output, ...this.logs.map((line) => JSON.stringify(line))].slice(-20).join('\n');
    throw new Error(`the server ${how}; it said:\n${said}`);
  }
}

function parseLogLine(line: string): LogLine | undefined {
  try {
    return JSON.parse(line) as LogLine;
  } catch {
    return undefined;
  }
}
