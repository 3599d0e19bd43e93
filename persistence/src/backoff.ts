/** Waiting times of retries: each is a random part of a ceiling that doubles ("full jitter"). */
export class Backoff {
  readonly #minMs: number;
  readonly #maxMs: number;
  readonly #random: () => number;
  #attempts = 0;

  constructor(options: { readonly minMs: number; readonly maxMs: number; readonly random: () => number }) {
    this.#minMs = options.minMs;
    this.#maxMs = options.maxMs;
    this.#random = options.random;
  }

  /** Milliseconds to wait before the next attempt. */
  nextMs(): number {
    const ceiling = Math.min(this.#maxMs, this.#minMs * 2 ** this.#attempts);
    this.#attempts += 1;
    return Math.floor(this.#random() * ceiling);
  }

  /** After a success. */
  reset(): void {
    this.#attempts = 0;
  }
}
