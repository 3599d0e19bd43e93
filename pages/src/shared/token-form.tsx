import { useSignal } from '@preact/signals';
import { keepApiToken } from './api-token.ts';

interface TokenFormProps {
  /** Whether one was given that is not the server's. */
  readonly isRetry: boolean;
  readonly onToken: () => void;
}

/** Asks for the server's API token and keeps it. */
export function TokenForm({ isRetry, onToken }: TokenFormProps) {
  const token = useSignal('');
  return (
    <>
      {isRetry && <p role="alert">That was not the token of this server.</p>}
      <form
        class="token-form"
        onSubmit={(event) => {
          event.preventDefault();
          keepApiToken(token.value);
          onToken();
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
    </>
  );
}
