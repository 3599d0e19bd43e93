import * as Y from 'yjs';
import type { RunningServer } from '../contestants/contestant.ts';
import { DocumentAddress } from '../load/document-address.ts';
import { updateMessage } from '../load/messages.ts';
import { SyncClient } from '../load/sync-client.ts';

const FEED_TIMEOUT_MS = 60_000;

/**
 * Writes updates into a document as one client would, and resolves when the server has sent all of them back, which is
 * the only thing a stock client can know about what became of them.
 */
export async function feed(server: RunningServer, documentName: string, updates: readonly Uint8Array[]): Promise<void> {
  const missing = new Map<number, number>();
  for (const update of updates) {
    for (const [client, clock] of Y.parseUpdateMeta(update).to) missing.set(client, clock);
  }
  const address = new DocumentAddress(`/${documentName}`, server.dialect);
  await new Promise<void>((resolve, reject) => {
    const timer = setTimeout(() => {
      reject(new Error(`${server.name} did not send back ${missing.size} of ${updates.length} updates`));
    }, FEED_TIMEOUT_MS);
    const client = new SyncClient({
      port: server.port,
      address,
      retainBytes: 64 * 1024 * 1024,
      onRuns: (runs) => {
        for (let i = 0; i < runs.length; i += 3) {
          const writer = runs[i] ?? 0;
          const until = missing.get(writer);
          if (until !== undefined && (runs[i + 1] ?? 0) + (runs[i + 2] ?? 0) >= until) missing.delete(writer);
        }
        if (missing.size > 0) return;
        clearTimeout(timer);
        void client.close().then(resolve, reject);
      },
    });
    client.joined.then(() => {
      for (const update of updates) client.send(address.frame(updateMessage(update)));
    }, reject);
  });
}
