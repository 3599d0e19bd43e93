import type { DeleteOptions } from '@headwater/persistence';
import { type DocumentSurroundings, HostedDocument } from './hosted-document.ts';

/**
 * So long after a deletion every instance has let go of the document: it was told, or has met the tombstone in several sweeps. One that
 * still has the old document could not tell the next one of its name from it.
 */
const LET_GO_MS = 60_000;

/** The documents in memory, by name. */
export class DocumentRegistry {
  readonly #around: DocumentSurroundings;
  readonly #documents = new Map<string, HostedDocument>();

  constructor(around: Omit<DocumentSurroundings, 'onClosed'>) {
    this.#around = { ...around, onClosed: (document) => this.#forget(document) };
  }

  get size(): number {
    return this.#documents.size;
  }

  /**
   * The document of this name, loaded; whoever asks while it loads waits for the same load.
   *
   * @throws HW_STORE_CORRUPT, or whatever else kept the store from reading it
   */
  async open(name: string): Promise<HostedDocument> {
    for (;;) {
      let document = this.#documents.get(name);
      if (document === undefined) {
        document = new HostedDocument(name, this.#around);
        this.#documents.set(name, document);
      }
      await document.whenLoaded();
      if (document.state !== 'closed') return document;
      this.#forget(document); // it has told so itself; were it still here, this would go round for ever
    }
  }

  /**
   * Deletes a document here and at every other instance: whoever has it open is told, and nobody who still has it brings it back. With
   * `allowReuse` those who have it open bring it back at once; of several instances the name becomes free only a minute after a deletion.
   *
   * @returns once that is durable: whether there was a document
   * @throws HW_NAME_INVALID, HW_STORE_UNAVAILABLE, HW_STORE_CLOSED; HW_DOCUMENT_EXISTS and HW_DOCUMENT_DELETED when the name may not be free
   */
  async delete(name: string, { allowReuse = false, ...options }: DeleteOptions = {}): Promise<boolean> {
    const { store, cluster, logger } = this.#around;
    const { deletedForMs = cluster === undefined ? 0 : LET_GO_MS } = options;
    const wasThere = await store.delete(name, { allowReuse, deletedForMs });
    logger.info({ documentName: name, wasThere, allowReuse }, 'document deleted');
    cluster?.relay.forget(name);
    cluster?.relay.tell(name, { kind: 'deleted' });
    const document = this.#documents.get(name);
    if (allowReuse) document?.outdate();
    else document?.discard();
    return wasThere;
  }

  /** Hands what is pending in a document, when it is in memory, to the store: whoever reads that from now on finds it. */
  flush(name: string): void {
    this.#documents.get(name)?.flush();
  }

  /** Sends text to every session of a document whose client knows such, here and at other instances. */
  broadcastStateless(name: string, payload: string): void {
    const document = this.#documents.get(name);
    if (document !== undefined) document.broadcastStateless(payload);
    else this.#around.cluster?.relay.tell(name, { kind: 'stateless', payload });
  }

  /** The document of this name, if it is in memory. */
  find(name: string): HostedDocument | undefined {
    return this.#documents.get(name);
  }

  /** Resolves once everything received is durable. */
  async saveAll(): Promise<void> {
    await Promise.all([...this.#documents.values()].map((document) => document.save()));
  }

  /** The store was in other hands: see {@link HostedDocument.outdate}. */
  outdateAll(): void {
    for (const document of this.#documents.values()) document.outdate();
  }

  close(): void {
    for (const document of this.#documents.values()) document.dispose();
    this.#documents.clear();
  }

  #forget(document: HostedDocument): void {
    if (this.#documents.get(document.name) === document) this.#documents.delete(document.name);
  }
}
