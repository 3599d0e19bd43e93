import type { View } from '../content/document-content.ts';
import type { HistorySource } from './history-source.ts';
import type { Order, Report } from './messages.ts';
import { type Pace, pauseBetween } from './pace.ts';
import { Projector, type Wanted } from './projector.ts';
import type { MomentFacts } from './reel.ts';

/** Frames a second while playing. */
const FRAME_MS = 1_000 / 40;

/** How long the page may take to show a frame before the next is sent all the same. */
const SHOWN_TIMEOUT_MS = 1_000;

/**
 * Shows what the page asks for, as frames. Of moments asked for while one is on its way only the last counts; the one on its
 * way is still shown, so that a slider that is being dragged always shows something.
 */
export class Projection {
  view: View = 'text';
  readonly #source: HistorySource;
  readonly #documentName: string;
  readonly #report: (said: Report) => void;
  readonly #projector: Projector;
  #wanted: Wanted | undefined;
  #shown = 0;
  #facts: MomentFacts | undefined;
  #seeking: Promise<void> | undefined;
  #prefetching: Promise<void> | undefined;
  /** Ends what can be done later or not at all: loading around a moment, playing. */
  #current = new AbortController();
  #onShown: (() => void) | undefined;

  constructor(source: HistorySource, documentName: string, report: (said: Report) => void) {
    this.#source = source;
    this.#documentName = documentName;
    this.#report = report;
    this.#projector = new Projector(source, documentName);
  }

  obey(order: Exclude<Order, { kind: 'open' }>): void {
    switch (order.kind) {
      case 'seek':
        this.#interrupt();
        this.#wanted = order;
        this.#seeking ??= this.#seek().finally(() => {
          this.#seeking = undefined;
        });
        break;
      case 'play':
        this.#interrupt();
        void this.#play(order.pace, this.#current.signal).catch((error: unknown) => this.#fail(error));
        break;
      case 'stop':
        this.#interrupt();
        break;
      case 'view':
        this.view = order.view;
        this.#post();
        break;
      case 'shown':
        this.#onShown?.();
        break;
    }
  }

  /** Goes to the moment that was wanted last, until no other is wanted. */
  async #seek(): Promise<void> {
    while (this.#wanted !== undefined) {
      const wanted = this.#wanted;
      const { signal } = this.#current;
      this.#wanted = undefined;
      try {
        let facts = this.#projector.showLoaded(wanted);
        if (facts === undefined && !wanted.isOnward) {
          await this.#projector.showCoarsely(wanted.moment);
          this.#frame(wanted.moment, undefined);
          if (signal.aborted) continue;
        }
        facts ??= await this.#projector.show(wanted, signal);
        this.#frame(wanted.moment, facts);
        this.#prefetching ??= this.#projector.prefetch(facts.moment).finally(() => {
          this.#prefetching = undefined;
        });
      } catch (error) {
        this.#fail(error);
      }
    }
  }

  async #play(pace: Pace, signal: AbortSignal): Promise<void> {
    await this.#seeking;
    const from = this.#shown;
    let { timeMs } = this.#facts ?? {};
    let dueMs = performance.now();
    let postedMs = dueMs;
    for await (const step of this.#source.replay(this.#documentName, { from, signal })) {
      if (step.sequence === from) continue;
      if (step.sequence > this.#shown) dueMs += pauseBetween(timeMs, step.timeMs, pace);
      const isLate = performance.now() - postedMs >= FRAME_MS;
      if (dueMs > performance.now() + 1 || isLate) {
        if (this.#facts !== undefined) await this.#showFrame(signal);
        await sleep(dueMs - performance.now());
        postedMs = performance.now();
        dueMs = Math.max(dueMs, postedMs - FRAME_MS); // what was missed is not caught up in a rush
      }
      if (signal.aborted) return;
      const authors = step.author === undefined ? [] : [step.author];
      const isSame = step.sequence === this.#shown;
      timeMs = step.timeMs;
      this.#projector.apply(step.update);
      this.#shown = step.sequence;
      this.#facts = {
        moment: step.sequence,
        timeMs,
        authors: isSame ? [...new Set([...(this.#facts?.authors ?? []), ...authors])] : authors,
      };
    }
    if (signal.aborted) return;
    this.#post();
    this.#report({ kind: 'ended' });
  }

  #frame(asked: number, facts: MomentFacts | undefined): void {
    this.#shown = facts?.moment ?? asked;
    this.#facts = facts;
    this.#post(asked);
  }

  #post(asked = this.#shown): void {
    const content = this.#projector.content(this.view);
    this.#report({ kind: 'frame', frame: { asked, moment: this.#shown, facts: this.#facts, content } });
  }

  /** Posts a frame and waits until the page has shown it: a page that is slow drops frames, and is never behind. */
  async #showFrame(signal: AbortSignal): Promise<void> {
    if (signal.aborted) return;
    await new Promise<void>((resolve) => {
      this.#onShown = resolve;
      setTimeout(resolve, SHOWN_TIMEOUT_MS);
      this.#post();
    });
  }

  #interrupt(): void {
    this.#current.abort();
    this.#current = new AbortController();
  }

  #fail(error: unknown): void {
    if (isAbort(error)) return;
    const { code } = error as { code?: unknown };
    const message = error instanceof Error ? error.message : String(error);
    this.#report({ kind: 'failed', code: typeof code === 'string' ? code : undefined, message });
  }
}

function isAbort(error: unknown): boolean {
  return error instanceof Error && error.name === 'AbortError';
}

function sleep(ms: number): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve, Math.max(ms, 0)));
}
