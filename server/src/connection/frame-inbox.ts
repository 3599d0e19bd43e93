import type { Inbox, ReadScheduler } from './read-scheduler.ts';

/** Where frames come from, and can be made to wait. */
export interface FrameSource {
  pause(): void;
  resume(): void;
}

/**
 * A connection gets this much of the event loop's time for what it sends while others are served; what follows from that (it is
 * stored, shown, compacted) takes several times as much.
 */
const SHARE = 0.05;
/** What it did not use of that it has left for this long; what it overdrew, by one frame that took long, is forgiven then. */
const SHARE_WINDOW_MS = 50;

/**
 * The frames of one connection in their order. They are handled as they arrive as long as the connection stays within
 * its slice of the turn; beyond that they wait here and the socket is not read, which slows the sender down.
 */
export class FrameInbox implements Inbox {
  readonly #source: FrameSource;
  readonly #scheduler: ReadScheduler;
  readonly #handle: (frame: Uint8Array) => void;
  #frames: Uint8Array[] = [];
  #next = 0;
  #turn = -1;
  #spentMs = 0;
  /** What it spent would be its share if it were this late. */
  #paidUntilMs = 0;
  #isHeld = true;
  #isClosed = false;
  #onEmpty: (() => void) | undefined;

  /** Starts held: see {@link release}. */
  constructor(source: FrameSource, scheduler: ReadScheduler, handle: (frame: Uint8Array) => void) {
    this.#source = source;
    this.#scheduler = scheduler;
    this.#handle = handle;
  }

  push(frame: Uint8Array): void {
    if (this.#isClosed) return;
    if (this.#isHeld || this.#frames.length > 0 || !this.#scheduler.isGateOpen || !this.#mayGoOn()) {
      this.#frames.push(frame);
      this.#source.pause();
      if (!this.#isHeld) this.#scheduler.add(this);
      return;
    }
    const startedMs = performance.now();
    this.#handle(frame);
    const nowMs = this.#spend(startedMs);
    if (this.isWithinShare(nowMs)) this.#scheduler.hasServed(nowMs);
  }

  /** Whether frames wait here, and the socket is therefore not read. */
  get isWaiting(): boolean {
    return this.#frames.length > 0;
  }

  /** Begins to handle frames. */
  release(): void {
    this.#isHeld = false;
    if (this.#frames.length > 0) this.#scheduler.add(this);
  }

  isWithinShare(nowMs: number): boolean {
    return this.#paidUntilMs <= nowMs;
  }

  work(deadlineMs: number): boolean {
    let nowMs = performance.now();
    while (!this.#isClosed && this.#next < this.#frames.length && nowMs < deadlineMs) {
      this.#handle(this.#frames[this.#next++] as Uint8Array);
      nowMs = this.#spend(nowMs);
    }
    if (!this.#isClosed && this.#next < this.#frames.length) return true;
    this.#frames = [];
    this.#next = 0;
    if (!this.#isClosed) this.#source.resume();
    this.#emptied();
    return false;
  }

  /** Handles what arrived, whatever it takes, and nothing after it. */
  finish(): void {
    while (!this.#isClosed && this.#next < this.#frames.length) this.#handle(this.#frames[this.#next++] as Uint8Array);
    this.close();
  }

  /** Calls back once everything that arrived has been handled. */
  whenEmpty(callback: () => void): void {
    if (this.#frames.length === 0) callback();
    else this.#onEmpty = callback;
  }

  /** Forgets what was not handled. */
  close(): void {
    this.#isClosed = true;
    this.#frames = [];
    this.#next = 0;
    this.#scheduler.remove(this);
    this.#emptied();
  }

  /** Calls back once: whoever waited may close this in turn. */
  #emptied(): void {
    const callback = this.#onEmpty;
    this.#onEmpty = undefined;
    callback?.();
  }

  /** Notes what was done since `startedMs`. @returns now */
  #spend(startedMs: number): number {
    const nowMs = performance.now();
    const spentMs = nowMs - startedMs;
    this.#spentMs += spentMs;
    const paidUntilMs = Math.max(this.#paidUntilMs, nowMs - SHARE_WINDOW_MS) + spentMs / SHARE;
    this.#paidUntilMs = Math.min(paidUntilMs, nowMs + SHARE_WINDOW_MS);
    return nowMs;
  }

  /** Whether a frame may be handled as it arrives: its slice of this turn is not used up, nor its share of all. */
  #mayGoOn(): boolean {
    const { turn } = this.#scheduler;
    if (turn !== this.#turn) {
      this.#turn = turn;
      this.#spentMs = 0;
    }
    return this.#spentMs < this.#scheduler.sliceMs && this.#scheduler.isItsTurn(this, performance.now());
  }
}
