import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { createInterface } from 'node:readline';
import { freePorts } from '../support/free-ports.ts';
import { HEADWATER_BIN } from '../support/repository.ts';
import { cleanEnvironment } from '../support/run-command.ts';
import type { LogLine } from '../support/server-process.ts';

const WITHIN_MS = 30_000;

interface Instance {
  readonly instance: number;
  readonly port: number;
  readonly pid: number;
}

/** A real `headwater cluster`, and the instances it started. */
export class HeadwaterCluster implements AsyncDisposable {
  readonly firstPort: number;
  readonly logs: LogLine[] = [];
  readonly #child: ChildProcess;

  private constructor(child: ChildProcess, firstPort: number) {
    this.#child = child;
    this.firstPort = firstPort;
    for (const stream of [child.stdout, child.stderr]) {
      if (stream === null) continue;
      createInterface({ input: stream }).on('line', (line) => {
        this.logs.push(line.startsWith('{') ? (JSON.parse(line) as LogLine) : { level: 'text', msg: line });
        child.emit('headwater:line');
      });
    }
  }

  /** Starts one on free ports and waits until all of it listens. */
  static async start(count: number, flags: readonly string[]): Promise<HeadwaterCluster> {
    const firstPort = await freePorts(count);
    const own = ['cluster', '--instances', String(count), '--port', String(firstPort)];
    const child = spawn(HEADWATER_BIN, [...own, ...flags], {
      env: cleanEnvironment(),
      stdio: ['ignore', 'pipe', 'pipe'],
    });
    const cluster = new HeadwaterCluster(child, firstPort);
    try {
      await cluster.logLine(({ msg }) => msg === 'all instances are listening');
      return cluster;
    } catch (error) {
      await cluster[Symbol.asyncDispose]();
      throw new Error(`it did not start:\n${cluster.logs.map((line) => JSON.stringify(line)).join('\n')}`, {
        cause: error,
      });
    }
  }

  get ports(): readonly number[] {
    return this.#started().map(({ port }) => port);
  }

  /** The processes as they were started first. */
  get pids(): readonly number[] {
    return this.#started().map(({ pid }) => pid);
  }

  /** Waits for the first log line, old or new, that the predicate accepts. */
  async logLine(matches: (line: LogLine) => boolean): Promise<LogLine> {
    for (;;) {
      const found = this.logs.find(matches);
      if (found !== undefined) return found;
      if (this.#child.exitCode !== null) throw new Error(`it ended with ${this.#child.exitCode}`);
      await once(this.#child, 'headwater:line', { signal: AbortSignal.timeout(WITHIN_MS) });
    }
  }

  /** Sends a signal and waits for the end. @returns the status */
  async end(signal: NodeJS.Signals): Promise<number | null> {
    const closed = once(this.#child, 'close');
    this.#child.kill(signal);
    await closed;
    return this.#child.exitCode;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    if (this.#child.exitCode === null && this.#child.signalCode === null) await this.end('SIGTERM');
  }

  #started(): readonly Instance[] {
    const line = this.logs.find(({ msg }) => msg === 'all instances are listening');
    return (line?.['instances'] ?? []) as readonly Instance[];
  }
}
