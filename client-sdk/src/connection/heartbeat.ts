/** After so much silence the server is asked whether it is there, while somebody would notice that it is not. */
const ATTENTIVE_SILENCE_MS = 2_000;
/** The same in a page nobody looks at. Below the 10 s after which the strictest proxies cut a connection. */
const RELAXED_SILENCE_MS = 8_000;
/** With the first silence, 5 s from the last sign of life to the loss. */
const SHORTEST_PATIENCE_MS = 3_000;
const LONGEST_PATIENCE_MS = 30_000;

/** What a heartbeat is the heartbeat of. */
export interface Beating {
  ping(): void;
  /** Nothing was heard: the connection is gone, whatever the socket says. */
  lost(): void;
  /** Whether it matters soon: something is unsaved, or somebody looks at the page. */
  isAttentive(): boolean;
  /** What the socket still has to send. */
  bufferedAmount(): number;
}

/**
 * Notices that a connection is gone although nobody closed it. The server is pinged after a silence and has to say anything
 * at all in time.
 *
 * A pong stands in line behind what is on its way: on a slow line a large document takes longer than our patience. So patience doubles with
 * every connection that was given up without one pong, and a socket that gets rid of what it has to send is alive.
 */
export class Heartbeat {
  readonly #beating: Beating;
  #timer: ReturnType<typeof setTimeout> | undefined;
  #heardMs = 0;
  #pingedMs: number | undefined;
  #bufferedAtPing = 0;
  #patienceMs = SHORTEST_PATIENCE_MS;
  #hasPong = false;

  constructor(beating: Beating) {
    this.#beating = beating;
  }

  /** A connection is open. */
  start(): void {
    this.#hasPong = false;
    this.#pingedMs = undefined;
    this.#heardMs = performance.now();
    this.#look();
  }

  stop(): void {
    clearTimeout(this.#timer);
    this.#timer = undefined;
  }

  /** Something came. */
  heard(): void {
    this.#heardMs = performance.now();
    if (this.#pingedMs === undefined) return; // the timer finds out: most of what is heard is no answer
    this.#pingedMs = undefined;
    this.hurry();
  }

  /** The answer to a ping came. */
  answered(): void {
    const roundTripMs = performance.now() - (this.#pingedMs ?? performance.now());
    this.#patienceMs = Math.min(LONGEST_PATIENCE_MS, Math.max(SHORTEST_PATIENCE_MS, 3 * roundTripMs));
    this.#hasPong = true;
    this.heard();
  }

  /** It may have become more urgent. */
  hurry(): void {
    if (this.#timer === undefined) return;
    this.stop();
    this.#look();
  }

  /** Asks now, whatever was heard: after a time in which this could not look. */
  check(): void {
    if (this.#timer === undefined || this.#pingedMs !== undefined) return;
    this.stop();
    this.#ping();
  }

  #look(): void {
    const now = performance.now();
    if (this.#pingedMs === undefined) {
      const dueMs = this.#heardMs + (this.#beating.isAttentive() ? ATTENTIVE_SILENCE_MS : RELAXED_SILENCE_MS);
      if (now < dueMs) this.#lookIn(dueMs - now);
      else this.#ping();
      return;
    }
    if (now < this.#pingedMs + this.#patienceMs) return this.#lookIn(this.#pingedMs + this.#patienceMs - now);
    const bufferedAmount = this.#beating.bufferedAmount();
    if (bufferedAmount < this.#bufferedAtPing) {
      this.#bufferedAtPing = bufferedAmount;
      this.#pingedMs = now;
      return this.#lookIn(this.#patienceMs);
    }
    this.#timer = undefined;
    if (!this.#hasPong) this.#patienceMs = Math.min(LONGEST_PATIENCE_MS, 2 * this.#patienceMs);
    this.#beating.lost();
  }

  #ping(): void {
    this.#beating.ping();
    this.#pingedMs = performance.now();
    this.#bufferedAtPing = this.#beating.bufferedAmount();
    this.#lookIn(this.#patienceMs);
  }

  #lookIn(ms: number): void {
    this.#timer = setTimeout(() => this.#look(), Math.max(1, Math.ceil(ms)));
  }
}
