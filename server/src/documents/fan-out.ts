import type { Logger } from '../logging/logger.ts';
import type { ResolvedServerOptions } from '../options.ts';
import type { Audience } from './audience.ts';
import { FlushPace } from './flush-pace.ts';
import type { Tail, TailBatch } from './tail.ts';

/** Shows batches and awareness to the audience of a document, and knows when it may be shown more. */
export class FanOut {
  readonly #documentName: string;
  readonly #tail: Tail;
  readonly #audience: Audience;
  readonly #logger: Logger;
  readonly #pace: FlushPace;

  constructor(
    documentName: string,
    tail: Tail,
    audience: Audience,
    { options, logger }: { readonly options: ResolvedServerOptions; readonly logger: Logger },
  ) {
    this.#documentName = documentName;
    this.#tail = tail;
    this.#audience = audience;
    this.#logger = logger;
    this.#pace = new FlushPace(options);
  }

  /** How long the next flush has to wait, in milliseconds. */
  dueInMs(what: 'edits' | 'presence'): number {
    return this.#pace.dueInMs(what, this.#audience.size, performance.now());
  }

  /** A flush of so many updates begins. */
  flushed(updates: number): void {
    this.#pace.flushed(updates, performance.now());
  }

  /** A batch joins the tail and is shown, with changes of who is there. */
  show(shown: TailBatch | undefined, awareness: Uint8Array | undefined): void {
    if (shown === undefined) return this.showAwareness(awareness);
    this.#tail.push(shown);
    const startedMs = performance.now();
    try {
      this.#audience.show(shown, awareness);
    } catch (error) {
      // A defect of ours: the next batch is shown all the same.
      this.#logger.error({ documentName: this.#documentName, err: error }, 'a batch could not be shown');
    }
    this.#pace.fannedOut(performance.now() - startedMs);
  }

  showAwareness(awareness: Uint8Array | undefined): void {
    if (awareness === undefined) return;
    const startedMs = performance.now();
    this.#audience.sendAwareness(awareness);
    this.#pace.fannedOut(performance.now() - startedMs);
  }
}
