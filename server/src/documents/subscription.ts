import type { Session } from './session.ts';

/** What a session said it has, as far as this document knows of it. */
export type AskedState = ReadonlyMap<number, number>;

/**
 * Where a session stands in its document.
 *
 * - `asking`: joined, its first SyncStep1 not answered yet: it gets no updates
 * - `following`: has everything shown so far, gets every flush
 * - `behind`: its connection was full; stands at `position` until it drains
 * - `awaiting-diff`: what it lacks is being computed
 */
export type Standing =
  | { readonly kind: 'asking' }
  | { readonly kind: 'following' }
  | {
      readonly kind: 'behind';
      /** First batch it has not got. */
      readonly position: number;
      /** What it has, once the batches from `position` on have been compacted away. */
      readonly stateVector: ReadonlyMap<number, number> | undefined;
    }
  | { readonly kind: 'awaiting-diff' };

/** A session and its standing. The document is the only one who changes it. */
export class Subscription {
  readonly session: Session;
  standing: Standing = { kind: 'asking' };
  /** A state vector that arrived while it could not be answered; only the newest counts. */
  unanswered: AskedState | undefined;
  /** When its last answer began, in ms of `performance.now()`. */
  answeredMs = 0;
  /** Whether its client has answered our SyncStep1, and with it said what it has. */
  hasAnswered = false;
  /** Whether it showed that it has every deletion of the present snapshot. */
  hasDeletions = false;
  /** When it joined, in ms of `performance.now()`. */
  readonly joinedMs = performance.now();
  /** Whether its connection holds as many unsent bytes as it may. */
  isFull = false;

  constructor(session: Session) {
    this.session = session;
  }

  /** Sends, and notes whether that filled the connection. */
  send(buffers: readonly Uint8Array[]): void {
    if (!this.session.send(buffers)) this.isFull = true;
  }
}
