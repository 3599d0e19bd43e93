import type { HistoryStore } from './history/history-store.ts';
import type { LogEntry, LogRecord } from './log-record.ts';

export type { LogEntry, LogRecord };

/** A document's state as last compacted. */
export interface Snapshot {
  /** The last log record contained in `update`. */
  readonly sequence: number;
  /** Yjs v1 update: everything up to `sequence`. */
  readonly update: Uint8Array;
  /** Encoded state vector of `update`. */
  readonly stateVector: Uint8Array;
  /** Encoded Yjs v1 delete set of `update`. */
  readonly deleteSet: Uint8Array;
  /** When it was made, in milliseconds since the epoch. */
  readonly timeMs: number;
}

/** An update that decoded but did not integrate: kept for inspection, never applied again. */
export interface QuarantinedUpdate extends LogEntry {
  /** One line saying why. */
  readonly reason: string;
  readonly timeMs: number;
}

/** What opening a document reads. An unknown document is an empty one: no snapshot, nothing else. */
export interface StoredDocument {
  /** {@link LogEnd.documentId} */
  readonly documentId: number;
  readonly snapshot: Snapshot | undefined;
  /** Log records after the snapshot, in order. */
  readonly tail: readonly LogRecord[];
  /** Updates (or parts of them) whose dependencies have not arrived yet, in no order. */
  readonly waiting: readonly LogEntry[];
}

/** What one flush of one document writes, atomically. */
export interface DocumentChange {
  readonly timeMs: number;
  /** The entries of the next log record; empty when the change only touches what waits. */
  readonly entries: readonly LogEntry[];
  /** Updates that must wait for their dependencies: kept, but no part of the log. Adding one twice stores it once. */
  readonly addWaiting?: readonly LogEntry[] | undefined;
  /** Updates that wait no longer, by their exact bytes. */
  readonly removeWaiting?: readonly Uint8Array[] | undefined;
}

/**
 * The two moments of a write. The store keeps a change it could not write and retries it by itself, in order, with
 * backoff, until it succeeds or the store is closed: the caller never appends again.
 */
export interface Append {
  /**
   * Settles after the first attempt: resolves once the operating system has the bytes (they survive the death of this
   * process, not of the machine) with the sequence of the log record, or of the last one when there was none to add.
   *
   * @throws HW_STORE_WRITE_FAILED when the attempt failed (the store goes on retrying), HW_STORE_CLOSED,
   * HW_DOCUMENT_DELETED when the change will never be written
   */
  readonly written: Promise<number>;
  /**
   * Resolves once the bytes are fsynced, with the same sequence as `written` (also when `written` had rejected: the
   * caller learns here where the record went); pending as long as that fails.
   *
   * @throws HW_STORE_CLOSED when the store was closed before it succeeded, HW_DOCUMENT_DELETED as `written`
   */
  readonly durable: Promise<number>;
}

/** Sizes and times of one stored document. */
export interface DocumentInfo {
  readonly documentName: string;
  /** Bytes of the snapshot's update; 0 without one. */
  readonly snapshotBytes: number;
  /** Number and bytes of the log records after the snapshot. */
  readonly tailRecords: number;
  readonly tailBytes: number;
  /** Number of updates that wait for their dependencies, and of quarantined ones. */
  readonly waitingUpdates: number;
  readonly quarantinedUpdates: number;
  /** The last sequence of its log. */
  readonly sequence: number;
  readonly createdMs: number;
  readonly updatedMs: number;
}

/** How far the log of a document reaches. */
export interface LogEnd {
  /**
   * Given to the document when it was made: one that was deleted and made anew under its name has another. 0 for an unknown
   * document.
   */
  readonly documentId: number;
  /** The last sequence; 0 for an unknown document. */
  readonly sequence: number;
  /**
   * Records up to this one were there when the store was opened, as far as that is remembered: they are durable, and in every
   * later epoch the same.
   */
  readonly atOpening: number;
  /** The document was deleted, and its name is not to be used again: {@link DocumentStore.delete}. */
  readonly isDeleted: boolean;
}

/** What a store remembers of a deleted document. */
export interface DeletedDocument {
  readonly documentName: string;
  /** When it was deleted, in milliseconds since the epoch. */
  readonly deletedMs: number;
}

export interface DeleteOptions {
  /**
   * Leaves the name free: the next edit makes a new document, also that of a client which still has the deleted one. Takes an earlier
   * deletion's ban of the name away, too. @defaultValue `false`
   */
  readonly allowReuse?: boolean | undefined;
  /**
   * With `allowReuse`: the name becomes free only when its document was deleted so long ago, in milliseconds. Whoever had that in memory
   * has noticed by then, and cannot take the next document of the name for it. @defaultValue 0: at once, and a document that is
   * there goes
   */
  readonly deletedForMs?: number | undefined;
}

export interface StoreHealth {
  readonly status: 'ok' | 'degraded';
  /** Why it is degraded. */
  readonly error?: Error | undefined;
  /** Bytes accepted by {@link DocumentStore.append} and not yet durable. */
  readonly unsavedBytes: number;
}

/**
 * Documents at rest. Implementations: `LevelStore` and `MemoryStore`; `test/contracts/document-store.ts` is the
 * contract as code.
 *
 * Document names are any non-empty string of at most 1,024 bytes of UTF-8; no name is ever a path.
 */
export interface DocumentStore extends HistoryStore {
  /**
   * Reads what a document needs to go live. Sees every append that was called before it.
   *
   * @throws HW_STORE_UNAVAILABLE while the store cannot save and this document has unsaved changes, or cannot be read
   * @throws HW_STORE_CORRUPT naming the document and what of it is damaged; HW_DOCUMENT_DELETED, HW_NAME_INVALID,
   * HW_STORE_CLOSED
   */
  load(documentName: string): Promise<StoredDocument>;

  /**
   * Writes a change. Changes of one document are stored in the order of the calls; the store gives the sequence. One that comes after
   * the deletion of the document is refused for good.
   */
  append(documentName: string, change: DocumentChange): Append;

  /**
   * Switches to a new snapshot, and takes the records it contains out of the log and into the history, in one atomic
   * batch; resolves once fsynced.
   * A snapshot older than the stored one is ignored, and `quarantine` with it; otherwise that is kept in the same batch.
   *
   * @param documentId - which document of that name it was made of, when its caller knows
   * @throws HW_DOCUMENT_UNKNOWN when there is no such document, or its log does not reach as far as the snapshot: it was
   * deleted since, and must not come back
   */
  replaceSnapshot(
    documentName: string,
    snapshot: Snapshot,
    quarantine?: readonly QuarantinedUpdate[],
    documentId?: number,
  ): Promise<void>;

  /** Updates set aside because they would not integrate. */
  quarantined(documentName: string): Promise<readonly QuarantinedUpdate[]>;

  /**
   * Documents in the order of their names' UTF-8 bytes, from after `after` (which need not exist), at most `limit`.
   * Reads no snapshot; documents written or deleted meanwhile may be among them or not.
   */
  list(range?: {
    readonly after?: string | undefined;
    readonly limit?: number | undefined;
  }): AsyncIterable<DocumentInfo>;

  /** `undefined` for a document that was never written or was deleted. */
  info(documentName: string): Promise<DocumentInfo | undefined>;

  /**
   * Counts the openings of the store. A power cut may take the last records, those nobody was told are saved, and whoever opens
   * the store then gives their sequences again: of a record that is not known to be durable, the sequence means something only
   * in the epoch it was given in.
   */
  readonly epoch: number;

  /**
   * How far the logs of documents reach, in the order of the names. Cheap for documents in use, whatever their size. A record
   * that is being written may be counted before it can be read.
   *
   * @throws HW_STORE_UNAVAILABLE when one of them has to be read and cannot be; HW_NAME_INVALID, HW_STORE_CLOSED
   */
  logEnds(documentNames: readonly string[]): Promise<readonly LogEnd[]>;

  /**
   * Removes a document and everything kept with it, and remembers that, so that nobody who still has the document brings it back:
   * from this call on every append is refused. A name nobody has used yet can be deleted, too.
   *
   * @returns once fsynced: whether there was a document
   * @throws HW_NAME_INVALID, HW_STORE_CLOSED, HW_STORE_UNAVAILABLE when the store was in other hands before it was done
   */
  delete(documentName: string, options?: DeleteOptions): Promise<boolean>;

  /** What was deleted and may not be made anew, in the order of {@link list}. */
  listDeleted(range?: {
    readonly after?: string | undefined;
    readonly limit?: number | undefined;
  }): AsyncIterable<DeletedDocument>;

  readonly health: StoreHealth;

  /**
   * Tries to make everything durable (once more, when degraded), then closes. Idempotent.
   *
   * @throws HW_STORE_WRITE_FAILED when there were changes it could not save; it is closed all the same
   */
  close(): Promise<void>;
  [Symbol.asyncDispose](): Promise<void>;
}
