import { useSignal } from '@preact/signals';
import { useEffect } from 'preact/hooks';
import { apiToken } from '../../shared/api-token.ts';
import { Mark } from '../../shared/icons.tsx';
import { TokenForm } from '../../shared/token-form.tsx';
import type { Address } from '../address.ts';
import { Inspector } from '../inspector.ts';
import { App } from './app.tsx';

type Opening =
  | { readonly kind: 'opening' }
  | { readonly kind: 'open'; readonly inspector: Inspector }
  | { readonly kind: 'token'; readonly isRetry: boolean }
  | { readonly kind: 'failed'; readonly title: string; readonly detail: string };

/** What stands before the page: whether there is such a document, and whether one may see it. */
export function Gate({ address }: { readonly address: Address }) {
  const opening = useSignal<Opening>({ kind: 'opening' });
  const open = async (): Promise<void> => {
    try {
      opening.value = { kind: 'open', inspector: await Inspector.open(address, apiToken.value) };
    } catch (error) {
      opening.value = afterFailure(error, address.documentName);
    }
  };
  useEffect(() => void open(), []);

  switch (opening.value.kind) {
    case 'open':
      return <App inspector={opening.value.inspector} />;
    case 'opening':
      return (
        <main class="gate is-opening" aria-busy="true">
          <Mark />
          <p>Reading the history…</p>
        </main>
      );
    case 'token':
      return (
        <main class="gate">
          <Mark />
          <h1>This server asks for a token</h1>
          <TokenForm isRetry={opening.value.isRetry} onToken={() => void open()} />
        </main>
      );
    case 'failed':
      return (
        <main class="gate">
          <Mark />
          <h1>{opening.value.title}</h1>
          <p>{opening.value.detail}</p>
          <button type="button" class="button" onClick={() => void open()}>
            Try again
          </button>
        </main>
      );
  }
}

function afterFailure(error: unknown, documentName: string): Opening {
  const { code, message } = error as { code?: unknown; message?: unknown };
  if (code === 'HW_API_TOKEN_WRONG') return { kind: 'token', isRetry: apiToken.value !== undefined };
  const isUnknown = code === 'HW_DOCUMENT_UNKNOWN';
  return {
    kind: 'failed',
    title: isUnknown ? `There is no document “${documentName}”` : 'This document cannot be shown',
    detail: isUnknown ? 'It is made by the first edit of a client; then it can be looked at here.' : String(message),
  };
}
