/** How long before its end a token is said to end soon, at most; a short-lived one in its last quarter. */
const SOON_MS = 30_000;
/** A longer timer fires at once. */
const MAX_TIMER_MS = 2 ** 31 - 1;

export interface ExpiryEvents {
  /** The token has to be replaced. Once for each end: a client may have no other token than the one it brings again. */
  readonly onSoon: () => void;
  readonly onExpired: () => void;
}

/** The end of a token. */
export class Expiry {
  readonly #now: () => number;
  readonly #events: ExpiryEvents;
  #expiresAt: number | undefined;
  #timer: NodeJS.Timeout | undefined;

  /** @param now - milliseconds since the epoch */
  constructor(now: () => number, events: ExpiryEvents) {
    this.#now = now;
    this.#events = events;
  }

  /** Replaces the end there was. @param expiresAt - in milliseconds since the epoch; `undefined`: never */
  set(expiresAt: number | undefined): void {
    if (expiresAt === this.#expiresAt) return;
    this.clear();
    this.#expiresAt = expiresAt;
    if (expiresAt === undefined) return;
    const soonMs = Math.min(SOON_MS, (expiresAt - this.#now()) / 4);
    this.#at(expiresAt - soonMs, () => {
      this.#at(expiresAt, this.#events.onExpired);
      this.#events.onSoon();
    });
  }

  clear(): void {
    clearTimeout(this.#timer);
    this.#expiresAt = undefined;
  }

  /** Never early: a timer may be, by a millisecond, and a clock that was set back makes it so. */
  #at(timeMs: number, callback: () => void): void {
    const waitMs = Math.min(MAX_TIMER_MS, timeMs - this.#now());
    if (waitMs <= 0) return callback();
    this.#timer = setTimeout(() => this.#at(timeMs, callback), Math.ceil(waitMs));
    this.#timer.unref();
  }
}
