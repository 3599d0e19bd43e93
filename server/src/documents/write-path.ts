import type { Append, DocumentChange, DocumentStore } from '@headwater/persistence';
import { isDeletion } from './deletion.ts';
import type { TailBatch } from './tail.ts';

/** What happens to a change on its way. */
export interface WriteSteps {
  /**
   * It is written, in this record, or the store could not (`undefined`) and goes on trying: others may see it. Called in the
   * order of the changes.
   */
  readonly show: (sequence: number | undefined) => void;
  /** It is fsynced: who sent it may be told. */
  readonly acknowledge: (sequence: number) => void;
  /** It never will be, as the document was deleted. It is shown only when the store could not say so at once. */
  readonly refuse: () => void;
}

/**
 * Write, show, sync: takes the changes of one document to its store, one after the other, and knows what is on its way
 * (docs/architecture.md, "The way of an update").
 */
export class WritePath {
  readonly #store: DocumentStore;
  readonly #documentName: string;
  #last: Append | undefined;
  /** Changes that are not durable yet. */
  #unsaved = 0;
  #shown: Promise<void> = Promise.resolve();
  readonly #unshown = new Set<TailBatch>();
  #whenChanged: (() => void)[] = [];
  #hasLost = false;

  constructor(store: DocumentStore, documentName: string) {
    this.#store = store;
    this.#documentName = documentName;
  }

  /** Whether everything handed in is durable. */
  get isSaved(): boolean {
    return this.#unsaved === 0;
  }

  /** Whether the store has given a change up: it was closed before that was durable, and another process has it now. */
  get hasLost(): boolean {
    return this.#hasLost;
  }

  /** Batches handed to the store and not shown yet, oldest first. */
  get unshown(): Iterable<TailBatch> {
    return this.#unshown;
  }

  /** @param shown - the batch that others are going to see; it learns where the store put it */
  write(change: DocumentChange, shown: TailBatch | undefined, steps: WriteSteps): void {
    const append = this.#store.append(this.#documentName, change);
    append.written.catch(() => {}); // #show looks at it when its turn comes; a rejection before that is nobody's crash
    this.#last = append;
    this.#unsaved++;
    if (shown !== undefined) this.#unshown.add(shown);
    this.#shown = this.#shown.then(() => this.#show(append, shown, steps.show));
    const saved = (sequence: number): void => {
      if (shown !== undefined) shown.sequence ??= sequence;
      this.#unsaved--;
      steps.acknowledge(sequence);
      this.noteChange();
    };
    void whenDurable(append, saved, (error) => {
      if (!isDeletion(error)) {
        this.#hasLost = true;
        return;
      }
      this.#unsaved--;
      steps.refuse();
      this.noteChange();
    });
  }

  /** Calls back with the last record once everything handed in so far is durable; at once, and without it, when it is. */
  afterLast(then: (sequence: number | undefined) => void): void {
    if (this.#unsaved === 0 || this.#last === undefined) then(undefined);
    else void whenDurable(this.#last, then);
  }

  /** Resolves when something has become durable, or {@link noteChange} was called. */
  async changed(): Promise<void> {
    await new Promise<void>((resolve) => this.#whenChanged.push(resolve));
  }

  noteChange(): void {
    for (const resolve of this.#whenChanged.splice(0)) resolve();
  }

  /** Calls back once everything handed in so far has been shown; at once when it has. */
  onceShown(then: () => void): void {
    if (this.#unshown.size === 0) then();
    else this.#shown = this.#shown.then(then);
  }

  /** Resolves once everything handed in so far has been shown. */
  async allShown(): Promise<void> {
    await this.#shown;
  }

  async #show(append: Append, shown: TailBatch | undefined, show: WriteSteps['show']): Promise<void> {
    let sequence: number | undefined;
    let isRefused = false;
    try {
      sequence = await append.written;
      if (shown !== undefined) shown.sequence = sequence;
    } catch (error) {
      // A store that fails does not stop the fan-out: it retries by itself, and nothing is acknowledged until it succeeds.
      isRefused = isDeletion(error);
    }
    if (shown !== undefined) this.#unshown.delete(shown);
    if (!isRefused) show(sequence);
  }
}

async function whenDurable(
  append: Append,
  then: (sequence: number) => void,
  givenUp: (error: unknown) => void = () => {},
): Promise<void> {
  let sequence: number;
  try {
    sequence = await append.durable;
  } catch (error) {
    return givenUp(error); // nobody is told that it is saved: when the store was closed first, every client sends it again
  }
  then(sequence);
}
