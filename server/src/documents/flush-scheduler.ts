/** What flushes: a document. */
export interface Flushable {
  flush(): void;
}

interface Later {
  readonly timer: NodeJS.Timeout;
  /** Of `performance.now()`. */
  readonly dueMs: number;
}

/** Timers tick in milliseconds: what is due less than one sooner is not worth another. */
const TIMER_TICK_MS = 1;

/**
 * Runs the flushes of all documents that became due in one event-loop turn together, at its end, so that the store
 * sees them as one write and every socket gets one.
 */
export class FlushScheduler {
  readonly #due = new Set<Flushable>();
  readonly #later = new Map<Flushable, Later>();
  #immediate: NodeJS.Immediate | undefined;

  /** Flushes at the end of this turn, or after `delayMs`. Asked again before it happened, it is whatever comes first. */
  schedule(target: Flushable, delayMs: number): void {
    if (this.#due.has(target)) return;
    const later = this.#later.get(target);
    if (delayMs <= 0) {
      if (later !== undefined) this.cancel(target);
      this.#due.add(target);
      this.#immediate ??= setImmediate(() => this.#run());
      return;
    }
    const dueMs = performance.now() + delayMs;
    if (later !== undefined) {
      if (later.dueMs <= dueMs + TIMER_TICK_MS) return;
      clearTimeout(later.timer);
    }
    const timer = setTimeout(() => {
      this.#later.delete(target);
      target.flush();
    }, delayMs);
    this.#later.set(target, { timer, dueMs });
  }

  /** Takes back what was scheduled. */
  cancel(target: Flushable): void {
    this.#due.delete(target);
    const later = this.#later.get(target);
    if (later === undefined) return;
    clearTimeout(later.timer);
    this.#later.delete(target);
  }

  #run(): void {
    this.#immediate = undefined;
    const due = [...this.#due];
    this.#due.clear();
    for (const target of due) target.flush();
  }
}
