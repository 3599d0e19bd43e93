import { HeadwaterProvider, type HeadwaterProviderOptions } from '@headwater/client';
import { onTestFinished } from 'vitest';
import type * as Y from 'yjs';
import type { FakeServer } from './fake-server.ts';

/** A provider of a document on a fake server, destroyed when the test ends. */
export function provide(server: FakeServer, options: Partial<HeadwaterProviderOptions> = {}): HeadwaterProvider {
  const provider = new HeadwaterProvider({ url: 'ws://fake', name: 'notes', WebSocket: server.WebSocket, ...options });
  onTestFinished(() => provider.destroy());
  return provider;
}

export function textOf({ document }: { readonly document: Y.Doc }): Y.Text {
  return document.getText('text');
}

/** Lets everything happen that needs no time. */
export function settled(): Promise<void> {
  return new Promise((resolve) => setImmediate(resolve));
}
