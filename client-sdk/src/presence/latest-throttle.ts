/**
 * Lets a value through at once, and then at most one per interval: always the latest, and always the last. What came in
 * between was only true for a moment and is dropped.
 */
export class LatestThrottle<T> {
  readonly #intervalMs: number;
  readonly #emit: (value: T) => void;
  #timer: ReturnType<typeof setTimeout> | undefined;
  #waiting: { readonly value: T } | undefined;

  constructor(intervalMs: number, emit: (value: T) => void) {
    this.#intervalMs = intervalMs;
    this.#emit = emit;
  }

  push(value: T): void {
    if (this.#timer === undefined) this.#letThrough(value);
    else this.#waiting = { value };
  }

  /** Drops what waits. */
  cancel(): void {
    clearTimeout(this.#timer);
    this.#timer = undefined;
    this.#waiting = undefined;
  }

  #letThrough(value: T): void {
    this.#waiting = undefined;
    this.#timer = setTimeout(() => {
      this.#timer = undefined;
      if (this.#waiting !== undefined) this.#letThrough(this.#waiting.value);
    }, this.#intervalMs);
    this.#emit(value);
  }
}
