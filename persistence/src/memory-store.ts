import { randomUUID } from 'node:crypto';
import { HeadwaterError } from '@headwater/protocol';
import { Deferred } from './deferred.ts';
import { checkNameMayBeFree, documentDeleted } from './deletion.ts';
import { encodeDocumentName } from './document-name.ts';
import type {
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
import type { AttributedRange, HistoryChange, HistoryOutline, KeyFrame, RecordBlock } from './history/history-store.ts';
import { MemoryHistory } from './history/memory-history.ts';
import { RETENTION_DEFAULTS, type Retention } from './history/retention-policy.ts';
import { encodeLogRecord } from './record-codec.ts';

interface MemoryDocument {
  readonly id: number;
  readonly documentName: string;
  /** The name's UTF-8, which documents are listed in the order of. */
  readonly nameBytes: Uint8Array;
  readonly createdMs: number;
  sequence: number;
  snapshot: Snapshot | undefined;
  tail: { readonly record: LogRecord; readonly bytes: number }[];
  /** By the updates' bytes, as Latin-1. */
  readonly waiting: Map<string, LogEntry>;
  readonly quarantine: QuarantinedUpdate[];
  readonly history: MemoryHistory;
}

const encoder = new TextEncoder();

export interface MemoryStoreOptions {
  /** What is kept of a document's past, unless the document says otherwise. @defaultValue {@link RETENTION_DEFAULTS} */
  readonly retention?: Retention | undefined;
}

/**
 * A store that lasts as long as its process: for tests, and for trying Headwater without a disk. It keeps the same
 * promises as `LevelStore` but the one about crashes, so everything it accepts counts as durable at once.
 *
 * @example
 * ```ts
 * await using store = new MemoryStore();
 * await store.append('notes', { timeMs: Date.now(), entries: [{ update, author: 'ada' }] }).durable;
 * ```
 */
export class MemoryStore implements DocumentStore {
  /** Made anew with every store. */
  readonly storeId = randomUUID();
  /** It is opened once. */
  readonly epoch = 1;
  readonly #documents = new Map<string, MemoryDocument>();
  /** By name, when they were deleted. */
  readonly #deleted = new Map<string, DeletedDocument>();
  readonly #retention: Retention;
  #lastId = 0;
  #isClosed = false;

  constructor(options: MemoryStoreOptions = {}) {
    this.#retention = options.retention ?? RETENTION_DEFAULTS;
  }

  get health(): StoreHealth {
    return { status: 'ok', unsavedBytes: 0 };
  }

  async load(documentName: string): Promise<StoredDocument> {
    const document = this.#find(documentName);
    this.#refuseDeleted(documentName);
    return {
      documentId: document?.id ?? 0,
      snapshot: document?.snapshot,
      tail: document?.tail.map(({ record }) => record) ?? [],
      waiting: [...(document?.waiting.values() ?? [])],
    };
  }

  append(documentName: string, change: DocumentChange): Append {
    const written = new Deferred<number>();
    const durable = new Deferred<number>();
    try {
      const sequence = this.#write(documentName, change);
      written.resolve(sequence);
      durable.resolve(sequence);
    } catch (error) {
      written.reject(error as Error);
      durable.reject(error as Error);
    }
    return { written: written.promise, durable: durable.promise };
  }

  async replaceSnapshot(
    documentName: string,
    snapshot: Snapshot,
    quarantine: readonly QuarantinedUpdate[] = [],
    documentId?: number,
  ): Promise<void> {
    const document = this.#find(documentName);
    const isAnother = documentId !== undefined && documentId !== document?.id;
    if (document === undefined || snapshot.sequence > document.sequence || isAnother) {
      throw new HeadwaterError('HW_DOCUMENT_UNKNOWN', `no log of "${documentName}" reaches ${snapshot.sequence}`);
    }
    if (document.snapshot !== undefined && snapshot.sequence < document.snapshot.sequence) return;
    document.history.takeOver(presentOf(document), snapshot.sequence, this.#retention);
    document.snapshot = {
      ...snapshot,
      update: snapshot.update.slice(),
      stateVector: snapshot.stateVector.slice(),
      deleteSet: snapshot.deleteSet.slice(),
    };
    document.tail = document.tail.filter(({ record }) => record.sequence > snapshot.sequence);
    document.quarantine.push(...quarantine.map((update) => ({ ...update, update: update.update.slice() })));
  }

  async quarantined(documentName: string): Promise<readonly QuarantinedUpdate[]> {
    return [...(this.#find(documentName)?.quarantine ?? [])];
  }

  async history(documentName: string): Promise<HistoryOutline | undefined> {
    const document = this.#find(documentName);
    return document?.history.outline(presentOf(document), this.#retention);
  }

  async *recordBlocks(
    documentName: string,
    { after, upTo = Number.POSITIVE_INFINITY }: { readonly after: number; readonly upTo?: number | undefined },
  ): AsyncIterable<RecordBlock> {
    let at = after;
    for (;;) {
      const document = this.#find(documentName);
      const block = document?.history.block(presentOf(document), at, upTo);
      if (block === undefined) return;
      yield block;
      at = block.last;
    }
  }

  async keyFrame(documentName: string, sequence: number): Promise<KeyFrame | undefined> {
    const document = this.#find(documentName);
    return document?.history.keyFrame(presentOf(document), sequence);
  }

  async attribution(documentName: string): Promise<readonly AttributedRange[]> {
    return this.#find(documentName)?.history.attribution ?? [];
  }

  async changeHistory(documentName: string, change: HistoryChange): Promise<void> {
    const document = this.#find(documentName);
    if (document === undefined) {
      throw new HeadwaterError('HW_DOCUMENT_UNKNOWN', `there is no document "${documentName}"`);
    }
    document.history.change(presentOf(document), change);
  }

  async *list(
    range: { readonly after?: string | undefined; readonly limit?: number | undefined } = {},
  ): AsyncIterable<DocumentInfo> {
    this.#assertOpen();
    const after = encoder.encode(range.after ?? '');
    const documents = [...this.#documents.values()]
      .filter(({ nameBytes }) => Buffer.compare(nameBytes, after) > 0)
      .sort((a, b) => Buffer.compare(a.nameBytes, b.nameBytes));
    for (const document of documents.slice(0, range.limit)) yield infoOf(document);
  }

  async info(documentName: string): Promise<DocumentInfo | undefined> {
    const document = this.#find(documentName);
    return document && infoOf(document);
  }

  async logEnds(documentNames: readonly string[]): Promise<readonly LogEnd[]> {
    this.#assertOpen();
    return documentNames.map((name) => {
      const { id = 0, sequence = 0 } = this.#find(name) ?? {};
      return { documentId: id, sequence, atOpening: 0, isDeleted: this.#deleted.has(name) };
    });
  }

  async delete(documentName: string, { allowReuse = false, deletedForMs = 0 }: DeleteOptions = {}): Promise<boolean> {
    const exists = this.#find(documentName) !== undefined;
    const deletedMs = this.#deleted.get(documentName)?.deletedMs;
    if (allowReuse) checkNameMayBeFree(documentName, { exists, deletedMs }, deletedForMs, Date.now());
    if (allowReuse) this.#deleted.delete(documentName);
    else if (!this.#deleted.has(documentName)) {
      this.#deleted.set(documentName, { documentName, deletedMs: Date.now() });
    }
    return this.#documents.delete(documentName);
  }

  async *listDeleted(
    range: { readonly after?: string | undefined; readonly limit?: number | undefined } = {},
  ): AsyncIterable<DeletedDocument> {
    this.#assertOpen();
    const after = encoder.encode(range.after ?? '');
    const deleted = [...this.#deleted.values()]
      .map((each) => ({ each, nameBytes: encoder.encode(each.documentName) }))
      .filter(({ nameBytes }) => Buffer.compare(nameBytes, after) > 0)
      .sort((a, b) => Buffer.compare(a.nameBytes, b.nameBytes));
    for (const { each } of deleted.slice(0, range.limit)) yield each;
  }

  async close(): Promise<void> {
    this.#isClosed = true;
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.close();
  }

  #write(documentName: string, change: DocumentChange): number {
    const added = change.addWaiting ?? [];
    let document = this.#find(documentName);
    if (document === undefined) {
      this.#refuseDeleted(documentName);
      if (change.entries.length === 0 && added.length === 0) return 0;
      this.#lastId += 1;
      document = {
        id: this.#lastId,
        documentName,
        nameBytes: encodeDocumentName(documentName),
        createdMs: change.timeMs,
        sequence: 0,
        snapshot: undefined,
        tail: [],
        waiting: new Map(),
        quarantine: [],
        history: new MemoryHistory(),
      };
      this.#documents.set(documentName, document);
    }
    for (const entry of added) document.waiting.set(keyOf(entry.update), copyOf(entry));
    for (const update of change.removeWaiting ?? []) document.waiting.delete(keyOf(update));
    if (change.entries.length > 0) {
      document.sequence += 1;
      document.tail.push({
        record: { sequence: document.sequence, timeMs: change.timeMs, entries: change.entries.map(copyOf) },
        bytes: encodeLogRecord(change.timeMs, change.entries).byteLength,
      });
    }
    return document.sequence;
  }

  #find(documentName: string): MemoryDocument | undefined {
    this.#assertOpen();
    encodeDocumentName(documentName);
    return this.#documents.get(documentName);
  }

  #refuseDeleted(documentName: string): void {
    const deleted = this.#deleted.get(documentName);
    if (deleted !== undefined) throw documentDeleted(documentName, deleted.deletedMs);
  }

  #assertOpen(): void {
    if (this.#isClosed) throw new HeadwaterError('HW_STORE_CLOSED', 'the store is closed');
  }
}

/** Callers keep their buffers, as they do with a store that writes to a disk. */
function copyOf(entry: LogEntry): LogEntry {
  return { update: entry.update.slice(), author: entry.author };
}

function keyOf(update: Uint8Array): string {
  return Buffer.from(update.buffer, update.byteOffset, update.byteLength).toString('latin1');
}

/** A document as its history sees it. */
function presentOf(document: MemoryDocument): Parameters<MemoryHistory['outline']>[0] {
  const { documentName, sequence, snapshot, tail } = document;
  return { documentName, sequence, snapshot, tail: tail.map(({ record }) => record) };
}

function infoOf(document: MemoryDocument): DocumentInfo {
  return {
    documentName: document.documentName,
    snapshotBytes: document.snapshot?.update.byteLength ?? 0,
    tailRecords: document.tail.length,
    tailBytes: document.tail.reduce((sum, { bytes }) => sum + bytes, 0),
    waitingUpdates: document.waiting.size,
    quarantinedUpdates: document.quarantine.length,
    sequence: document.sequence,
    createdMs: document.createdMs,
    updatedMs: document.tail.at(-1)?.record.timeMs ?? document.snapshot?.timeMs ?? document.createdMs,
  };
}
