import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { LevelStore, type LevelStoreOptions, RemoteStore, StoreHost } from '@headwater/persistence';
import { afterAll } from 'vitest';
import { describeDocumentStore } from '../contracts/document-store.ts';
import { describeHistoryStore } from '../contracts/history-store.ts';
import { SECRET } from './remote-fixtures.ts';

const opened: (() => Promise<void>)[] = [];

afterAll(() => Promise.all(opened.map((close) => close())));

/** Another one each time, served over a socket of its own. */
async function open(options?: LevelStoreOptions): Promise<RemoteStore> {
  const directory = await mkdtemp(join(tmpdir(), 'headwater-contract-'));
  const store = await LevelStore.open(directory, options);
  const host = await StoreHost.start(store, { storeId: store.storeId, secret: SECRET });
  opened.push(async () => {
    await host.close();
    await store.close();
    await rm(directory, { recursive: true, force: true });
  });
  return RemoteStore.connect(host.address, { secret: SECRET });
}

describeDocumentStore('RemoteStore', open);
describeHistoryStore('RemoteStore', open);
