import type { OutcomeListener } from './append-ledger.ts';
import { encodeMessage, type Failed, MessageKind, outcomesMessage, type Settled } from './messages.ts';

/** Tells a client what became of its appends: all that happens in one turn in one message. */
export class OutcomeReport implements OutcomeListener {
  readonly #send: (message: Uint8Array) => void;
  #written: Settled[] = [];
  #durable: Settled[] = [];
  #failed: Failed[] = [];
  #isScheduled = false;

  constructor(send: (message: Uint8Array) => void) {
    this.#send = send;
  }

  written(settled: Settled): void {
    this.#written.push(settled);
    this.#schedule();
  }

  durable(settled: Settled): void {
    this.#durable.push(settled);
    this.#schedule();
  }

  failed(failed: Failed): void {
    this.#failed.push(failed);
    this.#schedule();
  }

  /** Sends what there is. */
  flush(): void {
    if (this.#written.length + this.#durable.length + this.#failed.length === 0) return;
    const outcomes = { written: this.#written, durable: this.#durable, failed: this.#failed };
    this.#written = [];
    this.#durable = [];
    this.#failed = [];
    this.#send(encodeMessage(MessageKind.Outcomes, outcomesMessage, outcomes));
  }

  #schedule(): void {
    if (this.#isScheduled) return;
    this.#isScheduled = true;
    setImmediate(() => {
      this.#isScheduled = false;
      this.flush();
    });
  }
}
