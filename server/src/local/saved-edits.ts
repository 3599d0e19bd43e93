interface Waiting {
  readonly upTo: number;
  readonly resolve: () => void;
  readonly reject: (error: Error) => void;
}

/** The edits made in one place, numbered from 1: which of them are fsynced, and who waits for that. */
export class SavedEdits {
  #last = 0;
  #saved = 0;
  readonly #waiting = new Set<Waiting>();
  /** Why one of them will never be saved. */
  #refusal: Error | undefined;
  /** Why what is not saved yet will not be any more. */
  #end: Error | undefined;

  get last(): number {
    return this.#last;
  }

  /** One more. @returns its number */
  made(): number {
    this.#last += 1;
    return this.#last;
  }

  /** Every edit up to this one is fsynced. */
  saved(edit: number): void {
    this.#saved = Math.max(this.#saved, edit);
    for (const waiting of this.#waiting) if (waiting.upTo <= this.#saved) waiting.resolve();
  }

  /** One was not taken up: never again is everything saved. */
  refused(error: Error): void {
    this.#refusal ??= error;
    for (const waiting of this.#waiting) waiting.reject(error);
  }

  /** Nothing is saved any more. */
  end(error: Error): void {
    this.#end ??= error;
    for (const waiting of this.#waiting) waiting.reject(error);
  }

  /** Resolves once all that were made so far are saved. @throws the error of {@link refused} or {@link end}, or the signal's reason */
  async whenSaved(signal?: AbortSignal): Promise<void> {
    signal?.throwIfAborted();
    if (this.#refusal !== undefined) throw this.#refusal;
    if (this.#saved >= this.#last) return;
    if (this.#end !== undefined) throw this.#end;
    const { promise, waiting } = this.#wait();
    const abort = (): void => waiting.reject(signal?.reason as Error);
    signal?.addEventListener('abort', abort, { once: true });
    try {
      await promise;
    } finally {
      this.#waiting.delete(waiting);
      signal?.removeEventListener('abort', abort);
    }
  }

  #wait(): { readonly promise: Promise<void>; readonly waiting: Waiting } {
    let settle: Pick<Waiting, 'resolve' | 'reject'> = { resolve: () => {}, reject: () => {} };
    const promise = new Promise<void>((resolve, reject) => (settle = { resolve, reject }));
    const waiting = { upTo: this.#last, ...settle };
    this.#waiting.add(waiting);
    return { promise, waiting };
  }
}
