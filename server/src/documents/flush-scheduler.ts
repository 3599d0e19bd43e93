/** What flushes: a document. */
export interface Flushable {
  flush(): void;
}

/**
 * Runs the flushes of all documents that became due in one event-loop turn together, at its end, so that the store
 * sees them as one write and every socket gets one.
 */
export class FlushScheduler {
  readonly #due = new Set<Flushable>();
  readonly #later = new Map<Flushable, NodeJS.Timeout>();
  #immediate: NodeJS.Immediate | undefined;

  /** Flushes at the end of this turn, or after `delayMs`. Asking again before it happened changes nothing. */
  schedule(target: Flushable, delayMs: number): void {
    if (this.#due.has(target) || this.#later.has(target)) return;
    if (delayMs <= 0) {
      this.#due.add(target);
      this.#immediate ??= setImmediate(() => this.#run());
      return;
    }
    this.#later.set(
      target,
      setTimeout(() => {
        this.#later.delete(target);
        target.flush();
      }, delayMs),
    );
  }

  /** Takes back what was scheduled. */
  cancel(target: Flushable): void {
    this.#due.delete(target);
    const timer = this.#later.get(target);
    if (timer === undefined) return;
    clearTimeout(timer);
    this.#later.delete(target);
  }

  #run(): void {
    this.#immediate = undefined;
    const due = [...this.#due];
    this.#due.clear();
    for (const target of due) target.flush();
  }
}
