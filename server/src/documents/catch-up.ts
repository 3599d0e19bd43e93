import type { DocumentStore, LogEntry } from '@headwater/persistence';
import type { Logger } from '../logging/logger.ts';
import type { Coverage } from './coverage.ts';

/** Batches of several instances overtake each other: a hole has this long to fill by itself. */
const GRACE_MS = 200;

/** What a {@link CatchUp} needs of its document. */
export interface Behind {
  readonly name: string;
  readonly coverage: Coverage;
  /** Whether its sequences are those of the log that the store has now. */
  readonly isCurrent: () => boolean;
  /** Takes up a record of the log, and keeps what of it waits. */
  takeRecord(entries: readonly LogEntry[], sequence: number): void;
  /** Calls back once everything taken up so far has been shown. */
  onceShown(then: () => void): void;
}

/** Reads what is missing of a document's log from the store: whatever the relay did, it is there. */
export class CatchUp {
  readonly #document: Behind;
  readonly #store: DocumentStore;
  readonly #logger: Logger;
  #timer: NodeJS.Timeout | undefined;
  #isRunning = false;
  #isStopped = false;

  constructor(document: Behind, store: DocumentStore, logger: Logger) {
    this.#document = document;
    this.#store = store;
    this.#logger = logger;
  }

  /** There may be a hole: it is read when it is still there in a moment. */
  soon(): void {
    if (!this.#isDue) return;
    this.#timer ??= setTimeout(() => {
      this.#timer = undefined;
      if (this.#isDue) void this.#run();
    }, GRACE_MS);
  }

  /** There is one that nothing else will fill. */
  now(): void {
    clearTimeout(this.#timer);
    this.#timer = undefined;
    if (this.#isDue) void this.#run();
  }

  get #isDue(): boolean {
    return this.#mayRead && !this.#isRunning && !this.#document.coverage.isComplete;
  }

  /** What the store says in another epoch is about records that may have the numbers of others here. */
  get #mayRead(): boolean {
    return !this.#isStopped && this.#document.isCurrent();
  }

  stop(): void {
    this.#isStopped = true;
    clearTimeout(this.#timer);
  }

  /** Never rejects: what fails is tried again with the next sweep. */
  async #run(): Promise<void> {
    this.#isRunning = true;
    try {
      await this.#read();
    } catch (error) {
      this.#logger.debug({ documentName: this.#document.name, err: error }, 'missing records could not be read');
    } finally {
      this.#isRunning = false;
    }
    this.#document.onceShown(() => this.soon()); // something more was noted meanwhile
  }

  async #read(): Promise<void> {
    const { name, coverage } = this.#document;
    let at = coverage.through;
    for await (const block of this.#store.recordBlocks(name, { after: at })) {
      if (!this.#mayRead) return;
      if (block.after > at) return this.#readState();
      for (const { sequence, entries } of block.records) this.#take(entries, sequence);
      at = block.last;
      this.#coverThrough(at);
    }
    if (at === coverage.through && !coverage.isComplete) await this.#readState();
  }

  /** Records were compacted away, and nobody keeps a past: the state is what there is. */
  async #readState(): Promise<void> {
    const { name, coverage } = this.#document;
    const { snapshot, tail } = await this.#store.load(name);
    if (!this.#mayRead) return;
    if (snapshot !== undefined && snapshot.sequence > coverage.through) {
      this.#take([{ update: snapshot.update, author: '' }], snapshot.sequence);
      this.#coverThrough(snapshot.sequence);
    }
    for (const { sequence, entries } of tail) this.#take(entries, sequence);
    this.#coverThrough(tail.at(-1)?.sequence ?? 0);
  }

  #take(entries: readonly LogEntry[], sequence: number): void {
    const { coverage } = this.#document;
    if (coverage.has(sequence)) return;
    coverage.begin(sequence);
    this.#document.takeRecord(entries, sequence);
  }

  #coverThrough(sequence: number): void {
    this.#document.onceShown(() => this.#document.coverage.coverThrough(sequence));
  }
}
