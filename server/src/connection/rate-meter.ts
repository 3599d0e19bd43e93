/** Messages are averaged over this long, so that a burst (a paste, a replay) is none of the meter's business. */
const WINDOW_MS = 10_000;

/** Counts messages against a limit per second; a limit of 0 is none. */
export class RateMeter {
  readonly #perWindow: number;
  #windowStartMs = 0;
  #count = 0;

  constructor(perSecond: number) {
    this.#perWindow = perSecond === 0 ? Number.POSITIVE_INFINITY : (perSecond * WINDOW_MS) / 1000;
  }

  /** Counts one message. @returns whether that is too many */
  isExceededAt(nowMs: number): boolean {
    if (nowMs - this.#windowStartMs >= WINDOW_MS) {
      this.#windowStartMs = nowMs;
      this.#count = 0;
    }
    return ++this.#count > this.#perWindow;
  }
}
