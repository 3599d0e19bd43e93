import type { ReplayStep } from '@headwater/client/history';

/** Who wrote a moment, and when. */
export interface MomentFacts {
  readonly moment: number;
  readonly timeMs: number | undefined;
  readonly authors: readonly string[];
}

/**
 * A stretch of the past, ready to be shown: the state it begins with and every step after it. Where retention thinned the
 * records a step is a whole state; applying it leads to the same document.
 */
export class Reel {
  /** The moment it begins with. */
  readonly from: number;
  /** The last moment in it. */
  readonly to: number;
  /** Of the moment it begins with; nothing for the empty document. */
  readonly state: ReplayStep | undefined;
  readonly steps: readonly ReplayStep[];

  constructor(from: number, to: number, state: ReplayStep | undefined, steps: readonly ReplayStep[]) {
    this.from = from;
    this.to = to;
    this.state = state;
    this.steps = steps;
  }

  /** Whether it has a moment, and what made it. */
  leadsTo(moment: number): boolean {
    return (this.from < moment && moment <= this.to) || (moment === 0 && this.from === 0);
  }

  /** How many steps lead to a moment. */
  stepsUpTo(moment: number): number {
    let [low, high] = [0, this.steps.length];
    while (low < high) {
      const middle = (low + high) >> 1;
      if ((this.steps[middle]?.sequence ?? 0) <= moment) low = middle + 1;
      else high = middle;
    }
    return low;
  }

  /** The moment itself, or the first one that is kept after it. */
  firstFrom(moment: number): number {
    return this.steps[this.stepsUpTo(moment - 1)]?.sequence ?? moment;
  }

  /** The moment itself, or the last one that is kept before it. */
  factsOf(moment: number): MomentFacts {
    const count = this.stepsUpTo(moment);
    const last = this.steps[count - 1] ?? this.state;
    if (last === undefined) return { moment: 0, timeMs: undefined, authors: [] };
    const authors = new Set<string>();
    for (let at = count - 1; this.steps[at]?.sequence === last.sequence; at -= 1) {
      const author = this.steps[at]?.author;
      if (author !== undefined) authors.add(author);
    }
    return { moment: last.sequence, timeMs: last.timeMs || undefined, authors: [...authors].reverse() };
  }
}
