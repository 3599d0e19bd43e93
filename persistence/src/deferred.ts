/**
 * A promise that is settled from outside (`Promise.withResolvers` is younger than Node 20), and made when somebody asks
 * for it: every append has two, and often nobody looks at one of them.
 */
export class Deferred<T> {
  #outcome: { readonly value: T } | { readonly error: Error } | undefined;
  #promise: Promise<T> | undefined;
  #resolve: ((value: T) => void) | undefined;
  #reject: ((error: Error) => void) | undefined;

  get promise(): Promise<T> {
    this.#promise ??= this.#make();
    return this.#promise;
  }

  resolve(value: T): void {
    if (this.#outcome !== undefined) return;
    this.#outcome = { value };
    this.#resolve?.(value);
  }

  reject(error: Error): void {
    if (this.#outcome !== undefined) return;
    this.#outcome = { error };
    if (this.#promise === undefined) return;
    handleSilently(this.#promise);
    this.#reject?.(error);
  }

  #make(): Promise<T> {
    const outcome = this.#outcome;
    if (outcome === undefined) {
      return new Promise((resolve, reject) => {
        this.#resolve = resolve;
        this.#reject = reject;
      });
    }
    if ('value' in outcome) return Promise.resolve(outcome.value);
    const rejected = Promise.reject<T>(outcome.error);
    handleSilently(rejected);
    return rejected;
  }
}

/** Callers may ignore either of the two promises of an append; a rejection nobody reads must not end the process. */
function handleSilently(promise: Promise<unknown>): void {
  promise.catch(ignore);
}

function ignore(): void {}
