/** Position of a struct in its section. */
export interface Mark {
  readonly index: number;
  /** Byte offset in the update. */
  readonly at: number;
  readonly clock: number;
}

/** A clock of some client. */
export interface Reference {
  readonly clientId: number;
  readonly clock: number;
}

const WAIT_FIELDS = 5;
/** Numbers per skip in {@link Section.skips}. */
export const SKIP_FIELDS = 5;

/**
 * The structs of one client in an update. Three parts follow each other in every section: what is known already, what is new
 * and *ready* to integrate, and what is *waiting* for something unknown. A section remembers where they meet; the structs
 * themselves stay bytes.
 */
export class Section {
  readonly clientId: number;
  readonly startClock: number;
  /** Byte offset of the first struct. */
  readonly bodyAt: number;
  /** The next clock of this client before the update. */
  readonly knownClock: number;
  /** Number of structs, end of the last one, and the byte behind it; set by {@link Section.finish}. */
  count = 0;
  endClock = 0;
  bodyEnd = 0;
  /** The first struct, other than a Skip, that ends after what is known. */
  first: Mark | undefined;
  /** Skips among the structs after `first`: index, offset, clock, end clock, offset behind; flat. */
  skips: number[] | undefined;
  /** References to clocks of other clients that were not known: index, offset, clock; client, clock; flat. */
  waits: number[] | undefined;
  /** Up to where the structs are ready: the clock, and the struct there (`count` and `bodyEnd` when all are). */
  readyClock: number;
  readyIndex = 0;
  readyAt = 0;
  /** `final` is reached once; a section `onStack` is being resolved and waits for the one above it. */
  state: 'open' | 'onStack' | 'final' = 'open';
  #waitCursor = 0;

  constructor(clientId: number, startClock: number, bodyAt: number, knownClock: number) {
    this.clientId = clientId;
    this.startClock = startClock;
    this.bodyAt = bodyAt;
    this.knownClock = knownClock;
    this.readyClock = knownClock;
  }

  /** Takes note of a struct that was read. */
  pass(index: number, at: number, clock: number, end: number, isSkip: boolean, behind: number): void {
    if (isSkip) {
      if (this.first !== undefined) (this.skips ??= []).push(index, at, clock, end, behind);
      return;
    }
    if (this.first !== undefined) return;
    if (end > this.knownClock) this.first = { index, at, clock };
    // what a known struct refers to was settled when it became known
    else this.waits = undefined;
  }

  /** Takes note that the struct being read refers to a clock of another client that is not known. */
  awaits(index: number, at: number, clock: number, clientId: number, referenced: number): void {
    // behind a gap nothing becomes ready, whatever it refers to
    if (this.skips !== undefined) return;
    (this.waits ??= []).push(index, at, clock, clientId, referenced);
  }

  finish(count: number, endClock: number, bodyEnd: number): void {
    this.count = count;
    this.endClock = endClock;
    this.bodyEnd = bodyEnd;
    const { first } = this;
    this.readyIndex = first?.index ?? count;
    this.readyAt = first?.at ?? bodyEnd;
    if (first === undefined || first.clock > this.knownClock) {
      this.state = 'final';
    } else if (this.waits === undefined) {
      this.#readyToGap();
      this.state = 'final';
    }
  }

  /**
   * Moves what is ready up to the first struct that refers to something not available, or to the first gap.
   *
   * @param available - The next clock of a client, as far as is known by now.
   * @returns What is missing, or `undefined` when there is nothing more to wait for.
   */
  advance(available: (clientId: number) => number): Reference | undefined {
    const waits = this.waits ?? [];
    for (; this.#waitCursor < waits.length; this.#waitCursor += WAIT_FIELDS) {
      const cursor = this.#waitCursor;
      const clientId = waits[cursor + 3] as number;
      const clock = waits[cursor + 4] as number;
      if (clock < available(clientId)) continue;
      this.readyIndex = waits[cursor] as number;
      this.readyAt = waits[cursor + 1] as number;
      // the struct that waits may be known in part
      this.readyClock = Math.max(this.knownClock, waits[cursor + 2] as number);
      return { clientId, clock };
    }
    this.#readyToGap();
    return undefined;
  }

  /** Whether all of its bytes are new and ready, so that they can be passed on as they are. */
  get isWhole(): boolean {
    if (this.count === 0) return true;
    const { first } = this;
    return (
      first !== undefined && first.index === 0 && first.clock === this.knownClock && this.readyIndex === this.count
    );
  }

  /** Number of structs that are new and ready; the first of them may be known in part. */
  get readyCount(): number {
    return this.first === undefined ? 0 : this.readyIndex - this.first.index;
  }

  /** The first struct that waits, `undefined` when none does. Never a Skip: a gap in front of all that waits says nothing. */
  get firstWaiting(): Mark | undefined {
    const skips = this.skips ?? [];
    let index = this.readyIndex;
    let at = this.readyAt;
    let clock = index === this.first?.index ? this.first.clock : this.readyClock;
    for (let i = 0; i < skips.length && (skips[i] as number) <= index; i += SKIP_FIELDS) {
      if (skips[i] !== index) continue;
      index++;
      clock = skips[i + 3] as number;
      at = skips[i + 4] as number;
    }
    return index < this.count ? { index, at, clock } : undefined;
  }

  #readyToGap(): void {
    const { skips } = this;
    this.readyIndex = skips === undefined ? this.count : (skips[0] as number);
    this.readyAt = skips === undefined ? this.bodyEnd : (skips[1] as number);
    this.readyClock = skips === undefined ? this.endClock : (skips[2] as number);
  }
}
