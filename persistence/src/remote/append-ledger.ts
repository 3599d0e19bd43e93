import { HeadwaterError, isRetryable } from '@headwater/protocol';
import type { Append } from '../document-store.ts';
import type { Failed, Settled } from './messages.ts';

/** Where a ledger says what became of appends. */
export interface OutcomeListener {
  written(settled: Settled): void;
  durable(settled: Settled): void;
  failed(failed: Failed): void;
}

interface Outcome {
  written?: number;
  durable?: number;
  refused?: HeadwaterError;
}

/**
 * What a host has taken from one client, and what became of it. It outlives connections: a client that comes back is told
 * again, and what the host has got is not stored twice.
 */
export class AppendLedger {
  #lastTaken = 0;
  #epoch = 0;
  /** Of what the client may not have heard, by number, oldest first. */
  readonly #outcomes = new Map<number, Outcome>();
  #listener: OutcomeListener | undefined;
  /** While it has to be found out what is stored already: what comes later waits, also by another connection. */
  #comparing: Promise<void> | undefined;

  get lastTaken(): number {
    return this.#lastTaken;
  }

  get isListenedTo(): boolean {
    return this.#listener !== undefined;
  }

  /** Tells everything that is known in this epoch of the store, and what there is to tell from now on. */
  listen(listener: OutcomeListener, epoch: number): void {
    this.#listener = listener;
    if (epoch !== this.#epoch) for (const outcome of this.#outcomes.values()) delete outcome.written;
    this.#epoch = epoch;
    for (const [number, { written, durable, refused }] of this.#outcomes) {
      if (written !== undefined) listener.written({ number, sequence: written });
      if (durable !== undefined) listener.durable({ number, sequence: durable });
      if (refused !== undefined) listener.failed({ number, isFinal: true, error: refused });
    }
  }

  /** Its connection has ended. */
  unlisten(listener: OutcomeListener): void {
    if (this.#listener === listener) this.#listener = undefined;
  }

  get isComparing(): boolean {
    return this.#comparing !== undefined;
  }

  /** Has work done after everything that was given to this method before. */
  afterComparing(work: () => Promise<void>): void {
    const comparing = (this.#comparing ?? Promise.resolve()).then(work).finally(() => {
      if (this.#comparing === comparing) this.#comparing = undefined;
    });
    this.#comparing = comparing;
  }

  /** Takes an append that was handed to the store: never again, and says what becomes of it. */
  follow(number: number, append: Append): void {
    this.#lastTaken = number;
    const outcome: Outcome = {};
    this.#outcomes.set(number, outcome);
    append.written.then(
      (sequence) => {
        outcome.written = sequence;
        this.#listener?.written({ number, sequence });
      },
      (error: unknown) => {
        if (isRetryable(error)) this.#listener?.failed({ number, isFinal: false, error });
      },
    );
    append.durable.then(
      (sequence) => {
        outcome.durable = sequence;
        this.#listener?.durable({ number, sequence });
      },
      (error: unknown) => {
        // A store that is closed keeps nothing: the client takes it to the next owner.
        if (!(error instanceof HeadwaterError) || error.code === 'HW_STORE_CLOSED') return;
        outcome.refused = error;
        this.#listener?.failed({ number, isFinal: true, error });
      },
    );
  }

  /** The client has heard what became of all before. */
  forgetBefore(number: number): void {
    for (const known of this.#outcomes.keys()) {
      if (known >= number) return;
      this.#outcomes.delete(known);
    }
  }
}
