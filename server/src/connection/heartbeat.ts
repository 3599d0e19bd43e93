/** What is looked after: a connection. */
export interface HeartbeatTarget {
  /** Called once per interval. */
  beat(): void;
}

/** Beats are spread over this many moments of the interval, so that 10,000 connections are not written to at once. */
const SLOTS = 20;

/** One timer for the heartbeats of all connections. */
export class Heartbeat {
  readonly #slots: readonly Set<HeartbeatTarget>[] = Array.from({ length: SLOTS }, () => new Set<HeartbeatTarget>());
  readonly #slotOf = new Map<HeartbeatTarget, Set<HeartbeatTarget>>();
  readonly #timer: NodeJS.Timeout;
  #current = 0;

  constructor(intervalMs: number) {
    this.#timer = setInterval(() => this.#tick(), Math.max(1, intervalMs / SLOTS));
    this.#timer.unref();
  }

  /** The first beat comes a whole interval later. */
  add(target: HeartbeatTarget): void {
    const slot = this.#slots[(this.#current + SLOTS - 1) % SLOTS] as Set<HeartbeatTarget>;
    slot.add(target);
    this.#slotOf.set(target, slot);
  }

  remove(target: HeartbeatTarget): void {
    this.#slotOf.get(target)?.delete(target);
    this.#slotOf.delete(target);
  }

  close(): void {
    clearInterval(this.#timer);
  }

  #tick(): void {
    const slot = this.#slots[this.#current] as Set<HeartbeatTarget>;
    this.#current = (this.#current + 1) % SLOTS;
    for (const target of slot) target.beat();
  }
}
