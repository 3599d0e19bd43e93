import * as Y from 'yjs';
import { contentOf, type DocumentContent, type View } from '../content/document-content.ts';
import type { HistorySource } from './history-source.ts';
import { stateNear } from './nearest-kept.ts';
import type { MomentFacts, Reel } from './reel.ts';
import { Reels } from './reels.ts';

/** A moment; where it is not kept any more the last one before it, or onward the first after it. */
export interface Wanted {
  readonly moment: number;
  readonly isOnward: boolean;
}

/** How far around what is shown moments are kept at hand. */
const NEAR = 120;

const NEVER = new AbortController().signal;

/** A document at one moment, and the way to the others. */
export class Projector {
  readonly #source: HistorySource;
  readonly #documentName: string;
  readonly #reels: Reels;
  #doc = new Y.Doc();
  /** The reel the document was taken from, and how many of its steps are in it. */
  #reel: Reel | undefined;
  #applied = 0;

  constructor(source: HistorySource, documentName: string) {
    this.#source = source;
    this.#documentName = documentName;
    this.#reels = new Reels(source, documentName);
  }

  content(view: View): DocumentContent {
    return contentOf(this.#doc, view);
  }

  /** Shows a moment if nothing has to be loaded for it. */
  showLoaded(wanted: Wanted): MomentFacts | undefined {
    const reel = this.#reels.find(wanted.moment);
    return reel && this.#show(reel, wanted);
  }

  /** Shows a moment by its state alone: the quickest way to one that is far from what was loaded. */
  async showCoarsely(moment: number): Promise<void> {
    const { update } = await stateNear(this.#source, this.#documentName, moment);
    this.#begin(undefined, update);
  }

  /** Loads what is around a moment and shows it. */
  async show(wanted: Wanted, signal: AbortSignal): Promise<MomentFacts> {
    return this.#show(await this.#reels.load(wanted.moment, signal), wanted);
  }

  /** Loads what lies next to a moment, for whoever steps on; nothing is lost when it fails. */
  async prefetch(moment: number): Promise<void> {
    for (const near of [moment + NEAR, moment - NEAR]) {
      if (near > 0) await this.#reels.load(near, NEVER).catch(() => {});
    }
  }

  /** Goes on with an update that follows what is shown. */
  apply(update: Uint8Array): void {
    this.#reel = undefined;
    Y.applyUpdate(this.#doc, update);
  }

  #show(reel: Reel, wanted: Wanted): MomentFacts {
    const moment = wanted.isOnward ? reel.firstFrom(wanted.moment) : wanted.moment;
    const steps = reel.stepsUpTo(moment);
    if (this.#reel !== reel || steps < this.#applied) this.#begin(reel, reel.state?.update);
    this.#doc.transact(() => {
      for (; this.#applied < steps; this.#applied += 1) {
        const step = reel.steps[this.#applied];
        if (step !== undefined) Y.applyUpdate(this.#doc, step.update);
      }
    });
    return reel.factsOf(moment);
  }

  #begin(reel: Reel | undefined, state: Uint8Array | undefined): void {
    this.#doc.destroy();
    this.#doc = new Y.Doc();
    this.#reel = reel;
    this.#applied = 0;
    if (state !== undefined) Y.applyUpdate(this.#doc, state);
  }
}
