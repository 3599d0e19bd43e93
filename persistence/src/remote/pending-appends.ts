import { Deferred } from '../deferred.ts';
import type { Append, DocumentChange } from '../document-store.ts';
import { encodeAppend } from './append-codec.ts';
import type { SentAppend } from './messages.ts';

/** An append that is not durable yet, as far as is known here. */
export class PendingAppend implements Append {
  readonly number: number;
  readonly encoded: Uint8Array;
  /** When it was sent, by `performance.now()`; `undefined` while it waits for that. */
  sentAtMs: number | undefined;
  isWritten = false;
  /** Where it was written; 0 while it is not. */
  sequence = 0;
  readonly writtenDeferred = new Deferred<number>();
  readonly durableDeferred = new Deferred<number>();

  constructor(number: number, encoded: Uint8Array) {
    this.number = number;
    this.encoded = encoded;
  }

  get written(): Promise<number> {
    return this.writtenDeferred.promise;
  }

  get durable(): Promise<number> {
    return this.durableDeferred.promise;
  }
}

/** Appends in the order of the calls, kept until they are durable: that long they may have to be sent again. */
export class PendingAppends {
  #nextNumber = 1;
  /** By number, oldest first. */
  readonly #pending = new Map<number, PendingAppend>();
  #unsent: PendingAppend[] = [];
  /** Sent, and not written as far as is known; oldest first. */
  readonly #unwritten = new Set<PendingAppend>();
  #bytes = 0;

  get size(): number {
    return this.#pending.size;
  }

  /** Bytes that are not known to be durable. */
  get bytes(): number {
    return this.#bytes;
  }

  get hasUnsent(): boolean {
    return this.#unsent.length > 0;
  }

  /** The number before which everything is settled. */
  get settledBefore(): number {
    return this.oldest?.number ?? this.#nextNumber;
  }

  get oldest(): PendingAppend | undefined {
    const [oldest] = this.#pending.values();
    return oldest;
  }

  /** When the oldest one was sent of which is not known that it was written; `undefined` without one. */
  get unwrittenSinceMs(): number | undefined {
    const [oldest] = this.#unwritten;
    return oldest?.sentAtMs;
  }

  add(documentName: string, change: DocumentChange): PendingAppend {
    const append = new PendingAppend(this.#nextNumber, encodeAppend(documentName, change));
    this.#nextNumber += 1;
    this.#pending.set(append.number, append);
    this.#unsent.push(append);
    this.#bytes += append.encoded.byteLength;
    return append;
  }

  /** Takes the oldest of what is to be sent, up to so many bytes, and at least one. */
  takeUnsent(maxBytes: number, nowMs: number): readonly SentAppend[] {
    const taken: SentAppend[] = [];
    let bytes = 0;
    for (const append of this.#unsent) {
      const { number, sequence: storedAs, encoded: change } = append;
      bytes += change.byteLength;
      if (taken.length > 0 && bytes > maxBytes) break;
      append.sentAtMs = nowMs;
      if (!append.isWritten) this.#unwritten.add(append);
      taken.push({ number, storedAs, change });
    }
    this.#unsent.splice(0, taken.length);
    return taken;
  }

  /** Another connection, to a host that has taken everything up to a number: the rest is to be sent. */
  sendAfter(lastTaken: number): void {
    this.#unwritten.clear();
    this.#unsent = [...this.#pending.values()].filter(({ number }) => number > lastTaken);
  }

  written(number: number, sequence: number): void {
    const append = this.#pending.get(number);
    if (append === undefined) return;
    append.isWritten = true;
    append.sequence = sequence;
    this.#unwritten.delete(append);
    append.writtenDeferred.resolve(sequence);
  }

  durable(number: number, sequence: number): void {
    const append = this.#take(number);
    append?.writtenDeferred.resolve(sequence);
    append?.durableDeferred.resolve(sequence);
  }

  /** An attempt has failed, and goes on. */
  attemptFailed(number: number, error: Error): void {
    this.#pending.get(number)?.writtenDeferred.reject(error);
  }

  /** The same of all that are not written as far as is known. */
  attemptsFailed(error: Error): void {
    for (const append of this.#pending.values()) append.writtenDeferred.reject(error);
  }

  /** It will never be stored. */
  refused(number: number, error: Error): void {
    const append = this.#take(number);
    append?.writtenDeferred.reject(error);
    append?.durableDeferred.reject(error);
  }

  /** Gives up all that is left. @returns how many bytes that were */
  refuseAll(error: Error): number {
    const bytes = this.#bytes;
    for (const number of this.#pending.keys()) this.refused(number, error);
    this.#unsent = [];
    return bytes;
  }

  #take(number: number): PendingAppend | undefined {
    const append = this.#pending.get(number);
    if (append === undefined) return undefined;
    this.#pending.delete(number);
    this.#unwritten.delete(append);
    this.#bytes -= append.encoded.byteLength;
    return append;
  }
}
