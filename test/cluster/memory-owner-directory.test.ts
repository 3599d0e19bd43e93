import { describeOwnerDirectory } from '../contracts/owner-directory.ts';
import { MemoryOwnerDirectory } from '../support/memory-owner-directory.ts';

describeOwnerDirectory('MemoryOwnerDirectory', async () => new MemoryOwnerDirectory());
