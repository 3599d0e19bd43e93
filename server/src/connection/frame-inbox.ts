import type { Inbox, ReadScheduler } from './read-scheduler.ts';

/** Where frames come from, and can be made to wait. */
export interface FrameSource {
  pause(): void;
  resume(): void;
}

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
    if (this.#isHeld || this.#frames.length > 0 || !this.#hasSliceLeft() || !this.#scheduler.isGateOpen) {
      this.#frames.push(frame);
      this.#source.pause();
      if (!this.#isHeld) this.#scheduler.add(this);
      return;
    }
    const started = performance.now();
    this.#handle(frame);
    this.#spentMs += performance.now() - started;
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

  work(deadlineMs: number): boolean {
    while (!this.#isClosed && this.#next < this.#frames.length) {
      this.#handle(this.#frames[this.#next++] as Uint8Array);
      if (performance.now() >= deadlineMs) break;
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

  #hasSliceLeft(): boolean {
    const { turn } = this.#scheduler;
    if (turn !== this.#turn) {
      this.#turn = turn;
      this.#spentMs = 0;
    }
    return this.#spentMs < this.#scheduler.sliceMs;
  }
}
