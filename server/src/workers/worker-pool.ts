import type { Piscina } from 'piscina';
import type { CompactionInput, CompactionOutput } from './document-tasks.ts';
import { createThreads, DOCUMENT_DEADLINE, TimedThreads } from './timed-threads.ts';

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

const tooLate = (deadlineMs: number): Error => new CompactionTimeoutError(deadlineMs);

const WORKER = 'worker.js';

/**
 * {@link DocumentWorkers} in worker threads. Diffs have threads of their own: somebody waits for each, and it takes time in
 * proportion to the snapshot, while a compaction may take the square of an update made for it.
 */
export class WorkerPool implements DocumentWorkers {
  readonly #compactions: TimedThreads;
  readonly #diffs: Piscina;

  /** `threads`: for compactions, and as many for diffs. */
  constructor(threads: number, deadline = DOCUMENT_DEADLINE) {
    this.#compactions = new TimedThreads(WORKER, threads, deadline, tooLate);
    this.#diffs = createThreads(WORKER, threads);
  }

  async compact(input: CompactionInput): Promise<CompactionOutput> {
    const bytes = input.updates.reduce((sum, update) => sum + update.length, input.snapshot?.length ?? 0);
    return (await this.#compactions.run({ name: 'compaction', input, bytes })) as CompactionOutput;
  }

  async diff(update: Uint8Array, stateVector: Uint8Array): Promise<Uint8Array> {
    return (await this.#diffs.run({ update, stateVector }, { name: 'diff' })) as Uint8Array;
  }

  async close(): Promise<void> {
    await Promise.all([this.#compactions.close(), this.#diffs.destroy()]);
  }
}
