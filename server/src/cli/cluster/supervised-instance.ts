import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { createInterface } from 'node:readline';
import { fileURLToPath } from 'node:url';
import { Backoff } from '@headwater/persistence';
import type { Logger } from '../../logging/logger.ts';
import { PACKAGE_DIRECTORY } from '../../package-directory.ts';
import { CommandFailure } from '../failure.ts';

const BIN = fileURLToPath(new URL('bin/headwater.js', PACKAGE_DIRECTORY));

/** An instance that ran this long did not end because of how it was started. */
const SOUND_AFTER_MS = 10_000;
const PAUSES = { minMs: 250, maxMs: 10_000 };

export interface SupervisedInstanceOptions {
  /** From 1. */
  readonly number: number;
  readonly env: NodeJS.ProcessEnv;
  readonly logger: Logger;
  /** Gets every line it prints. */
  readonly onLine: (line: string, stream: 'stdout' | 'stderr') => void;
}

/** A server process that is started again whenever it ends, after growing pauses, until it is told to stop. */
export class SupervisedInstance {
  readonly number: number;
  readonly #options: SupervisedInstanceOptions;
  readonly #backoff = new Backoff({ ...PAUSES, random: Math.random });
  #child: ChildProcess | undefined;
  #restart: NodeJS.Timeout | undefined;
  #hasListened = false;
  #isStopping = false;

  constructor(options: SupervisedInstanceOptions) {
    this.#options = options;
    this.number = options.number;
  }

  get pid(): number | undefined {
    return this.#child?.pid;
  }

  /**
   * Starts it and waits until it takes connections.
   *
   * @throws CommandFailure when it ends before that, as it does with options that cannot work; then it stays down
   */
  async start(): Promise<void> {
    const child = this.#spawn();
    const ended = once(child, 'exit').then(([code, signal]: unknown[]) => describeEnd(code, signal));
    const end = await Promise.race([once(child, 'message').then(() => undefined), ended]);
    if (end === undefined) this.#hasListened = true;
    else if (!this.#isStopping) throw new CommandFailure(`instance ${this.number} ended before it listened (${end})`);
  }

  /** Passes a signal on; from then on it stays down. Resolves when the process is gone. */
  async stop(signal: NodeJS.Signals): Promise<void> {
    this.#isStopping = true;
    clearTimeout(this.#restart);
    const child = this.#child;
    if (child === undefined) return;
    const gone = once(child, 'close');
    child.kill(signal);
    await gone;
  }

  #spawn(): ChildProcess {
    const { env, onLine } = this.#options;
    // A process group of its own: Ctrl-C in a terminal is for the supervisor, which passes it on in its own order.
    const child = spawn(process.execPath, [BIN, 'serve', '--end-with-parent'], {
      env,
      stdio: ['ignore', 'pipe', 'pipe', 'ipc'],
      detached: true,
    });
    const sound = setTimeout(() => this.#backoff.reset(), SOUND_AFTER_MS).unref();
    child.once('close', (code, signal) => {
      clearTimeout(sound);
      this.#child = undefined;
      if (this.#hasListened && !this.#isStopping) this.#startAgain(describeEnd(code, signal));
    });
    for (const stream of ['stdout', 'stderr'] as const) {
      const lines = child[stream];
      if (lines !== null) createInterface({ input: lines }).on('line', (line) => onLine(line, stream));
    }
    this.#child = child;
    return child;
  }

  #startAgain(end: string): void {
    const pauseMs = this.#backoff.nextMs();
    this.#options.logger.warn({ instance: this.number, pauseMs }, `an instance ended (${end}) and is started again`);
    this.#restart = setTimeout(() => {
      const { pid } = this.#spawn();
      this.#options.logger.info({ instance: this.number, pid }, `instance ${this.number} runs again, with pid ${pid}`);
    }, pauseMs);
  }
}

const describeEnd = (code: unknown, signal: unknown): string =>
  typeof signal === 'string' ? signal : `status ${String(code)}`;
