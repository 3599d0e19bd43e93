import { WebSocket } from 'ws';
import type * as Y from 'yjs';
import { HeadwaterProvider as BrowserProvider } from './provider/headwater-provider.ts';
import type { HeadwaterProviderOptions } from './provider/provider-options.ts';
import type { Abortable } from './provider/waiting.ts';

export type { HeadwaterProviderEvents } from './provider/headwater-provider.ts';
export type { HeadwaterProviderOptions } from './provider/provider-options.ts';

/** The `HeadwaterProvider` of `@headwater/client`, with the WebSocket of the package `ws`: Node 20 has none. */
export class HeadwaterProvider extends BrowserProvider {
  /** @throws HeadwaterError `HW_OPTIONS_INVALID` */
  constructor(options: HeadwaterProviderOptions) {
    super({ ...options, WebSocket: options.WebSocket ?? WebSocket });
  }
}

/** How to open a document. */
export interface OpenDocumentOptions
  extends Pick<HeadwaterProviderOptions, 'url' | 'name' | 'document' | 'token' | 'WebSocket'>,
    Abortable {}

/** A document of a server, live. */
export interface OpenDocument extends AsyncDisposable {
  readonly name: string;
  readonly document: Y.Doc;
  /** @throws HeadwaterError when access is denied meanwhile, or the document closed; the reason of the signal */
  whenSaved(options?: Abortable): Promise<void>;
  /**
   * Waits until everything is saved, and ends.
   *
   * @throws like {@link whenSaved}, when it ended with something unsaved
   */
  close(options?: Abortable): Promise<void>;
}

/**
 * Opens a document over the network the way `server.open` does in the server's own process: it is a client like any other, for scripts and
 * services.
 *
 * @example
 * ```ts
 * await using notes = await openDocument({ url: 'ws://127.0.0.1:1234', name: 'notes', token });
 * notes.document.getText('body').insert(0, 'hello');
 * await notes.whenSaved();
 * ```
 *
 * @throws HeadwaterError `HW_OPTIONS_INVALID`; what a denial says; the reason of the signal, before it is synced
 */
export async function openDocument({ signal, ...options }: OpenDocumentOptions): Promise<OpenDocument> {
  const provider = new HeadwaterProvider({ ...options, awareness: null, broadcast: false });
  provider.on('denied', () => {}); // it is thrown
  try {
    await provider.whenSynced({ signal });
  } catch (error) {
    provider.destroy();
    throw error;
  }
  let closing: Promise<void> | undefined;
  const close = (until?: Abortable): Promise<void> =>
    (closing ??= provider.whenSaved(until).finally(() => provider.destroy()));
  return {
    name: provider.name,
    document: provider.document,
    whenSaved: (until) => provider.whenSaved(until),
    close,
    [Symbol.asyncDispose]: close,
  };
}
