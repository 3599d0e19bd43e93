const FIRST_STEP_MS = 300;

/**
 * How long to wait before the next attempt: a random time up to a ceiling that doubles (full jitter), so that the clients of a server that
 * restarts do not come back together.
 */
export class Backoff {
  readonly #maxMs: () => number;
  readonly #random: () => number;
  #failures = 0;

  /** @param maxMs - no wait is longer */
  constructor(maxMs: () => number, random: () => number = Math.random) {
    this.#maxMs = maxMs;
    this.#random = random;
  }

  next(): number {
    const ceiling = Math.min(this.#maxMs(), FIRST_STEP_MS * 2 ** this.#failures);
    this.#failures += 1;
    return this.#random() * ceiling;
  }

  /** It worked. */
  reset(): void {
    this.#failures = 0;
  }
}
