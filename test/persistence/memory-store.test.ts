import { MemoryStore } from '@headwater/persistence';
import { describeDocumentStore } from '../contracts/document-store.ts';
import { describeHistoryStore } from '../contracts/history-store.ts';

describeDocumentStore('MemoryStore', async () => new MemoryStore());
describeHistoryStore('MemoryStore', async (options) => new MemoryStore(options));
