import { randomUUID } from 'node:crypto';
import { HeadwaterError } from '@headwater/protocol';
import type { Append, DocumentChange, DocumentStore, StoreHealth } from '../document-store.ts';
import { OneAtATime } from '../one-at-a-time.ts';
import { appendOnce, decodeAppend } from './append-codec.ts';
import { Calls } from './calls.ts';
import type { Channel, ChannelUser } from './channel.ts';
import { uint } from './codec.ts';
import type { HostLink } from './host-link.ts';
import { MAX_PIECE_BYTES } from './message-reader.ts';
import {
  appendsMessage,
  encodeMessage,
  type HostHealth,
  healthMessage,
  MessageKind,
  OpenMessage,
  type Outcomes,
  outcomesMessage,
  requestHead,
} from './messages.ts';
import type { Method } from './methods.ts';
import { PendingAppends } from './pending-appends.ts';
import { remoteError } from './value-codecs.ts';

/** Bytes of appends in one message, unless a single one has more. */
const MAX_BATCH_BYTES = 1024 * 1024;

/** A long message on its way that would change a document. */
interface Upload {
  readonly documentName: string;
  isWanted: boolean;
}

export interface HostClientOptions {
  /** Milliseconds after which an append that was not answered counts as one whose first attempt has failed. */
  readonly attemptMs: number;
  /** Called when the connection has ended. */
  readonly onLost: (reason: Error | undefined) => void;
}

/** What is asked of a host, whichever it is at the moment, and what it has not answered yet. */
export class HostClient implements ChannelUser {
  /** The same for every host and every connection. */
  readonly id = randomUUID();
  readonly #options: HostClientOptions;
  readonly #pending = new PendingAppends();
  readonly #calls = new Calls();
  readonly #uploading = new OneAtATime();
  readonly #uploads = new Set<Upload>();
  #channel: Channel | undefined;
  #epoch = 0;
  #hostHealth: HostHealth = { isDegraded: false, reason: '' };
  #isFlushScheduled = false;
  #isStalled = false;
  #watch: NodeJS.Timeout | undefined;
  #whenSaved: (() => void)[] = [];

  constructor(options: HostClientOptions) {
    this.#options = options;
  }

  get isLinked(): boolean {
    return this.#channel !== undefined;
  }

  /** Of the store as it was found last. What is said of appends and asked of the store belongs to it. */
  get epoch(): number {
    return this.#epoch;
  }

  /** As far as it is known here: of a host that has been lost nothing is. */
  get health(): StoreHealth {
    const unsavedBytes = this.#pending.bytes;
    const problem = this.#problem();
    if (problem === undefined) return { status: 'ok', unsavedBytes };
    return { status: 'degraded', error: writeFailed(problem), unsavedBytes };
  }

  append(documentName: string, change: DocumentChange): Append {
    const append = this.#pending.add(documentName, change);
    if (this.#channel === undefined || this.#isStalled) append.writtenDeferred.reject(this.#notWritten());
    if (this.#channel !== undefined) this.#scheduleFlush();
    return append;
  }

  /**
   * Calls a method, in the turn of the call: behind every append before it, and before every one after it.
   *
   * @throws CallLostError when the connection ends before the answer; what the host throws
   */
  call<A, R>(method: Method<A, R>, args: A, documentName?: string): Promise<R> {
    const channel = this.#channel;
    const { id, answer } = this.#calls.begin(method.result);
    if (channel === undefined) {
      this.#calls.loseAll(undefined);
      return answer;
    }
    this.#flush();
    const message = encodeMessage(MessageKind.Request, requestHead, { id, method: method.number }, method.args, args);
    if (message.byteLength <= MAX_PIECE_BYTES || documentName === undefined) channel.send(message);
    else void this.#upload(channel, message, { id, documentName });
    return answer;
  }

  /** What is on its way to a document must not reach the next one of its name. */
  dropUploads(documentName: string): void {
    for (const upload of this.#uploads) if (upload.documentName === documentName) upload.isWanted = false;
  }

  /** Goes on with a host: what it has not taken yet is sent, first of all. */
  attach({ channel, epoch, lastAppend }: HostLink): void {
    this.#epoch = epoch;
    this.#hostHealth = { isDegraded: false, reason: '' };
    this.#isStalled = false;
    this.#channel = channel;
    this.#pending.sendAfter(lastAppend);
    this.#flush();
    channel.use(this);
  }

  /**
   * Goes on with a store that is open here: takes everything pending to it, in order, until nothing is left; then `then` is
   * called in the same turn.
   */
  async moveTo(store: DocumentStore, then: () => void): Promise<void> {
    this.#epoch = store.epoch;
    this.#pending.sendAfter(0);
    while (this.#pending.hasUnsent) {
      for (const { number, storedAs, change } of this.#pending.takeUnsent(MAX_BATCH_BYTES, performance.now())) {
        const asked = decodeAppend(change);
        const append =
          storedAs === 0 ? store.append(asked.documentName, asked.change) : await appendOnce(store, asked, storedAs);
        append.written.then(
          (sequence) => this.#pending.written(number, sequence),
          (error: Error) => this.#pending.attemptFailed(number, error),
        );
        append.durable.then(
          (sequence) => this.#pending.durable(number, sequence),
          (error: unknown) => {
            // A store that is closed keeps nothing: the append is taken to the next owner.
            if (error instanceof HeadwaterError && error.code !== 'HW_STORE_CLOSED')
              this.#pending.refused(number, error);
          },
        );
      }
      await new Promise((resolve) => setImmediate(resolve));
    }
    then();
  }

  /** Resolves once everything is durable and everything asked is answered. */
  async whenDone(): Promise<void> {
    this.#flush();
    await this.#calls.whenNone();
    if (this.#pending.size > 0) await new Promise<void>((resolve) => this.#whenSaved.push(resolve));
  }

  /** Ends it all. @returns how many bytes are not known to be saved */
  close(): number {
    clearTimeout(this.#watch);
    const channel = this.#channel;
    this.#channel = undefined;
    channel?.end();
    this.#calls.closeAll();
    return this.#pending.refuseAll(new HeadwaterError('HW_STORE_CLOSED', 'the store was closed'));
  }

  heartbeat(): Uint8Array {
    return new Uint8Array(0);
  }

  onMessage(bytes: Uint8Array): void {
    const message = new OpenMessage(bytes);
    switch (message.kind) {
      case MessageKind.Outcomes:
        return this.#settle(message.readLast(outcomesMessage));
      case MessageKind.Result:
        return this.#calls.answered(message.read(uint), message);
      case MessageKind.Failure:
        return this.#calls.failed(message.read(uint), message.readLast(remoteError));
      case MessageKind.Health:
        this.#hostHealth = message.readLast(healthMessage);
        return;
      default:
        throw new Error(`there is no message of kind ${message.kind}`);
    }
  }

  onClosed(reason: Error | undefined): void {
    if (this.#channel === undefined) return;
    this.#channel = undefined;
    this.#pending.attemptsFailed(this.#notWritten());
    this.#calls.loseAll(reason);
    this.#options.onLost(reason);
  }

  #scheduleFlush(): void {
    if (this.#isFlushScheduled) return;
    this.#isFlushScheduled = true;
    setImmediate(() => {
      this.#isFlushScheduled = false;
      this.#flush();
    });
  }

  #flush(): void {
    const channel = this.#channel;
    if (channel === undefined) return;
    while (this.#pending.hasUnsent) {
      const appends = this.#pending.takeUnsent(MAX_BATCH_BYTES, performance.now());
      const { settledBefore } = this.#pending;
      channel.send(encodeMessage(MessageKind.Appends, appendsMessage, { settledBefore, appends }));
    }
    this.#watchAttempts();
  }

  async #upload(
    channel: Channel,
    message: Uint8Array,
    { id, documentName }: { readonly id: number; readonly documentName: string },
  ): Promise<void> {
    const upload: Upload = { documentName, isWanted: true };
    this.#uploads.add(upload);
    try {
      const isSent = await this.#uploading.run(() => channel.sendInPieces(message, () => upload.isWanted));
      const problem = `"${documentName}" was deleted in between`;
      if (!isSent) this.#calls.failed(id, new HeadwaterError('HW_DOCUMENT_UNKNOWN', problem));
    } catch {
      // The connection has ended, and the call is lost with all others.
    } finally {
      this.#uploads.delete(upload);
    }
  }

  #settle({ written, durable, failed }: Outcomes): void {
    this.#isStalled = false;
    for (const { number, sequence } of written) this.#pending.written(number, sequence);
    for (const { number, sequence } of durable) this.#pending.durable(number, sequence);
    for (const { number, isFinal, error } of failed) {
      if (isFinal) this.#pending.refused(number, error);
      else this.#pending.attemptFailed(number, writeFailed(error.message));
    }
    if (this.#pending.size === 0) for (const resolve of this.#whenSaved.splice(0)) resolve();
    else this.#watchAttempts();
  }

  /** A host that takes its time must not keep edits from being seen. */
  #watchAttempts(): void {
    const since = this.#pending.unwrittenSinceMs;
    if (since === undefined || this.#watch !== undefined || this.#isStalled) return;
    const leftMs = Math.max(0, since + this.#options.attemptMs - performance.now());
    this.#watch = setTimeout(() => {
      this.#watch = undefined;
      const oldest = this.#pending.unwrittenSinceMs;
      if (oldest === undefined || this.#channel === undefined) return;
      if (performance.now() - oldest < this.#options.attemptMs) {
        this.#watchAttempts();
        return;
      }
      this.#isStalled = true;
      this.#pending.attemptsFailed(this.#notWritten());
    }, leftMs);
  }

  #problem(): string | undefined {
    if (this.#channel === undefined) return 'the owner of the store is away';
    if (this.#isStalled) return 'the owner of the store does not answer';
    return this.#hostHealth.isDegraded ? this.#hostHealth.reason : undefined;
  }

  #notWritten(): HeadwaterError {
    return writeFailed(this.#problem() ?? 'the owner of the store takes its time');
  }
}

function writeFailed(problem: string): HeadwaterError {
  return new HeadwaterError('HW_STORE_WRITE_FAILED', `${problem}: what is not saved is kept, and sent again`);
}
