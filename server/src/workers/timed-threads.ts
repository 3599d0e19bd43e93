import { Piscina } from 'piscina';
import { PACKAGE_DIRECTORY } from '../package-directory.ts';

/** How long a piece of work may take, by the bytes of its input. */
export interface Deadline {
  readonly baseMs: number;
  readonly perMebibyteMs: number;
}

/** Some fifty times what a document of the usual kind takes. */
export const DOCUMENT_DEADLINE: Deadline = { baseMs: 30_000, perMebibyteMs: 5_000 };

/** Threads end when there was nothing to do for this long: a heap that held a large document is given back. */
const IDLE_TIMEOUT_MS = 5_000;

/** One piece of work. */
export interface Work {
  /** The export of the threads' file that does it. */
  readonly name: string;
  readonly input: unknown;
  /** Size of the input: what the time it may take is reckoned from. */
  readonly bytes: number;
  /** Buffers that are handed over instead of copied. */
  readonly transfer?: readonly ArrayBuffer[] | undefined;
  /** Gives it up: it is not begun, or its thread is ended. */
  readonly signal?: AbortSignal | undefined;
}

/** Threads started from one file of this folder, on demand. */
export function createThreads(file: string, count: number): Piscina {
  return new Piscina({
    filename: new URL(`dist/workers/${file}`, PACKAGE_DIRECTORY).href,
    minThreads: 0,
    maxThreads: count,
    idleTimeout: IDLE_TIMEOUT_MS,
  });
}

/** Threads for work that others wait behind: what takes too long is ended. */
export class TimedThreads {
  readonly #threads: Piscina;
  readonly #deadline: Deadline;
  readonly #tooLate: (deadlineMs: number) => Error;
  #free: number;
  readonly #queue: (() => void)[] = [];

  /** @param tooLate - what the work that took too long rejects with */
  constructor(file: string, count: number, deadline: Deadline, tooLate: (deadlineMs: number) => Error) {
    this.#threads = createThreads(file, count);
    this.#free = count;
    this.#deadline = deadline;
    this.#tooLate = tooLate;
  }

  /** Pieces of work that wait for a thread. */
  get waiting(): number {
    return this.#queue.length;
  }

  async run(work: Work): Promise<unknown> {
    work.signal?.throwIfAborted();
    if (this.#free > 0) this.#free--;
    else await this.#turn(work.signal);
    try {
      return await this.#runInTime(work);
    } finally {
      const next = this.#queue.shift();
      if (next === undefined) this.#free++;
      else next();
    }
  }

  async close(): Promise<void> {
    await this.#threads.destroy();
  }

  /** Waits for a thread; whoever gives up makes room for others at once. */
  #turn(signal: AbortSignal | undefined): Promise<void> {
    return new Promise((resolve, reject) => {
      const begin = (): void => {
        signal?.removeEventListener('abort', leave);
        resolve();
      };
      const leave = (): void => {
        this.#queue.splice(this.#queue.indexOf(begin), 1);
        reject(signal?.reason as Error);
      };
      this.#queue.push(begin);
      signal?.addEventListener('abort', leave, { once: true });
    });
  }

  /** A thread is free: the time begins now, not while the work was queued. */
  async #runInTime({ name, input, bytes, transfer, signal }: Work): Promise<unknown> {
    const deadlineMs = this.#deadline.baseMs + Math.ceil((bytes / 2 ** 20) * this.#deadline.perMebibyteMs);
    const deadline = new AbortController();
    const timer = setTimeout(() => deadline.abort(), deadlineMs);
    const signals = signal === undefined ? [deadline.signal] : [deadline.signal, signal];
    try {
      return await this.#threads.run(input, {
        name,
        signal: AbortSignal.any(signals), // a running task's thread is ended
        ...(transfer === undefined ? {} : { transferList: [...transfer] }),
      });
    } catch (error) {
      if (signal?.aborted === true) throw signal.reason;
      throw deadline.signal.aborted ? this.#tooLate(deadlineMs) : error;
    } finally {
      clearTimeout(timer);
    }
  }
}
