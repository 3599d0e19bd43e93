import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { writeFile } from 'node:fs/promises';
import path from 'node:path';
import { createInterface } from 'node:readline';
import { inject } from 'vitest';
import { freePorts } from './free-ports.ts';
import type { RedisServer } from './redis-server.ts';
import { pathOf } from './requirements.ts';
import { TempDir } from './temp-dir.ts';

const READY_TIMEOUT_MS = 10_000;
/** How long a master may be silent before another Redis takes its place. */
const DOWN_AFTER_MS = 500;

/** A real Sentinel that decides alone, and soon: it watches a master, and has a replica take over when that is gone. */
export class RedisSentinel implements AsyncDisposable {
  readonly port: number;
  readonly #directory: TempDir;
  readonly #said: string[] = [];
  #child: ChildProcess | undefined;

  private constructor(directory: TempDir, port: number) {
    this.#directory = directory;
    this.port = port;
  }

  /** Starts one, and waits until it knows the master and a replica of it. */
  static async start(masterName: string, master: RedisServer): Promise<RedisSentinel> {
    const sentinel = new RedisSentinel(await TempDir.create(), await freePorts());
    try {
      await sentinel.#watch(masterName, master);
      return sentinel;
    } catch (error) {
      await sentinel[Symbol.asyncDispose]();
      throw error;
    }
  }

  async #watch(masterName: string, master: RedisServer): Promise<void> {
    const file = path.join(this.#directory.path, 'sentinel.conf'); // it keeps there what it finds out
    const lines = [
      `port ${this.port}`,
      'bind 127.0.0.1',
      `sentinel monitor ${masterName} 127.0.0.1 ${master.port} 1`,
      `sentinel down-after-milliseconds ${masterName} ${DOWN_AFTER_MS}`,
    ];
    await writeFile(file, lines.join('\n'));
    const child = spawn(pathOf(inject('redisServer')), [file, '--sentinel'], { stdio: ['ignore', 'pipe', 'inherit'] });
    this.#child = child;
    const knowsReplica = new Promise<boolean>((resolve) => {
      createInterface({ input: child.stdout }).on('line', (line) => {
        this.#said.push(line);
        if (line.includes('+slave ')) resolve(true);
      });
    });
    const ended = once(child, 'close').then(() => false);
    const late = once(AbortSignal.timeout(READY_TIMEOUT_MS), 'abort').then(() => false);
    if (!(await Promise.race([knowsReplica, ended, late])))
      throw new Error(`the Sentinel did not start:\n${this.#said.join('\n')}`);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    const child = this.#child;
    if (child !== undefined && child.exitCode === null) {
      const gone = once(child, 'close');
      child.kill('SIGKILL');
      await gone;
    }
    await this.#directory[Symbol.asyncDispose]();
  }
}
