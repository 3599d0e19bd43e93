/** Whether this runs in a page of a browser. */
export function isPage(): boolean {
  return typeof document !== 'undefined';
}

/** Whether somebody may be looking. Without a page, as in Node, somebody is. */
export function isPageVisible(): boolean {
  return !isPage() || document.visibilityState !== 'hidden';
}

/**
 * Calls back when the network comes back, and when the page is looked at again.
 *
 * @returns how to end it
 */
export function onPageAwake(wake: () => void): () => void {
  if (typeof addEventListener === 'undefined') return () => {};
  const look = (): void => {
    if (isPageVisible()) wake();
  };
  addEventListener('online', wake);
  addEventListener('pageshow', look);
  globalThis.document?.addEventListener('visibilitychange', look);
  return () => {
    removeEventListener('online', wake);
    removeEventListener('pageshow', look);
    globalThis.document?.removeEventListener('visibilitychange', look);
  };
}
