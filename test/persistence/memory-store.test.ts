import { MemoryStore } from '@headwater/persistence';
import { describeDocumentStore } from '../contracts/document-store.ts';

describeDocumentStore('MemoryStore', async () => new MemoryStore());
