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
