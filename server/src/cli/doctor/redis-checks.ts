import { createRedisClient, describeAddress, parseRedisUrl, type RedisClient } from '../../relay/redis-address.ts';
import { howToForget, storeKeyOf } from '../../relay/redis-owner-directory.ts';
import { describeClusterStore, type OwnStore } from './cluster-store-findings.ts';
import { type Finding, fail, ok } from './finding.ts';
import { describeClock, describeMemory, describePersistence, describeRole, describeVersion } from './redis-findings.ts';
import { parseInfo } from './redis-info.ts';
import { checkPermissions, isAnswer } from './redis-permissions.ts';
import type { StoreReport } from './store-checks.ts';

const ANSWER_MS = 3_000;

/**
 * Redis: does it answer and let us in, may we do what instances do, is it one that will do, and what will become of its memory; and whether the
 * store in the data directory is the one it remembers.
 *
 * @throws HW_OPTIONS_INVALID for an address that is none
 */
export async function checkRedis(url: string, prefix: string, own: StoreReport['own']): Promise<readonly Finding[]> {
  const address = parseRedisUrl(url);
  const where = describeAddress(address);
  const client = createRedisClient(address, 'headwater-doctor', () => ANSWER_MS);
  let lastError: Error | undefined;
  client.on('error', (error: Error) => (lastError = error));
  try {
    const startMs = performance.now();
    await inTime(client.connect());
    const info = parseInfo(await inTime(client.info()));
    const answer = ok('redis', `${where} answered within ${Math.ceil(performance.now() - startMs)} ms`);
    return [
      answer,
      describeVersion(info),
      describeRole(info, address.kind),
      await checkPermissions(client, prefix, inTime),
      describePersistence(info),
      describeMemory(info),
      ...(await checkClock(client)),
      ...(own === null ? [] : await checkClusterStore(client, prefix, own)),
    ];
  } catch (error) {
    const why = lastError ?? (error as Error);
    return [fail('redis', `${where}: ${why.message}`, adviceOn(why))];
  } finally {
    client.disconnect();
  }
}

function adviceOn(error: Error): string {
  if (/WRONGPASS|NOAUTH|AUTH/.test(error.message)) return 'correct user and password in --redis';
  if (error.message.startsWith('NOPERM')) return 'let the user run the commands in docs/deployment.md';
  return 'start it, or correct --redis; without Redis instances that run go on alone and say "degraded", and one that starts waits for it unless the store is here and nobody has it';
}

/** Nothing when we may not ask: no instance needs it. */
async function checkClock(client: RedisClient): Promise<readonly Finding[]> {
  try {
    const askedMs = Date.now();
    const [seconds, microseconds] = await inTime(client.time());
    const halfwayMs = (askedMs + Date.now()) / 2;
    return [describeClock(Number(seconds) * 1_000 + Number(microseconds) / 1_000 - halfwayMs)];
  } catch (error) {
    if (!isAnswer(error)) throw error;
    return [];
  }
}

/** Nothing when we may not ask: the permissions say so. */
async function checkClusterStore(
  client: RedisClient,
  prefix: string,
  own: OwnStore | undefined,
): Promise<readonly Finding[]> {
  try {
    const [storeId, generation] = await inTime(client.hmget(storeKeyOf(prefix), 'storeId', 'generation'));
    const remembered = { storeId: storeId ?? undefined, generation: Number(generation ?? 0) };
    return [describeClusterStore({ ...remembered, howToForget: howToForget(prefix) }, own)];
  } catch (error) {
    if (!isAnswer(error)) throw error;
    return [];
  }
}

async function inTime<T>(answer: Promise<T>): Promise<T> {
  let timer: NodeJS.Timeout | undefined;
  const deadline = new Promise<never>((_, reject) => {
    timer = setTimeout(() => reject(new Error(`no answer for ${ANSWER_MS} ms`)), ANSWER_MS);
  });
  try {
    return await Promise.race([answer, deadline]);
  } finally {
    clearTimeout(timer);
  }
}
