import { signal } from '@preact/signals';

const KEY = 'headwater-api-token';

/** The server's `apiToken`, where it has one and somebody gave it. For this tab only: whoever opens the page again is asked again. */
export const apiToken = signal(sessionStorage.getItem(KEY) ?? undefined);

export function keepApiToken(token: string): void {
  apiToken.value = token;
  sessionStorage.setItem(KEY, token);
}
