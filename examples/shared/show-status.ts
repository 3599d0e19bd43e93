import type { HeadwaterProvider } from '@headwater/client';
import { StatusBar } from './status-bar.ts';

/** Puts a provider's status, and its `saved`, on the page. */
export function showStatus(provider: HeadwaterProvider): void {
  const bar = new StatusBar({
    awareness: provider.presence.awareness,
    connect: () => provider.connect(),
    disconnect: () => provider.disconnect(),
  });
  bar.connection(provider.status);
  provider.on('status', (status) => bar.connection(status));
  provider.on('saved', (_saved, unsavedChanges) => bar.unsaved(unsavedChanges));
}
