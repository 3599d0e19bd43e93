import type { DocumentChange, LogEntry } from '@headwater/persistence';
import type { Admission, HeadwaterError } from '@headwater/protocol';
import type { Framing } from '../wire/framing.ts';
import { frameUpdates } from '../wire/framing.ts';
import type { Session } from './session.ts';
import type { TailBatch } from './tail.ts';

/** The updates of one document that arrived together: the one thing that flows through the server. */
export class PendingBatch {
  readonly #timeMs: number;
  readonly #entries: LogEntry[] = [];
  readonly #ends = new Map<number, number>();
  #deletes = false;
  readonly #addWaiting: LogEntry[] = [];
  readonly #removeWaiting: Uint8Array[] = [];
  readonly #acknowledgements = new Map<Session, number>();
  /** Whether it is handed to the store even when it is empty: what others wrote before is durable when it is. */
  isBarrier = false;
  /** Called once it was shown. */
  readonly onceShown: (() => void)[] = [];
  /** Sessions whose updates depend on something that is missing here. */
  readonly askers = new Set<Session>();

  constructor(timeMs: number) {
    this.#timeMs = timeMs;
  }

  add(update: Uint8Array, author: string, admission: Pick<Admission, 'ends' | 'deletes'>): void {
    this.#entries.push({ update, author });
    for (const [client, end] of admission.ends) {
      if ((this.#ends.get(client) ?? 0) < end) this.#ends.set(client, end);
    }
    this.#deletes ||= admission.deletes;
  }

  addWaiting(entry: LogEntry): void {
    this.#addWaiting.push(entry);
  }

  removeWaiting(update: Uint8Array): void {
    const added = this.#addWaiting.findIndex((entry) => entry.update === update);
    if (added === -1) this.#removeWaiting.push(update);
    else this.#addWaiting.splice(added, 1); // it did not even wait for the end of the turn
  }

  /** One more update of the session is settled once this batch is on disk. */
  owe(session: Session): void {
    this.#acknowledgements.set(session, (this.#acknowledgements.get(session) ?? 0) + 1);
  }

  acknowledge(sequence: number | undefined): void {
    for (const [session, count] of this.#acknowledgements) session.acknowledge(count, sequence);
  }

  /** None of it will ever be on disk: who waits for that is told why, and has to go. */
  giveUp(error: HeadwaterError): void {
    for (const session of this.#acknowledgements.keys()) session.close(error);
  }

  *updates(): Generator<Uint8Array> {
    for (const { update } of this.#entries) yield update;
  }

  get hasUpdates(): boolean {
    return this.#entries.length > 0;
  }

  get updateCount(): number {
    return this.#entries.length;
  }

  /** What the store is to write; `undefined` when everything in the batch was known already. */
  change(): DocumentChange | undefined {
    const isEmpty = this.#entries.length + this.#addWaiting.length + this.#removeWaiting.length === 0;
    if (isEmpty && !this.isBarrier) return undefined;
    return {
      timeMs: this.#timeMs,
      entries: this.#entries,
      addWaiting: this.#addWaiting,
      removeWaiting: this.#removeWaiting,
    };
  }

  /** The batch as it joins the tail. Its updates are views of the finished frames, which are about to be sent anyway. */
  toTailBatch(framing: Framing): TailBatch {
    const { buffer, views } = frameUpdates(
      framing,
      this.#entries.map((entry) => entry.update),
    );
    return {
      sequence: undefined,
      updates: views,
      receivedCount: views.length,
      ends: this.#ends,
      deletes: this.#deletes,
      byteLength: buffer.length,
      frames: new Map([[framing, buffer]]),
      deletionFrames: undefined,
    };
  }
}
