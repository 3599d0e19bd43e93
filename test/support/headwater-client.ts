import { HeadwaterProvider, type HeadwaterProviderOptions, type RefusedEdits, type Status } from '@headwater/client';
import { WebSocket } from 'ws';
import type * as Y from 'yjs';

const WAIT_TIMEOUT_MS = 20_000;

/** How a client connects, besides to which document. */
export type HeadwaterClientOptions = Omit<HeadwaterProviderOptions, 'url' | 'name'>;

/**
 * A client of an application with Headwater's own provider, on a socket that it shares with nobody. It remembers which edits are
 * its own, and which of them it was told are saved.
 */
export class HeadwaterClient implements AsyncDisposable {
  readonly provider: HeadwaterProvider;
  /** Every update of the document that the server did not bring. */
  readonly own: Uint8Array[] = [];
  readonly statuses: Status[] = [];
  readonly refused: RefusedEdits[] = [];
  readonly errors: Error[] = [];
  #savedCount = 0;

  constructor(url: string, name: string, options: HeadwaterClientOptions = {}) {
    this.provider = new HeadwaterProvider({ WebSocket: class extends WebSocket {}, ...options, url, name });
    this.provider.document.on('update', (update: Uint8Array, origin: unknown) => {
      if (origin !== this.provider) this.own.push(update);
    });
    this.provider.on('saved', () => this.#look());
    this.provider.on('status', (status) => this.statuses.push(status));
    this.provider.on('refused', (edits) => this.refused.push(edits));
    for (const event of ['error', 'denied'] as const) this.provider.on(event, (error) => this.errors.push(error));
  }

  get doc(): Y.Doc {
    return this.provider.document;
  }

  get text(): Y.Text {
    return this.doc.getText('text');
  }

  /** Those of its own edits that did not count as unsaved at some time: edits are saved in the order in which they were made. */
  get calledSaved(): readonly Uint8Array[] {
    this.#look();
    return this.own.slice(0, this.#savedCount);
  }

  async synced(): Promise<this> {
    await this.provider.whenSynced({ signal: AbortSignal.timeout(WAIT_TIMEOUT_MS) });
    return this;
  }

  async saved(timeoutMs = WAIT_TIMEOUT_MS): Promise<void> {
    await this.provider.whenSaved({ signal: AbortSignal.timeout(timeoutMs) });
  }

  #look(): void {
    this.#savedCount = Math.max(this.#savedCount, this.own.length - this.provider.unsavedChanges);
  }

  /** Waits until the predicate holds, looking after every change of the document and of what the provider says. */
  until(isMet: () => boolean, what: string, timeoutMs = WAIT_TIMEOUT_MS): Promise<void> {
    const { provider, doc } = this;
    return new Promise((resolve, reject) => {
      const stop = (): void => {
        clearTimeout(timer);
        doc.off('afterTransaction', look);
        provider.awareness?.off('update', look);
        for (const event of ['status', 'synced', 'saved', 'refused'] as const) provider.off(event, look);
      };
      const look = (): void => {
        if (!isMet()) return;
        stop();
        resolve();
      };
      const timer = setTimeout(() => {
        stop();
        reject(new Error(`timed out after ${timeoutMs} ms waiting for ${what}`));
      }, timeoutMs);
      doc.on('afterTransaction', look);
      provider.awareness?.on('update', look);
      for (const event of ['status', 'synced', 'saved', 'refused'] as const) provider.on(event, look);
      look();
    });
  }

  /** Ends it; the document stays. */
  close(): void {
    this.provider.destroy();
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.close();
  }
}
