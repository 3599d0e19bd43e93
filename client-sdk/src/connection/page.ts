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
  /** Also fires at the end of the first load, while the first attempt is under way: only a page that was frozen slept. */
  const lookAgain = ({ persisted }: PageTransitionEvent): void => {
    if (persisted) look();
  };
  addEventListener('online', wake);
  addEventListener('pageshow', lookAgain);
  globalThis.document?.addEventListener('visibilitychange', look);
  return () => {
    removeEventListener('online', wake);
    removeEventListener('pageshow', lookAgain);
    globalThis.document?.removeEventListener('visibilitychange', look);
  };
}
