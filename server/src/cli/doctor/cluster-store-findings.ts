import { type Finding, fail, ok, warn } from './finding.ts';

/** The store in the data directory. */
export interface OwnStore {
  readonly storeId: string;
  /** How often it was taken up. */
  readonly generation: number;
  readonly isEmpty: boolean;
}

/** What Redis remembers of the store of a cluster. */
export interface RememberedStore {
  readonly storeId: string | undefined;
  readonly generation: number;
  /** The command with which it is forgotten. */
  readonly howToForget: string;
}

const CHECK = 'cluster store';

/** Whether an instance with this data directory would be let into the cluster. `own`: `undefined` when there is no store. */
export function describeClusterStore(remembered: RememberedStore, own: OwnStore | undefined): Finding {
  const { storeId, generation, howToForget } = remembered;
  if (storeId === undefined) return ok(CHECK, 'none yet; the first instance that starts gives the cluster its own');
  if (own?.storeId === storeId && own.generation < generation) {
    return fail(
      CHECK,
      `${storeId}, of which --data has an older copy: generation ${own.generation} of ${generation}`,
      `name the directory that was used last; after putting back a backup: ${howToForget} [HW_CLUSTER_STORE_OUTDATED]`,
    );
  }
  if (own?.storeId === storeId) return ok(CHECK, `${storeId}, the one in --data`);
  if (own === undefined || own.isEmpty) {
    const advice = `see that an instance with that store runs; when it is gone for good: ${howToForget}`;
    return warn(CHECK, `${storeId}, which is not in --data: an instance here never has it itself`, advice);
  }
  return fail(
    CHECK,
    `${storeId}, and --data has documents in another one, ${own.storeId}`,
    'export and import them, or name another --data: see docs/errors.md, HW_CLUSTER_OTHER_STORE',
  );
}
