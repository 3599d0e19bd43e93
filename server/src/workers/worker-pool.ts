import { Piscina } from 'piscina';
import type { CompactionInput, CompactionOutput } from './document-tasks.ts';

/** Work on whole documents, which never runs on the event loop. */
export interface DocumentWorkers {
  compact(input: CompactionInput): Promise<CompactionOutput>;
  /** What an update holds that this encoded state vector lacks, and its whole delete set. */
  diff(update: Uint8Array, stateVector: Uint8Array): Promise<Uint8Array>;
  close(): Promise<void>;
}

/** Threads end when there was nothing to do for this long: a heap that held a large document is given back. */
const IDLE_TIMEOUT_MS = 5_000;

/** {@link DocumentWorkers} in worker threads. */
export class WorkerPool implements DocumentWorkers {
  readonly #pool: Piscina;

  constructor(threads: number) {
    this.#pool = new Piscina({
      filename: new URL('./worker.js', import.meta.url).href,
      minThreads: 0,
      maxThreads: threads,
      idleTimeout: IDLE_TIMEOUT_MS,
    });
  }

  async compact(input: CompactionInput): Promise<CompactionOutput> {
    return (await this.#pool.run(input, { name: 'compaction' })) as CompactionOutput;
  }

  async diff(update: Uint8Array, stateVector: Uint8Array): Promise<Uint8Array> {
    return (await this.#pool.run({ update, stateVector }, { name: 'diff' })) as Uint8Array;
  }

  close(): Promise<void> {
    return this.#pool.destroy();
  }
}
