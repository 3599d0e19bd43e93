import type { ReplayStep } from '@headwater/client/history';
import type { HistorySource } from './history-source.ts';
import { nearestKept } from './nearest-kept.ts';
import { Reel } from './reel.ts';

/** Moments in a reel: few enough to step back in without waiting. */
const REEL_MOMENTS = 500;
/** Past this a reel ends early. */
const REEL_BYTES = 2 * 1024 * 1024;
/** Reels kept; the one unused for the longest goes first. */
const MAX_REELS = 24;

/** The reels of a document that were loaded. */
export class Reels {
  readonly #source: HistorySource;
  readonly #documentName: string;
  readonly #reels: Reel[] = [];

  constructor(source: HistorySource, documentName: string) {
    this.#source = source;
    this.#documentName = documentName;
  }

  /** The one that has a moment, if it is here. */
  find(moment: number): Reel | undefined {
    const at = this.#reels.findIndex((reel) => reel.leadsTo(moment));
    const [reel] = at < 0 ? [] : this.#reels.splice(at, 1);
    if (reel !== undefined) this.#reels.push(reel);
    return reel;
  }

  /**
   * Loads the one that has a moment and the step that led to it. Reels begin at round numbers, where the document has a
   * moment of that number.
   */
  async load(moment: number, signal: AbortSignal): Promise<Reel> {
    const found = this.find(moment);
    if (found !== undefined) return found;
    const before = this.#reels.find((reel) => reel.to === moment - 1);
    const round = Math.floor((moment - 1) / REEL_MOMENTS) * REEL_MOMENTS;
    const from = before?.to ?? (await nearestKept(this.#source, this.#documentName, round));
    const reel = await this.#record(from, moment, signal);
    if (reel.to > reel.from) this.#reels.push(reel);
    if (this.#reels.length > MAX_REELS) this.#reels.shift();
    return reel;
  }

  /** Takes a replay's steps until the moment is among them and there are enough. */
  async #record(from: number, moment: number, signal: AbortSignal): Promise<Reel> {
    const stop = new AbortController();
    const steps: ReplayStep[] = [];
    let start: ReplayStep | undefined;
    let bytes = 0;
    let last = from;
    try {
      const options = { from, signal: AbortSignal.any([signal, stop.signal]) };
      for await (const step of this.#source.replay(this.#documentName, options)) {
        const isEnough = last - from >= REEL_MOMENTS || bytes > REEL_BYTES;
        if (step.sequence > last && last >= moment && isEnough) break;
        if (step.sequence === from) start = step;
        else steps.push(step);
        bytes += step.update.byteLength;
        last = step.sequence;
      }
    } finally {
      stop.abort();
    }
    signal.throwIfAborted();
    return new Reel(from, last, start, steps);
  }
}
