import { Piscina } from 'piscina';
import type { CompactionInput, CompactionOutput } from './document-tasks.ts';

/** Work on whole documents, which never runs on the event loop. */
export interface DocumentWorkers {
  /** @throws CompactionTimeoutError */
  compact(input: CompactionInput): Promise<CompactionOutput>;
  /** What an update holds that this encoded state vector lacks, and its whole delete set. */
  diff(update: Uint8Array, stateVector: Uint8Array): Promise<Uint8Array>;
  close(): Promise<void>;
}

/** A compaction that was stopped because others wait for the thread. */
export class CompactionTimeoutError extends Error {
  constructor(deadlineMs: number) {
    super(`compaction stopped after ${deadlineMs} ms`);
    this.name = 'CompactionTimeoutError';
  }
}

/** How long a compaction may take, by the bytes of its input. */
export interface CompactionDeadline {
  readonly baseMs: number;
  readonly perMebibyteMs: number;
}

/** Some fifty times what a document of the usual kind takes. */
export const COMPACTION_DEADLINE: CompactionDeadline = { baseMs: 30_000, perMebibyteMs: 5_000 };

/** Threads end when there was nothing to do for this long: a heap that held a large document is given back. */
const IDLE_TIMEOUT_MS = 5_000;

/**
 * {@link DocumentWorkers} in worker threads. Diffs have threads of their own: somebody waits for each, and it takes time in
 * proportion to the snapshot, while a compaction may take the square of an update made for it.
 */
export class WorkerPool implements DocumentWorkers {
  readonly #compactions: Piscina;
  readonly #diffs: Piscina;
  readonly #deadline: CompactionDeadline;
  #free: number;
  readonly #queue: (() => void)[] = [];

  /** `threads`: for compactions, and as many for diffs. */
  constructor(threads: number, deadline = COMPACTION_DEADLINE) {
    this.#compactions = createThreads(threads);
    this.#diffs = createThreads(threads);
    this.#deadline = deadline;
    this.#free = threads;
  }

  async compact(input: CompactionInput): Promise<CompactionOutput> {
    if (this.#free > 0) this.#free--;
    else await new Promise<void>((resolve) => this.#queue.push(resolve));
    try {
      return await this.#compactInTime(input);
    } finally {
      const next = this.#queue.shift();
      if (next === undefined) this.#free++;
      else next();
    }
  }

  async diff(update: Uint8Array, stateVector: Uint8Array): Promise<Uint8Array> {
    return (await this.#diffs.run({ update, stateVector }, { name: 'diff' })) as Uint8Array;
  }

  async close(): Promise<void> {
    await Promise.all([this.#compactions.destroy(), this.#diffs.destroy()]);
  }

  /** A thread is free: the time begins now, not while the compaction was queued. */
  async #compactInTime(input: CompactionInput): Promise<CompactionOutput> {
    const deadlineMs = deadlineFor(input, this.#deadline);
    const deadline = new AbortController();
    const timer = setTimeout(() => deadline.abort(), deadlineMs);
    try {
      return (await this.#compactions.run(input, {
        name: 'compaction',
        signal: deadline.signal, // a running task's thread is ended
      })) as CompactionOutput;
    } catch (error) {
      if (deadline.signal.aborted) throw new CompactionTimeoutError(deadlineMs);
      throw error;
    } finally {
      clearTimeout(timer);
    }
  }
}

function createThreads(count: number): Piscina {
  return new Piscina({
    filename: new URL('./worker.js', import.meta.url).href,
    minThreads: 0,
    maxThreads: count,
    idleTimeout: IDLE_TIMEOUT_MS,
  });
}

function deadlineFor({ snapshot, updates }: CompactionInput, { baseMs, perMebibyteMs }: CompactionDeadline): number {
  const bytes = updates.reduce((sum, update) => sum + update.length, snapshot?.length ?? 0);
  return baseMs + Math.ceil((bytes / 2 ** 20) * perMebibyteMs);
}
