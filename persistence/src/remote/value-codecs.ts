import { ERROR_CODES, type ErrorCode, HeadwaterError } from '@headwater/protocol';
import type {
  DeletedDocument,
  DocumentInfo,
  LogEnd,
  LogEntry,
  LogRecord,
  QuarantinedUpdate,
  Snapshot,
  StoredDocument,
} from '../document-store.ts';
import type {
  AttributedRange,
  HistoryChange,
  HistoryOutline,
  HistorySpan,
  KeyFrame,
  KeyFrameInfo,
  NamedVersion,
  RecordBlock,
} from '../history/history-store.ts';
import type { Retention, RetentionPolicy, RetentionTier } from '../history/retention-policy.ts';
import { boolean, bytes, type Codec, float, list, mapped, object, optional, ownBytes, text, uint } from './codec.ts';

/** The values of the store's contract as they go from one instance to another; {@link STORE_PROTOCOL_VERSION} counts changes. */

export const logEntry = object<LogEntry>({ update: bytes, author: text });

const logRecord = object<LogRecord>({ sequence: uint, timeMs: uint, entries: list(logEntry) });

export const snapshot = object<Snapshot>({
  sequence: uint,
  timeMs: uint,
  stateVector: ownBytes,
  deleteSet: ownBytes,
  update: ownBytes,
});

export const quarantinedUpdate = object<QuarantinedUpdate>({ update: bytes, author: text, reason: text, timeMs: uint });

export const storedDocument = object<StoredDocument>({
  documentId: uint,
  snapshot: optional(snapshot),
  tail: list(logRecord),
  waiting: list(logEntry),
});

export const documentInfo = object<DocumentInfo>({
  documentName: text,
  snapshotBytes: uint,
  tailRecords: uint,
  tailBytes: uint,
  waitingUpdates: uint,
  quarantinedUpdates: uint,
  sequence: uint,
  createdMs: uint,
  updatedMs: uint,
});

export const logEnd = object<LogEnd>({ documentId: uint, sequence: uint, atOpening: uint, isDeleted: boolean });

export const deletedDocument = object<DeletedDocument>({ documentName: text, deletedMs: uint });

export const recordBlock = object<RecordBlock>({ after: uint, last: uint, records: list(logRecord) });

export const keyFrame = object<KeyFrame>({ sequence: uint, timeMs: uint, authors: list(text), update: ownBytes });

export const attributedRange = object<AttributedRange>({
  client: uint,
  clock: uint,
  length: uint,
  author: text,
  timeMs: uint,
});

const namedVersion = object<NamedVersion>({ id: text, label: text, author: text, createdMs: uint, sequence: uint });

const historySpan = object<HistorySpan>({
  after: uint,
  last: uint,
  records: uint,
  firstMs: uint,
  lastMs: uint,
  bytes: uint,
  storedBytes: uint,
});

const keyFrameInfo = object<KeyFrameInfo>({
  sequence: uint,
  timeMs: uint,
  authors: list(text),
  bytes: uint,
  storedBytes: uint,
});

const retentionTier = object<RetentionTier>({ everyMs: float, untilAgeMs: optional(float) });

const retentionPolicy = object<RetentionPolicy>({ keepAllMs: float, tiers: list(retentionTier), maxBytes: float });

const retention = orWord<RetentionPolicy, 'none'>('none', retentionPolicy);

export const historyOutline = object<HistoryOutline>({
  sequence: uint,
  snapshotSequence: uint,
  snapshotStoredBytes: uint,
  spans: list(historySpan),
  keyFrames: list(keyFrameInfo),
  versions: list(namedVersion),
  retention,
  hasOwnRetention: boolean,
});

export const historyChange = object<HistoryChange>({
  whileSnapshot: optional(uint),
  addKeyFrames: optional(list(keyFrame)),
  removeKeyFrames: optional(list(uint)),
  removeRecordsThrough: optional(uint),
  addAttribution: optional(list(attributedRange)),
  removeAttribution: optional(boolean),
  addVersions: optional(list(namedVersion)),
  renameVersions: optional(
    mapped<ReadonlyMap<string, string>, readonly { readonly id: string; readonly label: string }[]>(
      list(object<{ id: string; label: string }>({ id: text, label: text })),
      (labels) => [...labels].map(([id, label]) => ({ id, label })),
      (labels) => new Map(labels.map(({ id, label }) => [id, label])),
    ),
  ),
  removeVersions: optional(list(text)),
  retention: optional(orWord<Retention, null>(null, retention)),
});

/** An error without its cause, which means nothing elsewhere. One of a code that is not known here is a mistake of somebody's. */
export const remoteError = mapped<HeadwaterError, { readonly code: string; readonly message: string }>(
  object<{ code: string; message: string }>({ code: text, message: text }),
  ({ code, message }) => ({ code, message }),
  ({ code, message }) => new HeadwaterError(isErrorCode(code) ? code : 'HW_INTERNAL', message),
);

function isErrorCode(code: string): code is ErrorCode {
  return Object.hasOwn(ERROR_CODES, code);
}

/** A value, or one word in its place. */
function orWord<T, W>(word: W, codec: Codec<T>): Codec<T | W> {
  return mapped<T | W, T | undefined>(
    optional(codec),
    (value) => (value === word ? undefined : (value as T)),
    (value) => value ?? word,
  );
}
