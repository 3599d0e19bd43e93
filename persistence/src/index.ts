export { Backoff } from './backoff.ts';
export { ClusterStore, type ClusterStoreOptions } from './cluster/cluster-store.ts';
export type { AnnouncedOwner, DirectoryEntry, OwnerDirectory, StoreOwner } from './cluster/owner-directory.ts';

export { type BlamedRange, blameText, type TextBlame } from './content/blame-text.ts';
export { type Json, type JsonAttributes, jsonOf } from './content/content-json.ts';
export type { DeltaOp, ListOp, TextOp } from './content/delta.ts';
export {
  type DocumentDiff,
  diffStates,
  type KeyChange,
  type ListChange,
  type TextChange,
} from './content/diff-states.ts';
export { contentOf, type RootContent, toJson, toPlainValues } from './content/plain-values.ts';
export { restoringUpdate } from './content/restoring-update.ts';
export { type RootKind, rootKindOf, rootKinds } from './content/root-kinds.ts';
export { checkDocumentName, MAX_DOCUMENT_NAME_BYTES } from './document-name.ts';
export type {
  Append,
  DeletedDocument,
  DeleteOptions,
  DocumentChange,
  DocumentInfo,
  DocumentStore,
  LogEnd,
  LogEntry,
  LogRecord,
  QuarantinedUpdate,
  Snapshot,
  StoredDocument,
  StoreHealth,
} from './document-store.ts';
export {
  type ApplyUpdate,
  type ByAuthor,
  DocumentHistory,
  type DocumentHistoryOptions,
} from './history/document-history.ts';
export { encodedStateOf, HistoricState } from './history/historic-state.ts';
export { computeHere, type HistoryComputations, type StateUpdates } from './history/history-computations.ts';
export type {
  AttributedRange,
  HistoryChange,
  HistoryOutline,
  HistorySpan,
  HistoryStore,
  KeyFrame,
  KeyFrameInfo,
  NamedVersion,
  RecordBlock,
} from './history/history-store.ts';
export type { MakeState } from './history/key-frame-maker.ts';
export { MOMENTS_DEFAULT_LIMIT, type Moment, type MomentRange } from './history/moments.ts';
export { MAX_VERSION_TEXT_BYTES, NamedVersions, type NewVersion } from './history/named-versions.ts';
export { REPLAY_DEFAULTS, type ReplayOptions, type ReplayStep, type Sleep } from './history/replay.ts';
export {
  RETENTION_DEFAULTS,
  type Retention,
  type RetentionPolicy,
  type RetentionTier,
} from './history/retention-policy.ts';
export { LEVEL_STORE_DEFAULTS, type LevelStoreOptions, type StoreClock, type StoreLogger } from './level-options.ts';
export { LevelStore } from './level-store.ts';
export { MemoryStore, type MemoryStoreOptions } from './memory-store.ts';
export { ReadOnlyStore } from './read-only-store.ts';
export { type LinkOptions, RemoteStore, type RemoteStoreOptions } from './remote/remote-store.ts';
export { StoreHost, type StoreHostOptions } from './remote/store-host.ts';
export { Turns } from './turns.ts';
