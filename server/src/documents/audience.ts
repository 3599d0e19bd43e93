import { covers, diffUpdate, EMPTY_UPDATE } from '@headwater/protocol';
import * as Y from 'yjs';
import type { Logger } from '../logging/logger.ts';
import type { Framing } from '../wire/framing.ts';
import { frameMessage } from '../wire/framing.ts';
import type { DocumentWorkers } from '../workers/worker-pool.ts';
import { advance, type LoadedSnapshot } from './answer.ts';
import type { Session } from './session.ts';
import { type AskedState, Subscription } from './subscription.ts';
import { deletionFramesOf, framesOf, type Tail, type TailBatch } from './tail.ts';

/** A diff of less than this is computed at once; the way to a worker and back costs more. */
const INLINE_DIFF_BELOW_BYTES = 32 * 1024;

/**
 * A session that was answered just now and asks again is answered when this time is over, once, for the newest of its state
 * vectors. It follows the document meanwhile; without this, asking costs a client ten bytes and the server the document.
 */
const MIN_ANSWER_DISTANCE_MS = 250;

/**
 * A client that seems to have everything sends all deletions it knows, in answer to our SyncStep1, about when it asks. Its own
 * question waits this long for that: mostly it has every deletion, and none has to be sent.
 */
const MAX_DELETIONS_WAIT_MS = 500;

/**
 * The sessions of a document and where each of them stands: brings everyone from what they have to what was shown,
 * and keeps them there, whatever their connection is like.
 */
export class Audience {
  readonly #tail: Tail;
  readonly #workers: DocumentWorkers;
  readonly #logger: Logger;
  readonly #subscriptions = new Map<Session, Subscription>();
  /** Diffs being computed of the present snapshot, by state vector: after a restart everybody asks for the same one. */
  #diffs = new Map<string, Promise<Uint8Array>>();
  snapshot: LoadedSnapshot | undefined;
  /** Runs while sessions that ask too often wait for their answer. */
  #answerTimer: NodeJS.Timeout | undefined;

  constructor(tail: Tail, workers: DocumentWorkers, logger: Logger) {
    this.#tail = tail;
    this.#workers = workers;
    this.#logger = logger;
  }

  get size(): number {
    return this.#subscriptions.size;
  }

  sessions(): Iterable<Session> {
    return this.#subscriptions.keys();
  }

  add(session: Session): Subscription {
    const subscription = new Subscription(session);
    this.#subscriptions.set(session, subscription);
    return subscription;
  }

  remove(session: Session): boolean {
    return this.#subscriptions.delete(session);
  }

  /** Sends something only this session gets; dropped when its connection is full. */
  sendTo(session: Session, buffers: readonly Uint8Array[]): void {
    const subscription = this.#subscriptions.get(session);
    if (subscription !== undefined && !subscription.isFull) subscription.send(buffers);
  }

  /** Shows a batch that just joined the tail, and awareness changes along with it, in one write per socket. */
  show(batch: TailBatch, awareness: Uint8Array | undefined): void {
    const position = this.#tail.end - 1;
    const framed = new Map<Framing, readonly Uint8Array[]>();
    for (const subscription of this.#subscriptions.values()) {
      const { framing } = subscription.session;
      if (subscription.standing.kind !== 'following') {
        if (awareness !== undefined && !subscription.isFull) {
          subscription.send(frameMessage(framing, 'awareness', awareness));
        }
        continue;
      }
      if (subscription.isFull) {
        subscription.standing = { kind: 'behind', position, stateVector: undefined };
        continue;
      }
      let buffers = framed.get(framing);
      if (buffers === undefined) {
        buffers = [joined(framesOf(batch, framing), awareness, framing)];
        framed.set(framing, buffers);
      }
      subscription.send(buffers);
    }
  }

  /** Awareness is not owed to anybody: a full connection misses it and gets all of it when it drained. */
  sendAwareness(awareness: Uint8Array): void {
    const framed = new Map<Framing, readonly Uint8Array[]>();
    for (const subscription of this.#subscriptions.values()) {
      if (subscription.isFull) continue;
      const { framing } = subscription.session;
      let buffers = framed.get(framing);
      if (buffers === undefined) {
        buffers = frameMessage(framing, 'awareness', awareness);
        framed.set(framing, buffers);
      }
      subscription.send(buffers);
    }
  }

  answer(session: Session, asked: AskedState): void {
    const subscription = this.#subscriptions.get(session);
    if (subscription === undefined) return;
    subscription.unanswered = asked;
    this.#answerWhenDue(subscription);
  }

  /** The client of a session has answered our SyncStep1. */
  heardState(session: Session, saysAllDeletions: boolean): void {
    const subscription = this.#subscriptions.get(session);
    if (subscription === undefined) return;
    subscription.hasAnswered = true;
    if (saysAllDeletions) subscription.hasDeletions = true;
    if (subscription.standing.kind === 'asking') this.#answerWhenDue(subscription);
  }

  /** Stops timers. */
  dispose(): void {
    clearTimeout(this.#answerTimer);
  }

  drained(session: Session, awareness: Uint8Array | undefined): void {
    const subscription = this.#subscriptions.get(session);
    if (subscription === undefined || !subscription.isFull) return;
    subscription.isFull = false;
    const { standing } = subscription;
    if (subscription.unanswered !== undefined) {
      this.#answerWhenDue(subscription);
    } else if (standing.kind === 'behind') {
      if (standing.stateVector === undefined) {
        const missed = this.#tail.since(standing.position);
        this.#follow(
          subscription,
          missed.map((batch) => framesOf(batch, session.framing)),
        );
      } else this.#answer(subscription, standing.stateVector);
    }
    if (awareness !== undefined && !subscription.isFull) {
      subscription.send(frameMessage(session.framing, 'awareness', awareness));
    }
  }

  /** Switches to a snapshot that contains the tail up to a position, and forgets that part of the tail. */
  replaceSnapshot(next: LoadedSnapshot, tailEnd: number): void {
    const memo = new Map<number, ReadonlyMap<number, number>>();
    for (const subscription of this.#subscriptions.values()) {
      const { standing } = subscription;
      subscription.hasDeletions = false;
      if (standing.kind !== 'behind' || standing.stateVector !== undefined || standing.position >= tailEnd) continue;
      let stateVector = memo.get(standing.position);
      if (stateVector === undefined) {
        stateVector = advance(this.snapshot?.clocks, this.#tail.before(standing.position));
        memo.set(standing.position, stateVector);
      }
      subscription.standing = { ...standing, stateVector };
    }
    this.#tail.trim(tailEnd);
    this.snapshot = next;
    this.#diffs = new Map();
  }

  /** Answers the newest state vector, unless something has to come first that will come back here. */
  #answerWhenDue(subscription: Subscription): void {
    const { standing, unanswered, isFull } = subscription;
    if (unanswered === undefined || isFull || standing.kind === 'awaiting-diff') return;
    const waitMs = this.#dueMs(subscription, unanswered) - performance.now();
    if (waitMs <= 0) return this.#answer(subscription, unanswered);
    this.#answerTimer ??= setTimeout(() => {
      this.#answerTimer = undefined;
      for (const waiting of this.#subscriptions.values()) this.#answerWhenDue(waiting);
    }, waitMs);
  }

  #dueMs({ standing, joinedMs, answeredMs, hasAnswered }: Subscription, asked: AskedState): number {
    if (standing.kind === 'following') return answeredMs + MIN_ANSWER_DISTANCE_MS;
    const { snapshot } = this;
    if (hasAnswered || snapshot === undefined || !snapshot.hasManyDeletions) return 0;
    return snapshot.answerFor(asked) === 'deletions' ? joinedMs + MAX_DELETIONS_WAIT_MS : 0;
  }

  #answer(subscription: Subscription, asked: AskedState): void {
    subscription.unanswered = undefined;
    subscription.answeredMs = performance.now();
    const { framing } = subscription.session;
    const { snapshot } = this;
    const answer = snapshot?.answerFor(asked) ?? 'nothing';
    if (snapshot === undefined || answer === 'nothing') {
      this.#complete(subscription, asked, []);
    } else if (answer === 'everything') {
      this.#complete(subscription, asked, frameMessage(framing, 'update', snapshot.stored.update));
    } else if (answer === 'deletions') {
      this.#complete(subscription, asked, subscription.hasDeletions ? [] : snapshot.deletionFrames(framing));
    } else if (snapshot.stored.update.length < INLINE_DIFF_BELOW_BYTES) {
      const diff = diffUpdate(snapshot.stored.update, asked);
      this.#complete(subscription, asked, frameMessage(framing, 'update', diff));
    } else {
      subscription.standing = { kind: 'awaiting-diff' };
      void this.#answerWithDiff(subscription, asked, snapshot);
    }
  }

  async #answerWithDiff(subscription: Subscription, asked: AskedState, snapshot: LoadedSnapshot): Promise<void> {
    let diff = snapshot.stored.update;
    try {
      diff = await this.#diff(snapshot, asked);
    } catch (error) {
      this.#logger.error({ err: error }, 'computing a diff failed; sending the whole document instead');
    }
    const { session } = subscription;
    if (this.#subscriptions.get(session) !== subscription) return;
    subscription.standing = { kind: 'asking' };
    const newer = subscription.unanswered;
    if (subscription.isFull) {
      subscription.unanswered = newer ?? asked; // awareness filled it: answered once it drained
      return;
    }
    // Compacted meanwhile: what the diff lacks is no longer in the tail.
    if (this.snapshot !== snapshot) return this.#answer(subscription, newer ?? asked);
    this.#complete(subscription, asked, frameMessage(session.framing, 'update', diff));
    if (newer !== undefined) this.answer(session, newer);
  }

  #diff(snapshot: LoadedSnapshot, asked: AskedState): Promise<Uint8Array> {
    const encoded = Y.encodeStateVector(asked as Map<number, number>);
    const key = Buffer.from(encoded).toString('latin1');
    let diff = this.#diffs.get(key);
    if (diff === undefined) {
      const diffs = this.#diffs;
      diff = this.#workers.diff(snapshot.stored.update, encoded).finally(() => diffs.delete(key));
      diffs.set(key, diff);
    }
    return diff;
  }

  #complete(subscription: Subscription, asked: AskedState, first: readonly Uint8Array[]): void {
    const { framing } = subscription.session;
    const lacking: Uint8Array[] = [];
    for (const batch of this.#tail.since(0)) {
      if (!covers(asked, batch.ends)) lacking.push(framesOf(batch, framing));
      else if (batch.deletes) lacking.push(deletionFramesOf(batch, framing));
    }
    this.#follow(subscription, [...first, ...lacking, ...frameMessage(framing, 'sync-step-2', EMPTY_UPDATE)]);
  }

  /** Sends what brings a session up to the end of the tail; from now on it gets every batch. */
  #follow(subscription: Subscription, frames: readonly Uint8Array[]): void {
    subscription.standing = { kind: 'following' };
    subscription.send(frames);
  }
}

function joined(frames: Buffer, awareness: Uint8Array | undefined, framing: Framing): Uint8Array {
  return awareness === undefined ? frames : Buffer.concat([frames, ...frameMessage(framing, 'awareness', awareness)]);
}
