import type * as Y from 'yjs';

/** How long to wait. */
export interface WaitOptions {
  readonly signal?: AbortSignal | undefined;
}

/**
 * A document that the server's own process has open: a `Y.Doc` that is kept up to date as a client's is, and whose edits go to
 * everybody.
 */
export interface OpenDocument extends AsyncDisposable {
  readonly name: string;

  /**
   * Edit it and observe it as any `Y.Doc`. Transactions that bring the edits of others have this {@link OpenDocument} as their
   * origin.
   */
  readonly document: Y.Doc;

  /**
   * Resolves once every edit made here so far is fsynced. It waits as long as the store fails, and an abort undoes no edit.
   *
   * @throws HW_SHUTTING_DOWN when the server stopped before; HW_DOCUMENT_DELETED when the document was deleted before; the error of the edit when one could not be taken up
   * (HW_UPDATE_MALFORMED, say), which also the call that made it has thrown; the reason of the signal
   */
  whenSaved(options?: WaitOptions): Promise<void>;

  /**
   * Leaves the document: edits made from now on are not for others, and nothing comes any more. Resolves once those made before are
   * fsynced, and throws as {@link whenSaved} does. The `Y.Doc` can be read on. Idempotent. Destroying the `Y.Doc` does it, too.
   */
  close(): Promise<void>;
}
