import type * as Y from 'yjs';
import type { RunningServer } from '../contestants/contestant.ts';
import { connectStockClient } from '../contestants/stock-client.ts';
import { waitFor } from '../measure/wait-for.ts';

const FETCH_TIMEOUT_MS = 30_000;

/** What a stock client that knew nothing ends up with: the check that a fast answer was also the right one. */
export async function fetchDocument(server: RunningServer, documentName: string): Promise<Y.Doc> {
  using client = connectStockClient(server, documentName);
  await waitFor(`${documentName} to be synced`, () => client.isSynced, FETCH_TIMEOUT_MS);
  return client.doc;
}
