import { setTimeout as delay } from 'node:timers/promises';
import { Backoff } from '@headwater/persistence';
import type { HeadwaterError } from '@headwater/protocol';
import * as Y from 'yjs';
import { isDeletion } from '../documents/deletion.ts';
import type { HostedDocument } from '../documents/hosted-document.ts';
import type { DocumentRegistry } from '../documents/registry.ts';
import type { Logger } from '../logging/logger.ts';
import { LocalSession } from './local-session.ts';
import type { OpenDocument, WaitOptions } from './open-document.ts';
import { SavedEdits } from './saved-edits.ts';

/** Waiting times of attempts to be in a document again that was loaded anew. */
const RETRY_MS = { minMs: 50, maxMs: 5_000 };

/** What an open document needs of the house around it. */
export interface LocalSurroundings {
  readonly registry: Pick<DocumentRegistry, 'open'>;
  readonly logger: Logger;
  /** Called once, when it is closed. */
  readonly onClosed: (document: LocalDocument) => void;
}

/** See {@link OpenDocument}. It has one session after the other, as the document in memory is loaded anew. */
export class LocalDocument implements OpenDocument {
  readonly name: string;
  readonly document = new Y.Doc();
  readonly #author: string;
  readonly #around: LocalSurroundings;
  readonly #edits = new SavedEdits();
  readonly #stopping = new AbortController();
  #session: LocalSession | undefined;
  #closing: Promise<void> | undefined;

  private constructor(name: string, author: string, around: LocalSurroundings) {
    this.name = name;
    this.#author = author;
    this.#around = around;
  }

  /** Resolves once the `Y.Doc` has what is there. @throws what `DocumentRegistry.open` does */
  static async open(name: string, author: string, around: LocalSurroundings): Promise<LocalDocument> {
    const opened = new LocalDocument(name, author, around);
    opened.document.on('update', opened.#onUpdate);
    opened.document.on('destroy', opened.#onDestroy);
    await opened.#join();
    return opened;
  }

  whenSaved({ signal }: WaitOptions = {}): Promise<void> {
    return this.#edits.whenSaved(signal);
  }

  close(): Promise<void> {
    this.#closing ??= this.#shutDown();
    return this.#closing;
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.close();
  }

  /** The server is about to stop: edits made from now on stay here. */
  takeNoMore(): void {
    this.document.off('update', this.#onUpdate);
    this.document.off('destroy', this.#onDestroy);
  }

  /** The server has stopped, or the document was deleted: what is not saved by now will not be. */
  abandon(error: HeadwaterError): void {
    this.#stopping.abort(error);
    this.#edits.end(error);
    this.#leave();
  }

  async #shutDown(): Promise<void> {
    this.takeNoMore();
    this.#session?.mute();
    try {
      await this.#edits.whenSaved();
    } finally {
      this.#stopping.abort();
      this.#leave();
    }
  }

  #leave(): void {
    this.#session?.leave();
    this.#session = undefined;
    this.#around.onClosed(this);
  }

  readonly #onUpdate = (update: Uint8Array, origin: unknown): void => {
    if (origin === this) return;
    const edit = this.#edits.made();
    try {
      this.#session?.edit(update, edit);
    } catch (error) {
      this.#edits.refused(error as Error);
      throw error;
    }
  };

  readonly #onDestroy = (): void => {
    this.close().catch(() => {}); // whoever wants to know asks whenSaved, or closes it first
  };

  /** Resolves once the `Y.Doc` has everything. */
  async #join(): Promise<void> {
    const { registry } = this.#around;
    for (;;) {
      const hosted = await registry.open(this.name);
      this.#stopping.signal.throwIfAborted();
      if (hosted.state !== 'closed' && (await this.#enter(hosted))) return;
    }
  }

  /** Resolves with false when the document in memory is loaded anew before the `Y.Doc` has everything. */
  #enter(hosted: HostedDocument): Promise<boolean> {
    return new Promise((resolve) => {
      const session = new LocalSession(
        this.#author,
        hosted,
        { doc: this.document, origin: this, lastEdit: () => this.#edits.last },
        {
          onSynced: () => resolve(true),
          onSaved: (edit) => {
            if (session === this.#session) this.#edits.saved(edit);
          },
          onError: (error) => this.#around.logger.error({ documentName: this.name, err: error }, 'an observer threw'),
          onRefused: (error) => this.#edits.refused(error),
          onEnded: (error) => {
            this.#session = undefined;
            if (isDeletion(error) && session.isSynced) this.abandon(error);
            else if (session.isSynced) void this.#joinAgain();
            else resolve(false);
          },
        },
      );
      this.#session = session;
      if (this.#closing !== undefined) session.mute();
      session.join();
    });
  }

  /** Edits made meanwhile go with the answer to the first question of the document. */
  async #joinAgain(): Promise<void> {
    const { signal } = this.#stopping;
    const backoff = new Backoff({ ...RETRY_MS, random: Math.random });
    while (!signal.aborted) {
      try {
        return await this.#join();
      } catch (error) {
        if (signal.aborted) return;
        if (isDeletion(error)) return this.abandon(error);
        this.#around.logger.warn(
          { documentName: this.name, err: error },
          'an open document cannot be had, trying again',
        );
        await delay(backoff.nextMs(), undefined, { signal, ref: false }).catch(() => {});
      }
    }
  }
}
