import { LevelStore } from '@headwater/persistence';
import { expect, test, vi } from 'vitest';
import { texts } from '../persistence/level-fixtures.ts';
import { QUICK, SECRET } from '../persistence/remote-fixtures.ts';
import { StoreChild } from '../persistence/store-child.ts';
import { temporaryDirectory } from '../persistence/temporary-directory.ts';
import { MemoryOwnerDirectory } from '../support/memory-owner-directory.ts';

/** With room for a machine that has much else to do: a client that gives up an attempt is no fault here. */
const OPTIONS = { ...QUICK, silenceMs: 1_500, attemptMs: 500, leaseMs: 1_000, secret: SECRET };

/** Instances of one cluster, each a process of its own, on one data directory. */
class Cluster {
  readonly data: string;
  readonly owners = new MemoryOwnerDirectory();
  readonly members: StoreChild[] = [];
  /** Every instance there ever was. */
  readonly all: StoreChild[] = [];

  constructor(data: string) {
    this.data = data;
  }

  async join(): Promise<StoreChild> {
    const child = await StoreChild.start();
    await child.join(this.data, this.owners, OPTIONS);
    this.members.push(child);
    this.all.push(child);
    return child;
  }

  async owner(): Promise<StoreChild> {
    for (;;) {
      const { owner } = await this.owners.find();
      const child = this.members.find(({ pid }) => String(pid) === owner?.instanceId);
      if (child !== undefined) return child;
      await new Promise((resolve) => setTimeout(resolve, 10));
    }
  }

  async killAll(): Promise<void> {
    for (const child of this.members.splice(0)) await child.kill();
  }

  async kill(child: StoreChild): Promise<void> {
    this.members.splice(this.members.indexOf(child), 1);
    await child.kill();
  }
}

test('owners are killed one after the other, and nothing that was acknowledged is lost', async () => {
  const cluster = new Cluster(await temporaryDirectory());
  for (let n = 0; n < 3; n += 1) await cluster.join();
  const rates = new Map<StoreChild, number>();
  const burst = (): void => {
    for (const child of cluster.members) {
      const from = rates.get(child) ?? 1;
      child.send({ command: 'append', name: `of-${child.pid}`, from, count: 20, bytes: 40 });
      rates.set(child, from + 20);
    }
  };

  for (let round = 0; round < 3; round += 1) {
    for (let n = 0; n < 5; n += 1) burst();
    const owner = await cluster.owner();
    await owner.heard(({ event }) => event === 'durable');
    burst();
    const killing = cluster.kill(owner);
    burst();
    await killing;
    burst();
    await cluster.join();
  }
  burst();
  for (const child of cluster.members) await child.heardTimes('durable', (rates.get(child) ?? 1) - 1);
  await cluster.killAll();

  await using level = await LevelStore.open(cluster.data);
  for (const child of cluster.all) {
    const name = `of-${child.pid}`;
    const found = (await texts(level, name)).map((value) => Number(value.split(':')[1]));
    const acknowledged = child.said('durable').map(({ n }) => n ?? 0);
    const missing = acknowledged.filter((n) => !found.includes(n));
    expect(missing).toEqual([]);
    expect([...new Set(found)]).toEqual(Array.from({ length: Math.max(0, ...found) }, (_, index) => index + 1));
    expect(child.said('lost')).toEqual([]);
    // Where it was said to be.
    for (const { n, sequence } of child.said('durable')) expect(found[(sequence ?? 0) - 1]).toBe(n);
  }
});

test('an owner that is frozen keeps the store; the others wait for it, and for its end', async () => {
  const cluster = new Cluster(await temporaryDirectory());
  const owner = await cluster.join();
  const others = [await cluster.join(), await cluster.join()];
  const append = (from: number): void => {
    for (const child of others) child.send({ command: 'append', name: `of-${child.pid}`, from, count: 10, bytes: 40 });
  };

  owner.freeze();
  append(1);
  for (const child of others) await child.heardTimes('rejected', 10);
  await vi.waitFor(async () => expect((await cluster.owners.find()).owner).toBeUndefined(), { timeout: 5_000 });
  expect(others.flatMap((child) => child.said('durable'))).toEqual([]);
  owner.thaw();
  for (const child of others) await child.heardTimes('durable', 10);
  expect(others.flatMap((child) => child.said('owner'))).toEqual([]);

  owner.freeze();
  append(11);
  for (const child of others) await child.heardTimes('rejected', 20);
  await cluster.kill(owner);
  for (const child of others) await child.heardTimes('durable', 20);

  expect(others.flatMap((child) => child.said('owner'))).toHaveLength(1);
  await cluster.killAll();
  await using level = await LevelStore.open(cluster.data);
  for (const child of others) {
    const found = (await texts(level, `of-${child.pid}`)).map((value) => Number(value.split(':')[1]));
    expect(found).toEqual(Array.from({ length: 20 }, (_, index) => index + 1));
  }
});

test.each([
  ['the one that had the store comes back first', [0, 1]],
  ['the other one does', [1, 0]],
])('a cluster that was killed is complete again when %s', async (_, order) => {
  const cluster = new Cluster(await temporaryDirectory());
  const children = [await cluster.join(), await cluster.join()];
  for (const [index, child] of children.entries()) {
    child.send({ command: 'append', name: `doc-${index}`, from: 1, count: 50, bytes: 40 });
    await child.heardTimes('durable', 50);
  }
  await cluster.killAll();

  for (const index of order) {
    const child = await cluster.join();
    child.send({ command: 'load', name: `doc-${index}` });
    expect((await child.heard(({ event }) => event === 'loaded')).records).toBe(50);
  }
});
