/** How often an instance says that it is there. */
const HEARTBEAT_MS = 1_000;
/** One that was not heard for this long is gone, and its clients' presence with it. */
export const GONE_AFTER_MS = 5_000;

/** What {@link Instances} needs of the relay around it. */
export interface InstancesAround {
  /** Tells the others that this one is there. */
  readonly sayAlive: () => void;
  /** Whether anybody can be heard at present. */
  readonly isListening: () => boolean;
  readonly onGone: (instanceId: string) => void;
  /** This process was stopped for a while: what was said meanwhile may be lost, and the others may have given it up. */
  readonly onStalled: () => void;
  /** Milliseconds of a clock that only goes forward. */
  readonly now: () => number;
}

/**
 * Which other instances are there. Silence counts only while this one could have heard something: when Redis is away, or this
 * process was stopped, nobody is given up for it.
 */
export class Instances {
  readonly #around: InstancesAround;
  readonly #heardMs = new Map<string, number>();
  readonly #timer: NodeJS.Timeout;
  #listeningSinceMs: number;
  #lastBeatMs: number;

  /** Starts its heartbeat at once. */
  constructor(around: InstancesAround) {
    this.#around = around;
    this.#listeningSinceMs = around.now();
    this.#lastBeatMs = around.now();
    this.#timer = setInterval(() => this.#beat(), HEARTBEAT_MS);
    this.#timer.unref();
  }

  /** How many others there are. */
  get count(): number {
    return this.#heardMs.size;
  }

  /** It said something. */
  heard(instanceId: string): void {
    this.#heardMs.set(instanceId, this.#around.now());
  }

  /** It said goodbye. */
  left(instanceId: string): void {
    if (this.#heardMs.delete(instanceId)) this.#around.onGone(instanceId);
  }

  /** Stops the timer. */
  close(): void {
    clearInterval(this.#timer);
  }

  #beat(): void {
    const { now, isListening, sayAlive, onStalled } = this.#around;
    const nowMs = now();
    const wasStalled = nowMs - this.#lastBeatMs > GONE_AFTER_MS / 2;
    this.#lastBeatMs = nowMs;
    if (wasStalled || !isListening()) this.#listeningSinceMs = nowMs;
    sayAlive();
    if (wasStalled) onStalled();
    if (nowMs - this.#listeningSinceMs <= GONE_AFTER_MS) return;
    for (const [instanceId, heardMs] of this.#heardMs) if (nowMs - heardMs > GONE_AFTER_MS) this.left(instanceId);
  }
}
