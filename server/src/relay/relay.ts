import type { LogEntry } from '@headwater/persistence';

/**
 * What an instance tells the others when it has shown a batch.
 *
 * - `written`: it is a record of the log, in this epoch of the store; what waits was stored beside it
 * - `unwritten`: the store could not write it at the first attempt, and whoever gets it stores it, too: what was seen must not
 *   depend on one process
 * - `stored`: the log has a record that is too large to be sent along; it is read from the store
 */
export type RelayedBatch =
  | {
      readonly kind: 'written';
      readonly epoch: number;
      readonly sequence: number;
      readonly updates: readonly Uint8Array[];
      readonly waiting: readonly LogEntry[];
    }
  | { readonly kind: 'unwritten'; readonly entries: readonly LogEntry[]; readonly waiting: readonly LogEntry[] }
  | { readonly kind: 'stored'; readonly epoch: number; readonly sequence: number };

/** What concerns a document and is kept nowhere: who does not listen misses it. */
export type RelayMessage =
  /** States of the sender's own clients, as an awareness update. */
  | { readonly kind: 'awareness'; readonly update: Uint8Array }
  /** Everybody is to say which states they have. */
  | { readonly kind: 'awareness-query' }
  /** A client of the sender wants to move the state of a client of `to`: is that one still there? */
  | { readonly kind: 'claim'; readonly to: string; readonly clientId: number }
  | { readonly kind: 'claim-answer'; readonly to: string; readonly clientId: number; readonly isThere: boolean }
  /** Text for every client that knows such. */
  | { readonly kind: 'stateless'; readonly payload: string }
  /** The store has a snapshot that contains the log up to here. */
  | { readonly kind: 'snapshot'; readonly sequence: number }
  /** What is in memory is not true any more: load it anew. */
  | { readonly kind: 'outdated' }
  /** It was deleted: ask the store. */
  | { readonly kind: 'deleted' };

/** What every instance is told, whichever documents it has open. It may be heard twice. */
export interface Announcement {
  readonly kind: 'reauthenticate';
  /** Only sessions of this document. */
  readonly documentName: string | undefined;
  /** Only sessions of this user. */
  readonly user: string | undefined;
}

/** Hears what other instances announce; never what its own did. */
export interface AnnouncementListener {
  onAnnouncement(announcement: Announcement): void;
  /** Something may have been missed, and is not heard any more. */
  onInterrupted(): void;
}

/** What a document hears of itself from other instances; never what its own instance said. */
export interface RelayListener {
  /** Batches may come twice, late or never. */
  onBatch(batch: RelayedBatch, from: string): void;
  onMessage(message: RelayMessage, from: string): void;
  /** Something may have been missed; what the relay still has of it was handed in. */
  onInterrupted(): void;
  /** An instance left, died, or was not heard for too long. */
  onInstanceGone(instanceId: string): void;
}

/** A document's place in the relay. */
export interface RelayChannel {
  /** Resolves when everything said from now on is heard, or cannot be at present. Never rejects. */
  readonly whenListening: Promise<void>;
  /** Hands in, from now on or again, batches that were sent a short time ago. */
  readRetained(): void;
  /** Sends a batch. Never waits, never throws; a batch that gets lost is found in the store. */
  publish(batch: RelayedBatch): void;
  /** Sends a message to who listens now. */
  tell(message: RelayMessage): void;
  /** Ends it: nothing is heard any more. */
  detach(): void;
}

export interface RelayHealth {
  readonly status: 'ok' | 'degraded';
  /** Why it is degraded. */
  readonly reason?: string | undefined;
  /** Other instances heard lately. */
  readonly instances: number;
}

/**
 * Carries batches and messages between the instances that have a document open. It may lose, repeat, delay and reorder: the
 * store has the truth, and documents find out what they missed.
 */
export interface Relay {
  /** What this instance is called, in no other life of this process or another. */
  readonly instanceId: string;
  readonly health: RelayHealth;
  /** A document has one channel at a time. */
  attach(documentName: string, listener: RelayListener): RelayChannel;
  /** Sends a message about a document that need not be attached here. */
  tell(documentName: string, message: RelayMessage): void;
  /** The document was deleted: hands nobody what was sent about it before. What cannot be had at present stays for its short time. */
  forget(documentName: string): void;
  /** Hands announcements to a listener, of which there is one. */
  listen(listener: AnnouncementListener): void;
  /**
   * Tells all other instances. Resolves once that was sent, which waits until it can be. Who does not hear it is told that it was
   * interrupted.
   *
   * @throws HW_SHUTTING_DOWN when the relay is closed before
   */
  announce(announcement: Announcement): Promise<void>;
  /** Says goodbye, so that the others need not find out. Idempotent. */
  close(): Promise<void>;
}
