import { afterAll, afterEach, beforeAll, expect, test, vi } from 'vitest';
import { HeadwaterClient } from '../support/headwater-client.ts';
import { HocuspocusClient } from '../support/hocuspocus-client.ts';
import { IS_SOAK } from '../support/soak.ts';
import { StockClient } from '../support/stock-client.ts';
import { JudgedCluster } from './judged-cluster.ts';
import { disconnectAll } from './redis-faults.ts';

/** From the moment at which it is said. The suite does other things at the same time, a soak of this file does not. */
const WITHIN_MS = IS_SOAK ? 1_000 : 3_000;
/** For Redis to be found again. */
const RECOVERY_MS = 4_000;
const PATIENT = { timeout: 20_000, interval: 5 };

let cluster: JudgedCluster;
let clients: AsyncDisposable[] = [];

beforeAll(async () => {
  cluster = await JudgedCluster.start();
});
afterEach(async () => {
  for (const client of clients) await client[Symbol.asyncDispose]();
  clients = [];
  cluster.isServiceDown = false;
});
afterAll(() => cluster?.[Symbol.asyncDispose]());

const url = (instance: number): string => cluster.urls[instance] ?? '';

interface Member {
  /** Whether it was told that it may not have the document. */
  isOut(): boolean;
  /** Whether nothing ever happened to it: no connection that ended, nothing it was told. */
  isUntouched(): boolean;
}

/** A client of each kind at an instance, each with its user as its token. */
async function everyKind(instance: number, documentName: string, user: string): Promise<readonly Member[]> {
  const stock = new StockClient(url(instance), documentName, { params: { token: user } });
  const hocuspocus = new HocuspocusClient(url(instance), documentName, { token: user });
  const headwater = new HeadwaterClient(url(instance), documentName, { token: user });
  clients.push(stock, hocuspocus, headwater);
  const isIn = cluster.permissions.has(user);
  if (isIn) await Promise.all([stock.synced(), hocuspocus.synced(), headwater.synced()]);
  return [
    { isOut: () => stock.closeCodes.includes(4403), isUntouched: () => stock.closeCodes.length === 0 },
    {
      isOut: () => hocuspocus.denials.length > 0,
      isUntouched: () => hocuspocus.denials.length + hocuspocus.closeCodes.length === 0,
    },
    { isOut: () => headwater.provider.status === 'denied', isUntouched: () => headwater.errors.length === 0 },
  ];
}

const areOut = (members: readonly Member[]): boolean[] => members.map((member) => member.isOut());
const areUntouched = (members: readonly Member[]): boolean => members.every((member) => member.isUntouched());

/** Waits for them to be out. @returns after how many milliseconds that was */
async function out(members: readonly Member[]): Promise<number> {
  const startedMs = performance.now();
  await vi.waitFor(() => expect(areOut(members)).toEqual(members.map(() => true)), PATIENT);
  return performance.now() - startedMs;
}

test('who loses a permission is out at every instance at once, and does not get in again', async () => {
  cluster.permissions.set('ada', {}).set('bob', {});
  const adas = [...(await everyKind(0, 'withdrawn', 'ada')), ...(await everyKind(1, 'withdrawn', 'ada'))];
  const bobs = [...(await everyKind(0, 'withdrawn', 'bob')), ...(await everyKind(1, 'withdrawn', 'bob'))];

  cluster.permissions.delete('ada');
  const [tookMs] = await Promise.all([out(adas), cluster.reauthenticate('ada')]);
  const again = [...(await everyKind(0, 'withdrawn', 'ada')), ...(await everyKind(1, 'withdrawn', 'ada'))];
  await out(again);

  expect(tookMs).toBeLessThan(WITHIN_MS);
  expect(areUntouched(bobs)).toBe(true);
});

test('who may only read from now on gets edits at every instance, and has none taken up', async () => {
  cluster.permissions.set('ada', {}).set('bob', {});
  const readers = [0, 1].map((instance) => new HeadwaterClient(url(instance), 'read-only', { token: 'ada' }));
  const writer = new HeadwaterClient(url(0), 'read-only', { token: 'bob' });
  clients.push(...readers, writer);
  await Promise.all([...readers, writer].map((client) => client.synced()));

  cluster.permissions.set('ada', { isReadOnly: true });
  await cluster.reauthenticate('ada');
  await vi.waitFor(() => expect(readers.map(({ provider }) => provider.isReadOnly)).toEqual([true, true]), PATIENT);
  for (const reader of readers) reader.text.insert(0, 'mine');
  await vi.waitFor(() => expect(readers.map(({ refused }) => refused.length)).toEqual([1, 1]), PATIENT);
  writer.text.insert(0, 'yours');

  for (const reader of readers) await reader.until(() => reader.text.toString().includes('yours'), 'the edit');
  await writer.saved();
  expect(writer.text.toString()).toBe('yours');
});

test.each<[string, () => Promise<void>, () => Promise<void>]>([
  ['killed', () => cluster.redis.kill9(), () => cluster.redis.restart()],
  ['frozen', async () => cluster.redis.pause(), async () => cluster.redis.resume()],
])('while Redis is %s it is said at one instance, and true at the others once Redis is back', async (_, stop, goOn) => {
  cluster.permissions.set('ada', {});
  const here = await everyKind(0, 'outage', 'ada');
  const there = await everyKind(1, 'outage', 'ada');

  await stop();
  cluster.permissions.delete('ada');
  const said = cluster.reauthenticate('ada');
  const tookMs = await out(here);
  expect(areUntouched(there)).toBe(true);
  await goOn();

  expect(tookMs).toBeLessThan(WITHIN_MS);
  expect(await out(there)).toBeLessThan(RECOVERY_MS);
  await said;
});

test('an instance that cannot hear it asks by itself, and throws nobody out while the answer is that there is none', async () => {
  cluster.permissions.set('ada', {}).set('bob', {});
  const adas = await everyKind(1, 'missed', 'ada');
  const bobs = await everyKind(1, 'missed', 'bob');
  cluster.isServiceDown = true;
  cluster.asked.length = 0;

  cluster.permissions.delete('ada');
  await disconnectAll(cluster.redis); // nobody says anything: what instance 2 does not know it has to find out
  await vi.waitFor(() => expect(cluster.asked.length).toBeGreaterThanOrEqual(6), PATIENT);
  expect(areUntouched([...adas, ...bobs])).toBe(true);
  cluster.isServiceDown = false;

  await out(adas);
  expect(areUntouched(bobs)).toBe(true);
});
