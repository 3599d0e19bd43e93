import type { LogRecord } from '../log-record.ts';
import type { Retention } from './retention-policy.ts';

/** A stretch of the log that is kept as history: every record of it is there. */
export interface HistorySpan {
  /** The sequence before its first record. */
  readonly after: number;
  /** The sequence of its last record. */
  readonly last: number;
  readonly records: number;
  /** When its first and last record were received, in milliseconds since the epoch. */
  readonly firstMs: number;
  readonly lastMs: number;
  /** Bytes of its updates. */
  readonly bytes: number;
  /** Bytes it takes in the store. */
  readonly storedBytes: number;
}

/** A full state that is kept, without the state. */
export interface KeyFrameInfo {
  /** The last record in it. */
  readonly sequence: number;
  /** When that record was received, in milliseconds since the epoch; as far as that is known. */
  readonly timeMs: number;
  /** Who wrote records that were thinned in favour of this frame. */
  readonly authors: readonly string[];
  /** Length of its update. */
  readonly bytes: number;
  /** Bytes it takes in the store. */
  readonly storedBytes: number;
}

/** The state of a document after one record. */
export interface KeyFrame extends Pick<KeyFrameInfo, 'sequence' | 'timeMs' | 'authors'> {
  /** Yjs v1 update: everything up to `sequence`. */
  readonly update: Uint8Array;
}

/** A moment with a name. */
export interface NamedVersion {
  readonly id: string;
  readonly label: string;
  /** Who named it. */
  readonly author: string;
  /** When it was named, in milliseconds since the epoch. */
  readonly createdMs: number;
  /** The moment: the last record in it. */
  readonly sequence: number;
}

/** Who brought a stretch of a client's clocks, and when. */
export interface AttributedRange {
  readonly client: number;
  readonly clock: number;
  readonly length: number;
  readonly author: string;
  readonly timeMs: number;
}

/** What is there of a document's past, without its contents. */
export interface HistoryOutline {
  /** The last sequence of the log. */
  readonly sequence: number;
  /** The last sequence in the snapshot; 0 without one. Records after it are in the tail. */
  readonly snapshotSequence: number;
  /** Bytes the snapshot takes in the store. */
  readonly snapshotStoredBytes: number;
  /** Of the records up to the snapshot, those that are kept; oldest first. */
  readonly spans: readonly HistorySpan[];
  /** Oldest first; the snapshot is none of them. */
  readonly keyFrames: readonly KeyFrameInfo[];
  /** By sequence, then by when they were named. */
  readonly versions: readonly NamedVersion[];
  /** What holds for this document. */
  readonly retention: Retention;
  /** Whether that is the document's own, and not the store's. */
  readonly hasOwnRetention: boolean;
}

/** Records that follow each other in the log. */
export interface RecordBlock {
  /** Every record after this sequence and up to `last` is in the block; only a power cut may have taken one. */
  readonly after: number;
  readonly last: number;
  readonly records: readonly LogRecord[];
}

/** A change of a document's history, made in one atomic batch. */
export interface HistoryChange {
  /** Nothing is changed unless the snapshot is the one of this sequence: a compaction came in between. */
  readonly whileSnapshot?: number | undefined;
  /** One of a sequence that has one already takes its place. */
  readonly addKeyFrames?: readonly KeyFrame[] | undefined;
  /** Key frames of these sequences go; one that a named version stands on stays. */
  readonly removeKeyFrames?: readonly number[] | undefined;
  /** Spans that end at this sequence or before go. */
  readonly removeRecordsThrough?: number | undefined;
  /** What is to be remembered of them. */
  readonly addAttribution?: readonly AttributedRange[] | undefined;
  readonly removeAttribution?: boolean | undefined;
  /** Each needs a key frame of its sequence, here or there already. */
  readonly addVersions?: readonly NamedVersion[] | undefined;
  /** Labels by version id; versions that do not exist are left out. */
  readonly renameVersions?: ReadonlyMap<string, string> | undefined;
  readonly removeVersions?: readonly string[] | undefined;
  /** The document's own retention; `null`: the store's again. */
  readonly retention?: Retention | null | undefined;
}

/**
 * A document's past at rest. A compaction keeps the records it takes out of the log as history, in the same atomic
 * batch, unless the document's retention is `'none'`; and the snapshot it replaces becomes a key frame once the log
 * since the last one is worth it. Every state in between is the nearest key frame and the records after it.
 */
export interface HistoryStore {
  /** What there is, as of the last compaction; `undefined` for an unknown document. */
  history(documentName: string): Promise<HistoryOutline | undefined>;

  /**
   * The records after a sequence, and up to another one, as far as they are kept, in order, whether compacted or not. One
   * block is in memory at a time. What was thinned shows as a block that begins after the end of the one before.
   */
  recordBlocks(
    documentName: string,
    range: { readonly after: number; readonly upTo?: number | undefined },
  ): AsyncIterable<RecordBlock>;

  /**
   * The key frame of a sequence, or the snapshot when it is of that sequence; `undefined` when there is none.
   *
   * @throws HW_STORE_CORRUPT when it is damaged
   */
  keyFrame(documentName: string, sequence: number): Promise<KeyFrame | undefined>;

  /** What is remembered of records that were thinned, oldest first. */
  attribution(documentName: string): Promise<readonly AttributedRange[]>;

  /**
   * Changes the history; resolves once fsynced.
   *
   * @throws HW_DOCUMENT_UNKNOWN when there is no such document; HW_MOMENT_UNKNOWN for a key frame past the end of its log,
   * or a version without a key frame
   */
  changeHistory(documentName: string, change: HistoryChange): Promise<void>;
}
