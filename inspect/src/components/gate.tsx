import { useSignal } from '@preact/signals';
import { useEffect } from 'preact/hooks';
import type { Address } from '../address.ts';
import { Inspector } from '../inspector.ts';
import { App } from './app.tsx';
import { Mark } from './icons.tsx';

/** For this tab only: whoever opens the page again is asked again. */
const TOKEN_KEY = 'headwater-api-token';

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
      const token = sessionStorage.getItem(TOKEN_KEY) ?? undefined;
      opening.value = { kind: 'open', inspector: await Inspector.open(address, token) };
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
        <TokenForm
          isRetry={opening.value.isRetry}
          onToken={(token) => {
            sessionStorage.setItem(TOKEN_KEY, token);
            void open();
          }}
        />
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

interface TokenFormProps {
  readonly isRetry: boolean;
  readonly onToken: (token: string) => void;
}

function TokenForm({ isRetry, onToken }: TokenFormProps) {
  const token = useSignal('');
  return (
    <main class="gate">
      <Mark />
      <h1>This server asks for a token</h1>
      {isRetry && <p role="alert">That was not the token of this server.</p>}
      <form
        onSubmit={(event) => {
          event.preventDefault();
          onToken(token.value);
        }}
      >
        <label class="field">
          API token
          <input
            type="password"
            required
            autocomplete="off"
            value={token.value}
            onInput={({ currentTarget }) => {
              token.value = currentTarget.value;
            }}
          />
        </label>
        <button type="submit" class="button is-primary">
          Open
        </button>
      </form>
    </main>
  );
}

function afterFailure(error: unknown, documentName: string): Opening {
  const { code, message } = error as { code?: unknown; message?: unknown };
  if (code === 'HW_API_TOKEN_WRONG') return { kind: 'token', isRetry: sessionStorage.getItem(TOKEN_KEY) !== null };
  const isUnknown = code === 'HW_DOCUMENT_UNKNOWN';
  return {
    kind: 'failed',
    title: isUnknown ? `There is no document “${documentName}”` : 'This document cannot be shown',
    detail: isUnknown ? 'It is made by the first edit of a client; then it can be looked at here.' : String(message),
  };
}
