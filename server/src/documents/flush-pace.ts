/** Fanning out one document takes at most this share of the event loop's time. */
const MAX_FAN_OUT_SHARE = 1 / 4;

/** However dear a fan-out is, nobody waits longer than this for the next. */
const MAX_DISTANCE_MS = 250;

/** So many updates in one flush are no typing: a program writes, or a client that was away for long brings what it has. */
const TORRENT_UPDATES = 8;

/** Flushes in a torrent are this far apart: half a display frame. One at each turn would make every turn longer for all others. */
const TORRENT_DISTANCE_MS = 8;

/** Nobody reads a crowd's cursors at the rate of a display: they move at half of it, unless an edit takes them along. */
const PRESENCE_FRAMES = 2;

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
 * many (5,000 sessions take 30 ms to write to), as much as keeps the event loop free for the other documents. The same goes,
 * with less distance, for updates that come in a torrent. What arrives after a pause goes out at once.
 */
export class FlushPace {
  readonly #options: FlushPaceOptions;
  #lastFlushMs = Number.NEGATIVE_INFINITY;
  #fanOutMs = 0;
  #isTorrent = false;

  constructor(options: FlushPaceOptions) {
    this.#options = options;
  }

  /** A flush of so many updates began. @param nowMs - of `performance.now()`, here and below */
  flushed(updates: number, nowMs: number): void {
    this.#lastFlushMs = nowMs;
    this.#isTorrent = updates >= TORRENT_UPDATES;
  }

  /** Writing to all sessions took this long. */
  fannedOut(tookMs: number): void {
    this.#fanOutMs += (tookMs - this.#fanOutMs) * FAN_OUT_WEIGHT;
  }

  /** Milliseconds until the next flush is due, with edits or just with who is there; not above 0 when it is. */
  dueInMs(what: 'edits' | 'presence', sessions: number, nowMs: number): number {
    const { crowdSockets } = this.#options;
    const flushIntervalMs = this.#options.flushIntervalMs * (what === 'presence' ? PRESENCE_FRAMES : 1);
    if (sessions < crowdSockets) return this.#isTorrent ? this.#lastFlushMs + TORRENT_DISTANCE_MS - nowMs : 0;
    const forOthers = Math.min(this.#fanOutMs / MAX_FAN_OUT_SHARE, MAX_DISTANCE_MS);
    return this.#lastFlushMs + Math.max(flushIntervalMs, forOthers) - nowMs;
  }
}
