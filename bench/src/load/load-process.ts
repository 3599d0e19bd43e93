import { type ChildProcess, fork } from 'node:child_process';
import { once } from 'node:events';
import { fileURLToPath } from 'node:url';
import type { LoadReply, LoadResults, LoadTask } from './main.ts';

/** Also right when this file runs from its source, as in tests: only the build can be forked. */
const MAIN = fileURLToPath(new URL('../../dist/load/main.js', import.meta.url));

/**
 * The load generator: a process of its own, so that its work is on another core and in another heap than the server's,
 * and its CPU can be told apart.
 */
export class LoadProcess {
  readonly #child: ChildProcess;
  readonly #waiting = new Map<number, { resolve: (result: never) => void; reject: (error: Error) => void }>();
  #lastId = 0;

  private constructor(child: ChildProcess) {
    this.#child = child;
    child.on('message', (message) => this.#onReply(message as LoadReply));
    child.on('exit', (code) => {
      for (const { reject } of this.#waiting.values()) reject(new Error(`the load process ended with ${code}`));
    });
  }

  static async open(): Promise<LoadProcess> {
    const child = fork(MAIN, { execArgv: [], stdio: ['ignore', 'inherit', 'inherit', 'ipc'] });
    await once(child, 'spawn');
    return new LoadProcess(child);
  }

  /** Does one task; several may run at once. */
  run<T extends LoadTask>(task: T): Promise<LoadResults[T['kind']]> {
    const id = ++this.#lastId;
    return new Promise((resolve, reject) => {
      this.#waiting.set(id, { resolve, reject });
      this.#child.send({ id, task });
    });
  }

  async close(): Promise<void> {
    if (this.#child.exitCode !== null || this.#child.signalCode !== null) return;
    const exited = once(this.#child, 'exit');
    this.#child.kill('SIGKILL'); // it owns sockets and memory, nothing to be saved
    await exited;
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.close();
  }

  #onReply(reply: LoadReply): void {
    const waiting = this.#waiting.get(reply.id);
    this.#waiting.delete(reply.id);
    if ('error' in reply) waiting?.reject(new Error(`load: ${reply.error}`));
    else waiting?.resolve(reply.result as never);
  }
}
