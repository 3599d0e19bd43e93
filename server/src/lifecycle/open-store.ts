import { ClusterStore, type DocumentStore, LevelStore } from '@headwater/persistence';
import type { HeadwaterError } from '@headwater/protocol';
import { retentionOf } from '../documents/history-keeper.ts';
import type { Logger } from '../logging/logger.ts';
import type { ResolvedServerOptions } from '../options.ts';
import { RedisClusterSecret } from '../relay/redis-cluster-secret.ts';
import type { RedisConnection } from '../relay/redis-connection.ts';
import type { RedisConnections } from '../relay/redis-connections.ts';
import { RedisOwnerDirectory } from '../relay/redis-owner-directory.ts';

/** The documents at rest, as this instance has them. */
export interface ServerStore {
  readonly store: DocumentStore;
  /** Whether it is open in this process; an instance of a cluster may use that of another one, and become the owner later. */
  readonly isOwner: boolean;
  close(): Promise<void>;
}

/** One of several instances. */
interface ClusterMember {
  readonly instanceId: string;
  readonly connections: RedisConnections;
}

interface StoreEvents {
  readonly logger: Logger;
  /** Another process had the store during an outage: what is in memory may be outdated. */
  readonly onTakenOver: () => void;
  /** The store was opened here, after another instance had it. */
  readonly onOwner: () => void;
  /** The store of the cluster was away, and is there again: here, or in another instance. */
  readonly onFound: () => void;
  /** See `ClusterStoreOptions`. */
  readonly onConfirmed: () => void;
  readonly onRefused: (problem: HeadwaterError) => void;
}

/**
 * Opens the store in the data directory; of a cluster, wherever it is.
 *
 * @throws what `LevelStore.open` and `ClusterStore.open` throw; HW_REDIS_REFUSED
 */
export async function openStore(
  options: ResolvedServerOptions,
  member: ClusterMember | undefined,
  { logger, onTakenOver, onOwner, onFound, onConfirmed, onRefused }: StoreEvents,
): Promise<ServerStore> {
  const { data, redisPrefix, clusterSecret, storeHost, storePort } = options;
  const level = { logger, retention: retentionOf(options), onTakenOver };
  if (member === undefined) return ownStore(await LevelStore.open(data, level));

  const { instanceId, connections } = member;
  const connection = connections.add(`owner-${instanceId}`);
  await connection.open();
  const shared = new RedisClusterSecret(connection, redisPrefix);
  try {
    const cluster = await ClusterStore.open({
      data,
      instanceId,
      owners: new RedisOwnerDirectory(connection, redisPrefix),
      secret: clusterSecret === '' ? () => shared.get() : clusterSecret,
      host: storeHost,
      port: storePort,
      level,
      logger,
      onOwner,
      onFound,
      onConfirmed,
      onRefused,
    });
    return clusterStore(cluster, connection);
  } catch (error) {
    connection.close();
    throw error;
  }
}

/** A store that is used by one instance alone: opened in its directory, or given to it. */
export function ownStore(store: DocumentStore): ServerStore {
  return { store, isOwner: true, close: () => store.close() };
}

function clusterStore(cluster: ClusterStore, connection: RedisConnection): ServerStore {
  return {
    store: cluster.store,
    get isOwner() {
      return cluster.isOwner;
    },
    async close() {
      try {
        await cluster.store.close();
      } finally {
        connection.close();
      }
    },
  };
}
