import { HeadwaterError } from '@headwater/protocol';
import type { DocumentStore } from '../document-store.ts';
import { appendOnce, decodeAppend } from './append-codec.ts';
import type { AppendLedger } from './append-ledger.ts';
import type { Channel, ChannelUser } from './channel.ts';
import { uint } from './codec.ts';
import { MAX_PIECE_BYTES } from './message-reader.ts';
import {
  appendsMessage,
  encodeMessage,
  healthMessage,
  MessageKind,
  OpenMessage,
  requestHead,
  type SentAppend,
} from './messages.ts';
import { METHODS, type Method } from './methods.ts';
import { OutcomeReport } from './outcome-report.ts';
import { remoteError } from './value-codecs.ts';

/** Reads of one client that are under way; the others wait for their turn. */
const MAX_READS = 8;

/** Answers that are being sent to one client, in bytes, above which none of its reads is begun. */
const MAX_ANSWER_BYTES = 32 * 1024 * 1024;

/** Bytes the store has yet to save above which nothing more is read from a client. */
const MAX_UNSAVED_BYTES = 256 * 1024 * 1024;

/** Between two looks at whether it has. */
const LOOK_EVERY_MS = 20;

type AnyMethod = Method<unknown, unknown>;

const METHODS_BY_NUMBER = new Map(
  Object.values(METHODS).map((method) => [method.number, method as unknown as AnyMethod]),
);

/** What one client asks of the store, for as long as its connection lasts. */
export class HostSession implements ChannelUser {
  readonly #channel: Channel;
  readonly #store: DocumentStore;
  readonly #ledger: AppendLedger;
  readonly #report: OutcomeReport;
  readonly #onClosed: () => void;
  /** Of the store when the client was greeted. */
  readonly #epoch: number;
  #reads = 0;
  readonly #waitingReads: (() => void)[] = [];
  #wasDegraded = false;
  #isPaused = false;
  #isStopping = false;

  constructor(channel: Channel, store: DocumentStore, ledger: AppendLedger, onClosed: () => void) {
    this.#channel = channel;
    this.#store = store;
    this.#ledger = ledger;
    this.#epoch = store.epoch;
    this.#report = new OutcomeReport((message) => this.#send(message));
    this.#onClosed = onClosed;
  }

  start(): void {
    this.#channel.use(this);
    this.#send(this.heartbeat());
    this.#ledger.listen(this.#report, this.#epoch);
  }

  /** Takes nothing more; what was taken goes on. */
  stopReading(): void {
    this.#isStopping = true;
    this.#channel.pause();
  }

  /** Says what there is to say, and goodbye. */
  end(): void {
    this.#report.flush();
    this.#channel.end();
  }

  destroy(reason: Error): void {
    this.#channel.destroy(reason);
  }

  heartbeat(): Uint8Array {
    const { status, error } = this.#store.health;
    this.#wasDegraded = status === 'degraded';
    return encodeMessage(MessageKind.Health, healthMessage, {
      isDegraded: this.#wasDegraded,
      reason: error?.message ?? '',
    });
  }

  onClosed(): void {
    this.#ledger.unlisten(this.#report);
    this.#onClosed();
  }

  onMessage(bytes: Uint8Array): void {
    const message = new OpenMessage(bytes);
    if (this.#ledger.isComparing) this.#later(() => this.#handleSlowly(message));
    else this.#handle(message);
  }

  #handle(message: OpenMessage): void {
    switch (message.kind) {
      case MessageKind.Appends:
        return this.#append(this.#readAppends(message));
      case MessageKind.Request:
        return this.#request(message);
      default:
        throw new Error(`there is no message of kind ${message.kind}`);
    }
  }

  async #handleSlowly(message: OpenMessage): Promise<void> {
    if (message.kind === MessageKind.Appends) await this.#appendSlowly(this.#readAppends(message));
    else this.#handle(message);
  }

  #later(work: () => Promise<void>): void {
    this.#ledger.afterComparing(() => work().catch((error: unknown) => this.#channel.destroy(error as Error)));
  }

  #readAppends(message: OpenMessage): readonly SentAppend[] {
    const { settledBefore, appends } = message.readLast(appendsMessage);
    this.#ledger.forgetBefore(settledBefore);
    return appends;
  }

  #append(appends: readonly SentAppend[]): void {
    if (appends.some(({ storedAs }) => storedAs > 0)) {
      this.#later(() => this.#appendSlowly(appends));
      return;
    }
    for (const { number, change } of appends) {
      if (number <= this.#ledger.lastTaken) continue;
      const { documentName, change: asked } = decodeAppend(change);
      this.#ledger.follow(number, this.#store.append(documentName, asked));
    }
    this.#watchStore();
  }

  /** One after the other, since what is compared takes a while. */
  async #appendSlowly(appends: readonly SentAppend[]): Promise<void> {
    for (const { number, storedAs, change } of appends) {
      if (number <= this.#ledger.lastTaken) continue;
      this.#ledger.follow(number, await appendOnce(this.#store, decodeAppend(change), storedAs));
    }
    this.#watchStore();
  }

  #watchStore(): void {
    const { status, unsavedBytes } = this.#store.health;
    if ((status === 'degraded') !== this.#wasDegraded) this.#send(this.heartbeat());
    if (unsavedBytes > MAX_UNSAVED_BYTES) void this.#pauseUntilSaved();
  }

  #request(message: OpenMessage): void {
    const { id, method: number } = message.read(requestHead);
    const method = METHODS_BY_NUMBER.get(number);
    if (method === undefined) throw new Error(`there is no method ${number}`);
    void this.#answer(id, method, message.readLast(method.args));
  }

  async #pauseUntilSaved(): Promise<void> {
    if (this.#isPaused) return;
    this.#isPaused = true;
    this.#channel.pause();
    while (this.#channel.isOpen && this.#store.health.unsavedBytes > MAX_UNSAVED_BYTES) {
      await new Promise((resolve) => setTimeout(resolve, LOOK_EVERY_MS));
    }
    this.#isPaused = false;
    if (!this.#isStopping) this.#channel.resume();
  }

  async #answer(id: number, method: AnyMethod, args: unknown): Promise<void> {
    // What changes something is called in the turn in which it arrived: it must not change places with an append.
    const message = method.isRead
      ? await this.#inTurn(() => this.#run(id, method, args))
      : await this.#run(id, method, args);
    if (message === undefined || !this.#isCurrent()) return;
    if (message.byteLength <= MAX_PIECE_BYTES) this.#channel.send(message);
    else await this.#channel.sendInPieces(message).catch(() => {}); // nobody is there to hear it
  }

  #send(message: Uint8Array): void {
    if (this.#isCurrent()) this.#channel.send(message);
  }

  /** Another process may have had the store for a while: its clients are greeted anew, and learn that its epoch is another one. */
  #isCurrent(): boolean {
    if (this.#store.epoch === this.#epoch) return true;
    this.#channel.destroy(new Error('another process had the store in between'));
    return false;
  }

  async #run(id: number, method: AnyMethod, args: unknown): Promise<Uint8Array | undefined> {
    if (!this.#channel.isOpen) return undefined;
    try {
      return encodeMessage(MessageKind.Result, uint, id, method.result, await method.run(this.#store, args));
    } catch (error) {
      // A store that is closed is on its way to the next owner, whom the client will ask.
      if (error instanceof HeadwaterError && error.code === 'HW_STORE_CLOSED') return undefined;
      return encodeMessage(MessageKind.Failure, uint, id, remoteError, asHeadwaterError(error));
    }
  }

  async #inTurn<T>(read: () => Promise<T>): Promise<T> {
    if (this.#reads < MAX_READS) this.#reads += 1;
    else await new Promise<void>((resolve) => this.#waitingReads.push(resolve));
    try {
      await this.#channel.whenPendingBelow(MAX_ANSWER_BYTES);
      return await read();
    } finally {
      const next = this.#waitingReads.shift();
      if (next !== undefined) next();
      else this.#reads -= 1;
    }
  }
}

function asHeadwaterError(error: unknown): HeadwaterError {
  if (error instanceof HeadwaterError) return error;
  return new HeadwaterError('HW_INTERNAL', error instanceof Error ? error.message : String(error));
}
