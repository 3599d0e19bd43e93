import { resolve } from 'node:path';
import { HeadwaterError } from '@headwater/protocol';
import type { StoreOwner } from './owner-directory.ts';

/** Without the directory of owners nobody knows where the store is, nor whether there is one. */
export function withoutDirectory(data: string, isLocked: boolean): HeadwaterError {
  const problem = isLocked
    ? `another process has the store in "${resolve(data)}" open, most likely an instance of the cluster, and Redis, which ` +
      'knows where that serves it, does not answer: leave that process alone, and see to Redis'
    : `there is no store in "${resolve(data)}", and Redis, which knows whether the cluster has one, does not answer: none is ` +
      'made until it does';
  return new HeadwaterError('HW_STORE_UNAVAILABLE', problem);
}

/** The cluster has a store, and this directory is not where it is. */
export function missing(
  storeId: string,
  owner: StoreOwner | undefined,
  data: string,
  howToForget: string,
): HeadwaterError {
  const who =
    owner === undefined
      ? 'no instance serves it at present'
      : `who has it, ${owner.host}:${owner.port}, does not answer`;
  return new HeadwaterError(
    'HW_STORE_UNAVAILABLE',
    `the cluster uses store ${storeId}, which is not in "${resolve(data)}", and ${who}. Start an ` +
      'instance that has it, or name its directory with --data. When that store is gone for good, have the cluster forget ' +
      `it: ${howToForget}`,
  );
}
