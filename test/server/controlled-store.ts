import {
  type Append,
  type DeleteOptions,
  type DocumentChange,
  type DocumentStore,
  type HistoryChange,
  MemoryStore,
  type QuarantinedUpdate,
  type Snapshot,
  type StoredDocument,
  type StoreHealth,
} from '@headwater/persistence';
import { type Deferred, deferred } from './deferred.ts';

/** A `MemoryStore` whose two moments of a write, and whose loads, happen when a test says so. */
export class ControlledStore implements DocumentStore {
  inner: MemoryStore;
  #epoch = 1;
  /** Where logs ended when it was opened again, by document. */
  #openedAt = new Map<string, number>();
  /** Every change that was appended, of whatever document. */
  readonly changes: DocumentChange[] = [];
  readonly loadedNames: string[] = [];
  /** Whether what is appended is never written: its process dies first. */
  drops = false;
  /** Called with each append. */
  onAppend: () => void = () => {};
  /** How often a document was loaded. */
  get loads(): number {
    return this.loadedNames.length;
  }

  constructor(inner = new MemoryStore()) {
    this.inner = inner;
  }

  #written: Deferred<void> | undefined;
  #durable: Deferred<void> | undefined;
  #load: Deferred<void> | undefined;
  /** Appends reject `written` with this; what was appended is written later all the same, as the contract says. */
  writeError: Error | undefined;
  loadError: Error | undefined;
  snapshotError: Error | undefined;
  health: StoreHealth = { status: 'ok', unsavedBytes: 0 };

  /** Holds back `written` of every append until the returned function is called. */
  holdWrites(): () => void {
    const held = deferred();
    this.#written = held;
    return () => {
      if (this.#written === held) this.#written = undefined;
      held.resolve();
    };
  }

  /** The same for `durable`. */
  holdSyncs(): () => void {
    const held = deferred();
    this.#durable = held;
    return () => {
      if (this.#durable === held) this.#durable = undefined;
      held.resolve();
    };
  }

  /** The same for loads. */
  holdLoads(): () => void {
    const held = deferred();
    this.#load = held;
    return () => {
      if (this.#load === held) this.#load = undefined;
      held.resolve();
    };
  }

  async load(documentName: string): Promise<StoredDocument> {
    this.loadedNames.push(documentName);
    await this.#load?.promise;
    if (this.loadError !== undefined) throw this.loadError;
    return this.inner.load(documentName);
  }

  append(documentName: string, change: DocumentChange): Append {
    this.changes.push(change);
    this.onAppend();
    if (this.drops) return { written: Promise.reject(this.writeError), durable: new Promise(() => {}) };
    const append = this.inner.append(documentName, change);
    const { writeError } = this;
    const written =
      writeError === undefined ? after(this.#written?.promise, append.written) : Promise.reject(writeError);
    return { written, durable: after(this.#durable?.promise, append.durable) };
  }

  async replaceSnapshot(
    name: string,
    snapshot: Snapshot,
    quarantine?: readonly QuarantinedUpdate[],
    documentId?: number,
  ): Promise<void> {
    if (this.snapshotError !== undefined) throw this.snapshotError;
    await this.inner.replaceSnapshot(name, snapshot, quarantine, documentId);
  }

  quarantined(documentName: string) {
    return this.inner.quarantined(documentName);
  }

  list(range?: { readonly after?: string | undefined; readonly limit?: number | undefined }) {
    return this.inner.list(range);
  }

  info(documentName: string) {
    return this.inner.info(documentName);
  }

  get epoch(): number {
    return this.#epoch;
  }

  /** Another process opens it, and finds this. */
  async reopen(found: MemoryStore): Promise<void> {
    for await (const { documentName, sequence } of found.list()) this.#openedAt.set(documentName, sequence);
    this.inner = found;
    this.#epoch++;
  }

  async logEnds(documentNames: readonly string[]) {
    const ends = await this.inner.logEnds(documentNames);
    return ends.map((end, index) => ({ ...end, atOpening: this.#openedAt.get(documentNames[index] ?? '') ?? 0 }));
  }

  delete(documentName: string, options?: DeleteOptions) {
    return this.inner.delete(documentName, options);
  }

  listDeleted(range?: { readonly after?: string | undefined; readonly limit?: number | undefined }) {
    return this.inner.listDeleted(range);
  }

  history(documentName: string) {
    return this.inner.history(documentName);
  }

  recordBlocks(documentName: string, range: { readonly after: number; readonly upTo?: number | undefined }) {
    return this.inner.recordBlocks(documentName, range);
  }

  keyFrame(documentName: string, sequence: number) {
    return this.inner.keyFrame(documentName, sequence);
  }

  attribution(documentName: string) {
    return this.inner.attribution(documentName);
  }

  changeHistory(documentName: string, change: HistoryChange) {
    return this.inner.changeHistory(documentName, change);
  }

  close(): Promise<void> {
    return this.inner.close();
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.close();
  }
}

async function after(moment: Promise<void> | undefined, result: Promise<number>): Promise<number> {
  await moment;
  return result;
}
