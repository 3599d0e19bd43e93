import { type Finding, fail, ok, warn } from './finding.ts';
import type { RedisInfo } from './redis-info.ts';

const OLDEST = [6, 2] as const;
const MIB = 1024 ** 2;
/** Of its memory; past it Redis is about to refuse what is written, or to throw something away. */
const NEARLY_FULL = 0.8;
const APART_MS = 2_000;

export function describeVersion(info: RedisInfo): Finding {
  const valkey = info.get('valkey_version');
  const version = info.get('redis_version') ?? '';
  const found = valkey === undefined ? `Redis ${version}` : `Valkey ${valkey}`;
  const [major = 0, minor = 0] = version.split('.').map(Number);
  const isOld = major < OLDEST[0] || (major === OLDEST[0] && minor < OLDEST[1]);
  if (isOld) return fail('redis version', found, `update it: ${OLDEST.join('.')} is the oldest that will do`);
  return ok('redis version', found);
}

export function describeRole(info: RedisInfo, kind: 'single' | 'sentinel' | 'cluster'): Finding {
  const check = 'redis role';
  if (info.get('role') === 'slave') {
    return fail(check, 'a replica, which refuses writes', 'name its primary, or the Sentinels: redis+sentinel://');
  }
  if (info.get('cluster_enabled') === '1' && kind !== 'cluster') {
    return fail(check, 'a node of a Redis Cluster', 'name the nodes as such: redis+cluster://');
  }
  return ok(check, 'takes writes');
}

/** Nothing in Redis has to outlive it. */
export function describePersistence(info: RedisInfo): Finding {
  const check = 'redis persistence';
  if (info.get('rdb_last_bgsave_status') === 'err' || info.get('aof_last_write_status') === 'err') {
    const advice = 'make room on its disk, or turn persistence off; until then it may refuse writes';
    return fail(check, 'Redis cannot save to its disk', advice);
  }
  if (info.get('aof_enabled') === '1') {
    const advice =
      'Headwater needs none of it, as the store has everything; with "appendfsync always" every edit waits for it';
    return warn(check, 'append-only file', advice);
  }
  return ok(check, 'nothing that slows edits; Headwater needs none');
}

export function describeMemory(info: RedisInfo): Finding {
  const check = 'redis memory';
  const used = Number(info.get('used_memory') ?? 0);
  const most = Number(info.get('maxmemory') ?? 0);
  const policy = info.get('maxmemory_policy') ?? 'unknown';
  const found = most === 0 ? `${mib(used)}, no limit` : `${mib(used)} of ${mib(most)}, ${policy}`;
  if (most === 0) {
    return warn(
      check,
      found,
      'set maxmemory, with maxmemory-policy noeviction or volatile-ttl, so that it cannot take the machine down',
    );
  }
  if (policy.startsWith('allkeys-')) {
    return warn(
      check,
      found,
      'set maxmemory-policy to noeviction or volatile-ttl: this one may throw away which store the cluster has',
    );
  }
  if (used > NEARLY_FULL * most) {
    return warn(
      check,
      found,
      'raise maxmemory, or see what else is in this Redis: a full one relays, and keeps nothing',
    );
  }
  return ok(check, found);
}

/** @param aheadMs - how far the clock of Redis is ahead of ours */
export function describeClock(aheadMs: number): Finding {
  const check = 'clock';
  const found = `${(Math.abs(aheadMs) / 1_000).toFixed(1)} s ${aheadMs < 0 ? 'ahead of' : 'behind'} that of Redis`;
  if (Math.abs(aheadMs) <= APART_MS) return ok(check, found);
  return warn(check, found, 'run NTP on both: nothing is lost, and the times in the history are wrong');
}

const mib = (bytes: number): string => `${(bytes / MIB).toFixed(1)} MiB`;
