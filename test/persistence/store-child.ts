import { type ChildProcess, execFile, spawn } from 'node:child_process';
import { once } from 'node:events';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import type { OwnerDirectory } from '@headwater/persistence';
import { onTestFinished } from 'vitest';
import type { ChannelTimes } from '../../persistence/src/remote/channel.ts';

const HOST = fileURLToPath(new URL('children/store-host.mjs', import.meta.url));

/** What the child says; see `children/store-host.mjs`. */
export interface ChildMessage {
  readonly event: string;
  readonly name?: string;
  readonly n?: number;
  readonly sequence?: number;
  readonly code?: string;
  readonly message?: string;
  readonly status?: string;
  readonly error?: string;
  readonly records?: number;
  readonly port?: number;
}

/** What it asks the directory of owners. */
interface Question {
  readonly id: number;
  readonly method: Exclude<keyof OwnerDirectory, 'howToForget' | 'onReachable'>;
  readonly args: readonly unknown[];
}

/** A store in another process. */
export class StoreChild {
  readonly #process: ChildProcess;
  readonly messages: ChildMessage[] = [];
  #owners: OwnerDirectory | undefined;
  #whenHeard: (() => void) | undefined;

  private constructor(process: ChildProcess) {
    this.#process = process;
    process.on('message', (message) => {
      if ((message as ChildMessage).event === 'ask') {
        void this.#answer(message as Question);
        return;
      }
      this.messages.push(message as ChildMessage);
      this.#whenHeard?.();
    });
  }

  /**
   * @param wrap - a command that runs the child, such as `strace -o file`
   */
  static async start(wrap: readonly string[] = []): Promise<StoreChild> {
    // A process over its file size limit dies of SIGXFSZ unless that is ignored, which only a parent can arrange.
    const child = spawn('sh', ['-c', 'trap "" XFSZ; exec "$@"', 'sh', ...wrap, process.execPath, HOST], {
      stdio: ['ignore', 'inherit', 'inherit', 'ipc'],
    });
    const host = new StoreChild(child);
    onTestFinished(() => host.kill());
    await host.heard(({ event }) => event === 'ready');
    return host;
  }

  get pid(): number {
    if (this.#process.pid === undefined) throw new Error('the child did not start');
    return this.#process.pid;
  }

  send(message: object): void {
    this.#process.send(message);
  }

  /** Opens the store; the answer is `opened`, or `failed` with a code. */
  async open(directory: string): Promise<ChildMessage> {
    this.send({ command: 'open', directory });
    return this.heard(({ event }) => event === 'opened' || event === 'failed');
  }

  /** Joins a cluster, whose owners are found in a directory that this process has. */
  async join(directory: string, owners: OwnerDirectory, options: object): Promise<void> {
    this.#owners = owners;
    this.send({ command: 'join', directory, options });
    const { event } = await this.heard((message) => message.event === 'joined' || message.event === 'failed');
    if (event === 'failed') throw new Error(`the child did not join: ${JSON.stringify(this.messages.at(-1))}`);
  }

  async #answer({ id, method, args }: Question): Promise<void> {
    const ask = this.#owners?.[method].bind(this.#owners) as (...args: unknown[]) => Promise<unknown>;
    const result = await ask(...args);
    if (this.#process.connected) this.#process.send({ command: 'found', id, result }, () => {}); // or it was killed
  }

  /** Serves the store on a port, 0 for a free one. @returns the port */
  async serve(port: number, secret: string, times: ChannelTimes = {}): Promise<number> {
    this.send({ command: 'serve', port, secret, times });
    const { port: served } = await this.heard(({ event }) => event === 'serving' || event === 'failed');
    if (served === undefined) throw new Error(`the child serves nothing: ${JSON.stringify(this.messages.at(-1))}`);
    return served;
  }

  /** Stops it in the middle of whatever it does, as a machine does that has too much to do. */
  freeze(): void {
    this.#process.kill('SIGSTOP');
  }

  thaw(): void {
    this.#process.kill('SIGCONT');
  }

  /** The first message that fits, past or future. */
  async heard(fits: (message: ChildMessage) => boolean): Promise<ChildMessage> {
    for (;;) {
      const found = this.messages.find(fits);
      if (found !== undefined) return found;
      if (this.#process.exitCode !== null || this.#process.signalCode !== null) {
        throw new Error(`the child ended before it said so; the last it said: ${JSON.stringify(this.messages.at(-1))}`);
      }
      const exit = new AbortController();
      await Promise.race([
        new Promise<void>((resolve) => {
          this.#whenHeard = resolve;
        }),
        once(this.#process, 'exit', { signal: exit.signal }).catch(() => {}),
      ]);
      exit.abort();
    }
  }

  /** Resolves once this many messages of a kind were heard. */
  async heardTimes(event: string, times: number): Promise<ChildMessage[]> {
    await this.heard(() => this.said(event).length >= times);
    return this.said(event);
  }

  said(event: string): ChildMessage[] {
    return this.messages.filter((message) => message.event === event);
  }

  /** Limits how big a file the child may write; `undefined` lifts the limit. */
  async limitFileSize(bytes: number | undefined): Promise<void> {
    await promisify(execFile)('prlimit', ['--pid', String(this.pid), `--fsize=${bytes ?? 'unlimited'}:`]);
  }

  /** Ends it the friendly way: what wraps it ends with it. */
  async exit(): Promise<void> {
    const closed = once(this.#process, 'close');
    this.send({ command: 'exit' });
    await closed;
  }

  /** `kill -9`. Everything the child said before has arrived when this resolves. */
  async kill(): Promise<void> {
    if (this.#process.exitCode !== null || this.#process.signalCode !== null) return;
    const closed = once(this.#process, 'close');
    this.#process.kill('SIGKILL');
    await closed;
  }
}
