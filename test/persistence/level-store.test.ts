import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { LevelStore, type LevelStoreOptions } from '@headwater/persistence';
import { afterAll } from 'vitest';
import { describeDocumentStore } from '../contracts/document-store.ts';
import { describeHistoryStore } from '../contracts/history-store.ts';

const directories: string[] = [];

afterAll(() => Promise.all(directories.map((directory) => rm(directory, { recursive: true, force: true }))));

async function open(options?: LevelStoreOptions): Promise<LevelStore> {
  const directory = await mkdtemp(join(tmpdir(), 'headwater-contract-'));
  directories.push(directory);
  return LevelStore.open(directory, options);
}

describeDocumentStore('LevelStore', open);
describeHistoryStore('LevelStore', open);
