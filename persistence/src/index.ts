export { contentOf, type RootContent, toJson, toPlainValues } from './content/plain-values.ts';
export { type RootKind, rootKindOf, rootKinds } from './content/root-kinds.ts';
export { checkDocumentName, MAX_DOCUMENT_NAME_BYTES } from './document-name.ts';
export type {
  Append,
  DocumentChange,
  DocumentInfo,
  DocumentStore,
  LogEntry,
  LogRecord,
  QuarantinedUpdate,
  Snapshot,
  StoredDocument,
  StoreHealth,
} from './document-store.ts';
export { LEVEL_STORE_DEFAULTS, type LevelStoreOptions, type StoreClock, type StoreLogger } from './level-options.ts';
export { LevelStore } from './level-store.ts';
export { MemoryStore } from './memory-store.ts';
