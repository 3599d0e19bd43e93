import { HeadwaterError } from '@headwater/protocol';
import { Cluster, Redis, type RedisOptions } from 'ioredis';

/** A connection to one Redis, to the master that Sentinels name, or to a Redis Cluster. */
export type RedisClient = Redis | Cluster;

/** Where Redis is, and who we are there. */
export interface RedisAddress {
  readonly kind: 'single' | 'sentinel' | 'cluster';
  readonly hosts: readonly { readonly host: string; readonly port: number }[];
  readonly isEncrypted: boolean;
  readonly username: string | undefined;
  readonly password: string | undefined;
  readonly database: number;
  /** What the Sentinels call the master. */
  readonly masterName: string | undefined;
}

/** Says what an address may look like; for messages and `--help`. */
export const REDIS_URL_FORMS =
  'redis://[user:password@]host[:port][/database], redis+sentinel://host:port,host:port/master[/database] or redis+cluster://host:port,host:port; rediss for TLS';

const URL_FORM = /^redis(s?)(?:\+(sentinel|cluster))?:\/\/(?:([^:@/]*)(?::([^@/]*))?@)?([^@/]+)(?:\/([^?#]*))?$/;
/** A node of a Redis Cluster that says nothing for this long is given up. */
const SILENT_NODE_MS = 5_000;
const DEFAULT_PORTS = { single: 6379, sentinel: 26_379, cluster: 6379 };

/** Reads a Redis URL. User and password may be percent-encoded. @throws HW_OPTIONS_INVALID, without the password */
export function parseRedisUrl(url: string): RedisAddress {
  const parts = URL_FORM.exec(url);
  if (parts === null) throw invalid();
  const [, tls, scheme, username, password, hosts = '', path = ''] = parts;
  const kind = (scheme as 'sentinel' | 'cluster' | undefined) ?? 'single';
  const segments = path.split('/').filter((segment) => segment !== '');
  const masterName = kind === 'sentinel' ? segments.shift() : undefined;
  const database = Number(segments.shift() ?? 0);
  const addresses = hosts.split(',').map((host) => hostOf(host, DEFAULT_PORTS[kind]));
  const isSound =
    Number.isSafeInteger(database) &&
    database >= 0 &&
    segments.length === 0 &&
    (kind !== 'single' || addresses.length === 1) &&
    (kind !== 'cluster' || database === 0) &&
    (kind !== 'sentinel' || masterName !== undefined);
  if (!isSound) throw invalid();
  return {
    kind,
    hosts: addresses,
    isEncrypted: tls === 's',
    username: decoded(username),
    password: decoded(password),
    database,
    masterName,
  };
}

/** For logs: who and how is left out. */
export function describeAddress({ kind, hosts, masterName }: RedisAddress): string {
  const where = hosts.map(({ host, port }) => `${host}:${port}`).join(',');
  if (kind === 'single') return where;
  return masterName === undefined ? `the cluster at ${where}` : `"${masterName}" by the Sentinels at ${where}`;
}

/**
 * Makes a client that connects when told to. Commands fail at once while there is no connection, nothing is sent twice, and
 * what was subscribed to is not subscribed to again: all of that is decided by whoever uses it.
 *
 * @param retryMs - how long to wait before the next attempt to connect
 */
export function createRedisClient(address: RedisAddress, connectionName: string, retryMs: () => number): RedisClient {
  const { kind, hosts, isEncrypted, username, password, database, masterName } = address;
  const common = {
    connectionName,
    ...(username === undefined ? {} : { username }),
    ...(password === undefined ? {} : { password }),
    lazyConnect: true,
    enableOfflineQueue: false,
    autoResubscribe: false,
    autoResendUnfulfilledCommands: false,
    // Rejects what was in flight when a connection ends; with `null` that would never settle, as it is not sent again.
    maxRetriesPerRequest: 0,
    connectTimeout: 2_000,
    disconnectTimeout: 250, // a silent peer does not say goodbye either
    ...(isEncrypted ? { tls: {} } : {}),
  } satisfies RedisOptions;
  if (kind === 'cluster') {
    const { lazyConnect, enableOfflineQueue, ...each } = common;
    return new Cluster([...hosts], {
      redisOptions: { ...each, socketTimeout: SILENT_NODE_MS },
      lazyConnect,
      enableOfflineQueue,
      clusterRetryStrategy: retryMs,
    });
  }
  const options = { ...common, db: database, retryStrategy: retryMs };
  if (masterName === undefined) return new Redis({ ...options, ...hosts[0] });
  const sentinels = { sentinels: [...hosts], name: masterName, sentinelRetryStrategy: retryMs };
  return new Redis({ ...options, ...sentinels, enableTLSForSentinelMode: isEncrypted });
}

function hostOf(text: string, defaultPort: number): { readonly host: string; readonly port: number } {
  const parts = /^(?:\[([0-9a-fA-F:.]+)\]|([^:[\]]+))(?::(\d+))?$/.exec(text);
  const port = Number(parts?.[3] ?? defaultPort);
  const host = parts?.[1] ?? parts?.[2];
  if (host === undefined || port < 1 || port > 65_535) throw invalid();
  return { host, port };
}

function decoded(text: string | undefined): string | undefined {
  if (text === undefined || text === '') return undefined;
  try {
    return decodeURIComponent(text);
  } catch {
    throw invalid();
  }
}

function invalid(): HeadwaterError {
  return new HeadwaterError('HW_OPTIONS_INVALID', `redis: expected ${REDIS_URL_FORMS}`);
}
