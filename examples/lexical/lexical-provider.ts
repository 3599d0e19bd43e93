import type { HeadwaterProvider } from '@headwater/client';
import type { Provider, ProviderAwareness } from '@lexical/yjs';

type StatusListener = (event: { status: string }) => void;

/** What Lexical asks of a provider: its events have other names than those of ours. */
export function lexicalProvider(provider: HeadwaterProvider): Provider {
  const statusListeners = new Map<StatusListener, (status: string) => void>();
  const events = {
    on(type: string, listener: never): void {
      if (type === 'sync') provider.on('synced', listener);
      if (type !== 'status') return;
      const onStatus = (status: string): void => (listener as StatusListener)({ status });
      statusListeners.set(listener, onStatus);
      provider.on('status', onStatus);
    },
    off(type: string, listener: never): void {
      if (type === 'sync') provider.off('synced', listener);
      const onStatus = statusListeners.get(listener);
      if (type !== 'status' || onStatus === undefined) return;
      statusListeners.delete(listener);
      provider.off('status', onStatus);
    },
  };
  return {
    ...events,
    awareness: provider.presence.awareness as unknown as ProviderAwareness,
    connect: () => provider.connect(),
    disconnect: () => provider.disconnect(),
  };
}
