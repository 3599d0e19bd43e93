/** Fanning out one document takes at most this share of the event loop's time. */
const MAX_FAN_OUT_SHARE = 1 / 4;

/** However dear a fan-out is, nobody waits longer than this for the next. */
const MAX_DISTANCE_MS = 250;

/** How much the latest fan-out counts in their average. */
const FAN_OUT_WEIGHT = 1 / 8;

/** When flushes of a document are held apart. */
export interface FlushPaceOptions {
  /** Sessions from which on a document is crowded. */
  readonly crowdSockets: number;
  /** Least distance of two flushes of a crowded document, in milliseconds. */
  readonly flushIntervalMs: number;
}

/**
 * How soon a document may flush again. A flush is one write per session, whatever is in it: in a crowded document that
 * costs more than all the rest, so its flushes keep a display frame between them; and where even one per frame would be too
 * many (5,000 sessions take 30 ms to write to), as much as keeps the event loop free for the other documents. What arrives
 * after a pause goes out at once.
 */
export class FlushPace {
  readonly #options: FlushPaceOptions;
  #lastFlushMs = Number.NEGATIVE_INFINITY;
  #fanOutMs = 0;

  constructor(options: FlushPaceOptions) {
    this.#options = options;
  }

  /** A flush began. @param nowMs - of `performance.now()`, here and below */
  flushed(nowMs: number): void {
    this.#lastFlushMs = nowMs;
  }

  /** Writing to all sessions took this long. */
  fannedOut(tookMs: number): void {
    this.#fanOutMs += (tookMs - this.#fanOutMs) * FAN_OUT_WEIGHT;
  }

  /** Milliseconds until the next flush is due; not above 0 when it is. */
  dueInMs(sessions: number, nowMs: number): number {
    const { crowdSockets, flushIntervalMs } = this.#options;
    if (sessions < crowdSockets) return 0;
    const forOthers = Math.min(this.#fanOutMs / MAX_FAN_OUT_SHARE, MAX_DISTANCE_MS);
    return this.#lastFlushMs + Math.max(flushIntervalMs, forOthers) - nowMs;
  }
}
