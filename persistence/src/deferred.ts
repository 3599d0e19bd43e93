/** A promise and the two functions that settle it (`Promise.withResolvers` is younger than Node 20). */
export class Deferred<T> {
  readonly promise: Promise<T>;
  #resolve!: (value: T) => void;
  #reject!: (error: Error) => void;

  constructor() {
    this.promise = new Promise<T>((resolve, reject) => {
      this.#resolve = resolve;
      this.#reject = reject;
    });
  }

  resolve(value: T): void {
    this.#resolve(value);
  }

  reject(error: Error): void {
    // Callers may ignore either of the two promises of an append; a rejection nobody reads must not end the process.
    // Not in the constructor: that would be a second promise for each of the many that are fulfilled.
    // oxlint-disable-next-line promise/no-promise-in-callback -- it is the promise's own rejection
    this.promise.catch(ignore);
    this.#reject(error);
  }
}

function ignore(): void {}
