/** Frames that arrived and were not handled yet. */
export interface Inbox {
  /** Handles frames until none are left or `deadlineMs` (of `performance.now()`) has passed. @returns whether any are left */
  work(deadlineMs: number): boolean;
  /** Whether its connection has used no more of the event loop than its share. */
  isWithinShare(nowMs: number): boolean;
}

/**
 * A connection handles this much in one event-loop turn before the others come first. An edit of somebody else takes three
 * turns (it arrives, is written, is shown), so that much is added to it three times.
 */
const SLICE_MS = 0.25;
/** All connections that have frames waiting get this much of a turn together. */
const TURN_MS = 4;
/** Somebody who was served this recently may come back any moment. */
const OTHERS_MS = 100;
/** Connections that used up their share are looked at this often. */
const SHARE_INTERVAL_MS = 1;
/** How often a closed gate is looked at. */
const GATE_INTERVAL_MS = 20;

/**
 * Shares the event loop between connections that send more than a slice of work per turn. Theirs waits, unread, while
 * everyone else is served first; nothing is dropped. While others are served, a connection that wants more than its share of
 * all turns waits for that, too.
 */
export class ReadScheduler {
  readonly #isGateOpen: () => boolean;
  readonly #waiting = new Set<Inbox>();
  #othersUntilMs = 0;
  #turn = 0;
  #turnEnds: NodeJS.Immediate | undefined;
  #timer: NodeJS.Timeout | NodeJS.Immediate | undefined;

  /** No frame is handled while `isGateOpen` says no: the store has more unsaved bytes than it may. */
  constructor(isGateOpen: () => boolean) {
    this.#isGateOpen = isGateOpen;
  }

  get isGateOpen(): boolean {
    return this.#isGateOpen();
  }

  /** Counts event-loop turns in which frames arrived, so that a connection knows when its slice is fresh. */
  get turn(): number {
    this.#turnEnds ??= setImmediate(() => {
      this.#turn++;
      this.#turnEnds = undefined;
    });
    return this.#turn;
  }

  get sliceMs(): number {
    return SLICE_MS;
  }

  /** Somebody was served who stays within their share. */
  hasServed(nowMs: number): void {
    this.#othersUntilMs = nowMs + OTHERS_MS;
  }

  /** Whether a connection may be served now, as far as the others are concerned. */
  isItsTurn(inbox: Inbox, nowMs: number): boolean {
    return nowMs >= this.#othersUntilMs || inbox.isWithinShare(nowMs);
  }

  /** Has the inbox worked off in later turns. */
  add(inbox: Inbox): void {
    this.#waiting.add(inbox);
    this.#timer ??= setImmediate(() => this.#run());
  }

  remove(inbox: Inbox): void {
    this.#waiting.delete(inbox);
  }

  #run(): void {
    this.#timer = undefined;
    if (this.#waiting.size === 0) return; // or a closed gate would be watched for nobody, and keep the process alive
    if (!this.#isGateOpen()) {
      this.#timer = setTimeout(() => this.#run(), GATE_INTERVAL_MS);
      return;
    }
    const turnEnd = performance.now() + TURN_MS;
    const line = [...this.#waiting];
    let hasWorked = false;
    for (const inbox of line) {
      const now = performance.now();
      if (now >= turnEnd) break;
      if (!this.isItsTurn(inbox, now)) continue;
      hasWorked = true;
      // To the back of the line, so that the next turn starts where this one stops.
      this.#waiting.delete(inbox);
      if (inbox.work(Math.min(now + SLICE_MS, turnEnd))) this.#waiting.add(inbox);
    }
    if (this.#waiting.size === 0) return;
    this.#timer = hasWorked ? setImmediate(() => this.#run()) : setTimeout(() => this.#run(), SHARE_INTERVAL_MS);
  }
}
