import { HistoryClient } from '@headwater/client/history';
import { signal } from '@preact/signals';
import { apiToken } from '../shared/api-token.ts';

/** More than these are a matter for the command. */
const MAX_SHOWN = 100;

/** A document of the server. */
export interface StoredDocument {
  readonly name: string;
  readonly bytes: number;
  readonly updatedMs: number;
}

/** What is known of the server's documents. */
export type Listing =
  | { readonly kind: 'loading' }
  | { readonly kind: 'listed'; readonly documents: readonly StoredDocument[]; readonly hasMore: boolean }
  | { readonly kind: 'token'; readonly isRetry: boolean }
  | { readonly kind: 'failed'; readonly why: string };

/** The documents of the server, the latest first, as its API lists them. */
export class DocumentList {
  readonly listing = signal<Listing>({ kind: 'loading' });
  readonly #serverUrl: URL;
  #requests = 0;

  constructor(serverUrl: URL) {
    this.#serverUrl = serverUrl;
  }

  /** Asks the server again; what was listed stays until it answers. Of several requests the last one's answer counts. */
  async refresh(): Promise<void> {
    this.#requests += 1;
    const request = this.#requests;
    const listing = await this.#ask();
    if (request === this.#requests) this.listing.value = listing;
  }

  async #ask(): Promise<Listing> {
    try {
      const history = new HistoryClient(this.#serverUrl, { token: apiToken.value });
      const { documents, next } = await history.documents({ limit: MAX_SHOWN });
      const stored = documents.map(({ name, snapshotBytes, tailBytes, updatedMs }) => ({
        name,
        bytes: snapshotBytes + tailBytes,
        updatedMs,
      }));
      const latestFirst = stored.toSorted((a, b) => b.updatedMs - a.updatedMs);
      return { kind: 'listed', documents: latestFirst, hasMore: next !== undefined };
    } catch (error) {
      return afterFailure(error);
    }
  }
}

function afterFailure(error: unknown): Listing {
  const { code, message } = error as { code?: unknown; message?: unknown };
  if (code === 'HW_API_TOKEN_WRONG') return { kind: 'token', isRetry: apiToken.value !== undefined };
  if (code === 'HW_SERVER_UNREACHABLE') return { kind: 'failed', why: 'The server does not answer.' };
  return { kind: 'failed', why: String(message) };
}
