import { type Percentiles, percentiles } from '../measure/statistics.ts';
import type { Runs } from './chunk-memo.ts';

/** Send times kept per writer; a power of two. Far more than any writer has under way. */
const RING = 65_536;

export interface DeliveryBoardOptions {
  /** Client ids of the writers are consecutive from here. */
  readonly firstClientId: number;
  readonly writers: number;
  /** Called when a writer has got back its own updates: it now knows all clocks below `known`. */
  readonly onEcho?: ((writer: number, known: number) => void) | undefined;
}

/**
 * Counts what reached whom. The unit is the update: one character typed, one clock of one writer, at one receiver. A
 * clock that arrives twice counts once, and one that never arrives stays missing, so a server can neither gain by
 * repeating nor by dropping.
 */
export class DeliveryBoard {
  readonly #options: DeliveryBoardOptions;
  readonly #sentAt: Float64Array[];
  readonly #latencies: number[] = [];
  /** For each writer, the clocks of every writer that have reached it. */
  readonly #knownTo: Float64Array[] = [];
  #measureFrom = Number.POSITIVE_INFINITY;
  #measureTo = Number.POSITIVE_INFINITY;
  /** Updates delivered, over all receivers. */
  delivered = 0;
  /** Times a receiver got a writer's clock before the one in front of it. */
  gaps = 0;

  constructor(options: DeliveryBoardOptions) {
    this.#options = options;
    this.#sentAt = Array.from({ length: options.writers }, () => new Float64Array(RING));
  }

  /** Notes when an update left. */
  sent(writer: number, clock: number, atMs: number): void {
    const ring = this.#sentAt[writer] as Float64Array;
    ring[clock % RING] = atMs;
  }

  /** From now on, latencies of updates sent from `fromMs` until `toMs` are kept. */
  measure(fromMs: number, toMs: number): void {
    this.#measureFrom = fromMs;
    this.#measureTo = toMs;
  }

  latencies(): Percentiles {
    return percentiles(this.#latencies);
  }

  /** The latencies kept since this was last asked, in milliseconds. */
  takeLatencies(): number[] {
    return this.#latencies.splice(0);
  }

  /** How many clocks of a writer have reached another one. */
  reached(writer: number, from: number): number {
    return this.#knownTo[writer]?.[from] ?? 0;
  }

  /**
   * The counter of one receiver, to be handed to its client.
   *
   * @param ownWriter - the writer this receiver is, when it is one
   * @param countsOwn - whether what it sent itself is to come back to it
   */
  receiver(measuresLatency: boolean, ownWriter?: number, countsOwn = true): (runs: Runs) => void {
    const known = new Float64Array(this.#options.writers);
    if (ownWriter !== undefined) this.#knownTo[ownWriter] = known;
    return (runs) => {
      const now = measuresLatency ? performance.now() : 0;
      for (let i = 0; i < runs.length; i += 3) {
        const writer = (runs[i] ?? 0) - this.#options.firstClientId;
        const before = known[writer];
        if (before === undefined) continue; // text that was there before
        if (!countsOwn && writer === ownWriter) continue;
        const clock = runs[i + 1] ?? 0;
        const end = clock + (runs[i + 2] ?? 0);
        if (end <= before) continue;
        if (clock > before) this.gaps++;
        const first = Math.max(before, clock);
        known[writer] = end;
        this.delivered += end - first;
        if (measuresLatency) this.#note(writer, first, end, now);
        if (writer === ownWriter) this.#options.onEcho?.(writer, end);
      }
    };
  }

  #note(writer: number, first: number, end: number, now: number): void {
    const ring = this.#sentAt[writer] as Float64Array;
    for (let clock = first; clock < end; clock++) {
      const sentAt = ring[clock % RING] ?? 0;
      if (sentAt >= this.#measureFrom && sentAt < this.#measureTo) this.#latencies.push(now - sentAt);
    }
  }
}
