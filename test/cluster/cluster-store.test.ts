import { cp, readdir } from 'node:fs/promises';
import { ClusterStore, LevelStore, type OwnerDirectory } from '@headwater/persistence';
import { describe, expect, onTestFinished, test, vi } from 'vitest';
import type { ClusterStoreOptions } from '../../persistence/src/cluster/cluster-store.ts';
import { SILENT } from '../../persistence/src/level-options.ts';
import { text, texts } from '../persistence/level-fixtures.ts';
import { appendRange, QUICK, SECRET } from '../persistence/remote-fixtures.ts';
import { temporaryDirectory } from '../persistence/temporary-directory.ts';
import { freePorts } from '../support/free-ports.ts';
import { MemoryOwnerDirectory } from '../support/memory-owner-directory.ts';
import { TcpProxy } from '../support/tcp-proxy.ts';

let instances = 0;

/** What is announced is looked after often. */
const BRIEF = { leaseMs: 150 };

describe('the first instance', () => {
  test('makes the store of its cluster, and has it; the next one uses it', async () => {
    const [data, owners] = [await temporaryDirectory(), new MemoryOwnerDirectory()];

    const one = await join(data, owners);
    const two = await join(data, owners);

    expect([one.isOwner, two.isOwner]).toEqual([true, false]);
    expect(two.store.storeId).toBe(one.store.storeId);
    await one.store.append('doc', text('from one')).durable;
    await two.store.append('doc', text('from two')).durable;
    expect(await texts(one.store, 'doc')).toEqual(['from one', 'from two']);
    expect(await texts(two.store, 'doc')).toEqual(['from one', 'from two']);
    expect(await one.store.logEnds(['doc'])).toEqual(await two.store.logEnds(['doc']));
  });

  test('takes up what a single instance has written, as it lies there', async () => {
    const data = await temporaryDirectory();
    const single = await LevelStore.open(data);
    await single.append('doc', text('from before')).durable;
    await single.close();
    const owners = new MemoryOwnerDirectory();

    const one = await join(data, owners);
    const two = await join(data, owners);

    expect(one.store.storeId).toBe(single.storeId);
    expect(await texts(two.store, 'doc')).toEqual(['from before']);
    await Promise.all([one, two].map(({ store }) => store.close()));
    const again = await LevelStore.open(data);
    onTestFinished(() => again.close());
    expect(await texts(again, 'doc')).toEqual(['from before']);
  });

  test('is one, also when many start at once', async () => {
    const [data, owners] = [await temporaryDirectory(), new MemoryOwnerDirectory()];

    const all = await Promise.all([1, 2, 3, 4].map(() => join(data, owners)));

    expect(all.filter(({ isOwner }) => isOwner)).toHaveLength(1);
    await Promise.all(all.map(({ store }) => store.append('doc', text('x')).durable));
    expect(await all[0]?.store.logEnds(['doc'])).toMatchObject([{ sequence: 4, atOpening: 0 }]);
  });
});

describe('an owner that goes', () => {
  test('is followed by another instance, which stores what was on the way', async () => {
    const [data, owners] = [await temporaryDirectory(), new MemoryOwnerDirectory()];
    const became: string[] = [];
    const one = await join(data, owners, { onOwner: () => became.push('one') });
    const others = [await join(data, owners), await join(data, owners)];

    const before = others.flatMap(({ store }, index) => appendRange(store, `doc-${index}`, 0, 100));
    const closing = one.store.close();
    const after = others.flatMap(({ store }, index) => appendRange(store, `doc-${index}`, 100, 100));
    await closing;
    await Promise.all([...before, ...after].map(({ whenDurable }) => whenDurable));

    expect(others.filter(({ isOwner }) => isOwner)).toHaveLength(1);
    expect(became).toEqual(['one']);
    for (const { store } of others) {
      for (const name of ['doc-0', 'doc-1']) {
        const expected = Array.from({ length: 200 }, (_, n) => `${name}:${n}`);
        expect([...new Set(await texts(store, name))]).toEqual(expected);
      }
      expect(store.health).toEqual({ status: 'ok', unsavedBytes: 0 });
    }
    const { owner } = await owners.find();
    expect(owner?.fence).toBe(2);
  });

  test('is missed by all until the next one is there, and then each of them is told', async () => {
    const [data, owners] = [await temporaryDirectory(), new MemoryOwnerDirectory()];
    const told: string[] = [];
    const one = await join(data, owners, { onFound: () => told.push('one') });
    await join(data, owners, { onFound: () => told.push('two') });
    await join(data, owners, { onFound: () => told.push('three') });
    expect(told).toEqual([]);

    await one.store.close();

    await vi.waitFor(() => expect(told.toSorted()).toEqual(['three', 'two']), 5_000);
  });

  test('comes back as one of the others', async () => {
    const [data, owners] = [await temporaryDirectory(), new MemoryOwnerDirectory()];
    const one = await join(data, owners);
    const two = await join(data, owners);
    await one.store.close();
    await vi.waitFor(() => expect(two.isOwner).toBe(true), { timeout: 5_000 });

    const again = await join(data, owners);

    expect([two.isOwner, again.isOwner]).toEqual([true, false]);
    await again.store.append('doc', text('x')).durable;
    expect(await texts(two.store, 'doc')).toEqual(['x']);
  });
});

describe('another store', () => {
  test('with documents of its own is refused, with the names of both and what to do', async () => {
    const owners = new MemoryOwnerDirectory();
    const one = await join(await temporaryDirectory(), owners);
    const [data, storeId] = await directoryWith('doc');

    await expect(join(data, owners)).rejects.toMatchObject({
      code: 'HW_CLUSTER_OTHER_STORE',
      message: expect.stringMatching(new RegExp(`${storeId}.*${one.store.storeId}.*export.*import`)),
    });
    await one.store.close();
    await expect(join(data, owners)).rejects.toMatchObject({ code: 'HW_CLUSTER_OTHER_STORE' }); // nor in its absence
    const untouched = await LevelStore.open(data);
    onTestFinished(() => untouched.close());
    expect(await texts(untouched, 'doc')).toEqual(['doc']);
  });

  test('without documents is left unused, and never taken for the one of the cluster', async () => {
    const [own, owners] = [await temporaryDirectory(), new MemoryOwnerDirectory()];
    const one = await join(await temporaryDirectory(), owners);
    const empty = await LevelStore.open(own);
    await empty.close();

    const two = await join(own, owners);
    await two.store.append('doc', text('x')).durable;
    expect(await texts(one.store, 'doc')).toEqual(['x']);
    await one.store.close();
    const { written } = two.store.append('doc', text('y'));

    await expect(written).rejects.toMatchObject({ code: 'HW_STORE_WRITE_FAILED' });
    expect(two.isOwner).toBe(false);
    await expect(join(own, owners, { startTimeoutMs: 300 })).rejects.toMatchObject({
      code: 'HW_STORE_UNAVAILABLE',
      message: expect.stringMatching(`store ${one.store.storeId}, which is not in "${own}".*${owners.howToForget}`),
    });
  });

  test('is not made in a directory that has none', async () => {
    const [own, owners] = [await temporaryDirectory(), new MemoryOwnerDirectory()];
    await join(await temporaryDirectory(), owners);

    const lines: string[] = [];
    const two = await join(own, owners, { logger: { ...SILENT, info: (_, message) => lines.push(message) } });

    expect(two.isOwner).toBe(false);
    expect(await readdir(own)).toEqual([]);
    expect(lines).toEqual(['the store is with another instance; the data directory of this one is left unused']);
  });

  test('that is a copy of the one that is in use is refused', async () => {
    const owners = new MemoryOwnerDirectory();
    const [data] = await directoryWith('doc');
    const copy = await copyOf(data);
    await join(data, owners);

    await expect(join(copy, owners)).rejects.toMatchObject({
      code: 'HW_CLUSTER_OTHER_STORE',
      message: expect.stringContaining('copy'),
    });
  });

  test('that is an older copy is refused also after the one in use has gone, with what to do', async () => {
    const owners = new MemoryOwnerDirectory();
    const [data, storeId] = await directoryWith('doc');
    const copy = await copyOf(data);
    await (await join(data, owners)).store.close();

    await expect(join(copy, owners)).rejects.toMatchObject({
      code: 'HW_CLUSTER_STORE_OUTDATED',
      message: expect.stringMatching(new RegExp(`${storeId}.*generation 0.*generation 1.*flush`)),
    });
    await expect(join(data, owners)).resolves.toMatchObject({ isOwner: true });
  });

  test('that is one of two copies of the same age is refused once the other one was taken up', async () => {
    const owners = new MemoryOwnerDirectory();
    const [data] = await directoryWith('doc');
    await (await join(data, owners)).store.close();
    const copy = await copyOf(data);
    await (await join(copy, owners)).store.close();

    await expect(join(data, owners)).rejects.toMatchObject({ code: 'HW_CLUSTER_STORE_OUTDATED' });
  });

  test('that is a copy made while the store was in use is refused when it is older than a minute', async () => {
    const owners = new MemoryOwnerDirectory();
    const [data] = await directoryWith('doc');
    const one = await join(data, owners, { ...BRIEF, raiseMs: 100 });
    const { generation } = await owners.find();
    const copy = await copyOf(data);
    await vi.waitFor(async () => expect((await owners.find()).generation).toBeGreaterThan(generation));
    await one.store.close();

    await expect(join(copy, owners)).rejects.toMatchObject({ code: 'HW_CLUSTER_STORE_OUTDATED' });
  });

  test('that is a backup is taken up on purpose, with a directory of owners that has forgotten the store', async () => {
    const owners = new MemoryOwnerDirectory();
    const [data] = await directoryWith('doc');
    const backup = await copyOf(data);
    await (await join(data, owners)).store.close();
    owners.flush();

    const restored = await join(backup, owners);

    expect(restored.isOwner).toBe(true);
    expect(await texts(restored.store, 'doc')).toEqual(['doc']);
  });

  test('that is an older copy when it is to be taken over is refused and left free, and what is not saved waits', async () => {
    const [data, owners] = [await temporaryDirectory(), new MemoryOwnerDirectory()];
    const one = await join(data, owners);
    const two = await join(data, owners);
    const lastUsed = { instanceId: 'one that has gone', storeId: one.store.storeId, generation: 9, host: '127.0.0.1' };
    await owners.announce({ ...lastUsed, port: await freePorts() }, 300_000);

    await one.store.close();
    const { durable } = two.store.append('doc', text('waits'));

    const outdated = { status: 'degraded', error: { code: 'HW_CLUSTER_STORE_OUTDATED' } };
    await vi.waitFor(() => expect(two.store.health).toMatchObject(outdated));
    expect(two.isOwner).toBe(false);
    await (await vi.waitFor(() => LevelStore.open(data))).close();

    owners.flush();
    await durable;
    expect(await texts(two.store, 'doc')).toEqual(['waits']);
  });

  test('that is an older copy, opened while the directory of owners was away, is reported once that is back', async () => {
    const owners = new MemoryOwnerDirectory();
    const [data] = await directoryWith('doc');
    const copy = await copyOf(data);
    await (await join(data, owners)).store.close();
    owners.failure = new Error('Redis is away');

    const two = await join(copy, owners, BRIEF);
    owners.failure = undefined;

    await vi.waitFor(() =>
      expect(two.store.health).toMatchObject({
        status: 'degraded',
        error: expect.objectContaining({ code: 'HW_CLUSTER_STORE_OUTDATED' }),
      }),
    );
    expect((await owners.find()).owner).toBeUndefined();
  });

  test('of two that start at the same time gives way when it is empty', async () => {
    const owners = new MemoryOwnerDirectory();
    const [data, storeId] = await directoryWith('doc');
    owners.failure = new Error('not yet');
    const one = await join(data, owners, BRIEF);
    owners.failure = undefined;
    await vi.waitFor(async () => expect((await owners.find()).storeId).toBe(storeId));

    const two = await join(await temporaryDirectory(), owners);

    expect(await texts(two.store, 'doc')).toEqual(['doc']);
    expect(one.isOwner).toBe(true);
  });
});

describe('a directory of owners', () => {
  test('that is lost is filled again', async () => {
    const [data, owners] = [await temporaryDirectory(), new MemoryOwnerDirectory()];
    const one = await join(data, owners, BRIEF);

    owners.flush();
    await vi.waitFor(async () => expect((await owners.find()).owner).toBeDefined());

    const two = await join(data, owners);
    expect([one.isOwner, two.isOwner]).toEqual([true, false]);
  });

  test('that comes back empty is filled at once, and a start that waited for it goes on', async () => {
    const [data, owners] = [await temporaryDirectory(), new MemoryOwnerDirectory()];
    const one = await join(data, owners, { leaseMs: 300_000 }); // looks after what it announced every hundred seconds
    owners.failure = new Error('Redis is away');
    const warn = vi.fn<() => void>();
    const starting = join(data, owners, { startTimeoutMs: 5_000, logger: { ...SILENT, warn } });
    await vi.waitFor(() => expect(warn).toHaveBeenCalled());

    owners.flush();
    owners.failure = undefined;
    const two = await starting;

    expect([one.isOwner, two.isOwner]).toEqual([true, false]);
  });

  test('that is out of reach keeps nobody from working, and no instance from taking over', async () => {
    const [data, owners] = [await temporaryDirectory(), new MemoryOwnerDirectory()];
    const one = await join(data, owners);
    const two = await join(data, owners, BRIEF);

    owners.failure = new Error('Redis is away');
    await one.store.append('doc', text('1')).durable;
    await two.store.append('doc', text('2')).durable;
    await one.store.close();
    await two.store.append('doc', text('3')).durable;

    expect(two.isOwner).toBe(true);
    expect(await texts(two.store, 'doc')).toEqual(['1', '2', '3']);
    owners.failure = undefined;
    await vi.waitFor(async () => expect((await owners.find()).owner).toBeDefined());
  });

  test('that is out of reach keeps nobody from coming back to an owner that is known', async () => {
    const [data, owners] = [await temporaryDirectory(), new MemoryOwnerDirectory()];
    const one = await join(data, owners);
    const { port = 0 } = (await owners.find()).owner ?? {};
    await using proxy = await TcpProxy.start(port);
    const behindProxy: OwnerDirectory = {
      howToForget: owners.howToForget,
      find: async () => {
        const entry = await owners.find();
        return { ...entry, owner: entry.owner && { ...entry.owner, port: proxy.port } };
      },
      onReachable: (listener) => owners.onReachable(listener),
      announce: (owner, leaseMs) => owners.announce(owner, leaseMs),
      renew: (announced, leaseMs) => owners.renew(announced, leaseMs),
      withdraw: (announced) => owners.withdraw(announced),
    };
    const two = await join(data, behindProxy);

    owners.failure = new Error('Redis is away');
    proxy.cut();
    await two.store.append('doc', text('over another connection')).durable;

    expect(await texts(one.store, 'doc')).toEqual(['over another connection']);
    expect([one.isOwner, two.isOwner]).toEqual([true, false]);
  });

  test('that cannot be asked lets nobody make a store: the cluster may have one', async () => {
    const [own, owners] = [await temporaryDirectory(), new MemoryOwnerDirectory()];
    owners.failure = new Error('Redis is away');

    await expect(join(own, owners, { startTimeoutMs: 100 })).rejects.toMatchObject({
      code: 'HW_STORE_UNAVAILABLE',
      message: expect.stringContaining('Redis'),
    });
    expect(await readdir(own)).toEqual([]);
  });

  test('that cannot be asked is what is amiss when another instance has the store, and nobody is told to stop that', async () => {
    const [data, owners] = [await temporaryDirectory(), new MemoryOwnerDirectory()];
    await join(data, owners);
    owners.failure = new Error('Redis is away');
    const lines: unknown[] = [];
    const logger = { ...SILENT, warn: (fields: object, message: string) => lines.push({ ...fields, message }) };

    const starting = join(data, owners, { startTimeoutMs: 500, logger });

    const problem = { code: 'HW_STORE_UNAVAILABLE', message: expect.stringContaining('see to Redis') };
    await expect(starting).rejects.toMatchObject(problem);
    expect(lines).toEqual([problem]);
  });

  test('that tells too late that the cluster has another store degrades the one that was opened without it', async () => {
    const owners = new MemoryOwnerDirectory();
    const [data] = await directoryWith('doc');
    await join(await temporaryDirectory(), owners);
    owners.failure = new Error('Redis is away');

    const two = await join(data, owners, BRIEF);
    expect(two.store.health.status).toBe('ok');
    owners.failure = undefined;

    await vi.waitFor(() =>
      expect(two.store.health).toMatchObject({
        status: 'degraded',
        error: expect.objectContaining({ code: 'HW_CLUSTER_OTHER_STORE' }),
      }),
    );
    await two.store.append('doc', text('goes on')).durable;
  });
});

describe('a start that leads nowhere', () => {
  test('says that somebody has the directory who serves it to nobody', async () => {
    const data = await temporaryDirectory();
    const single = await LevelStore.open(data);
    onTestFinished(() => single.close());

    const joining = join(data, new MemoryOwnerDirectory(), { startTimeoutMs: 300 });

    await expect(joining).rejects.toMatchObject({ code: 'HW_STORE_LOCKED' });
  });

  test('says that the secret is another one', async () => {
    const [data, owners] = [await temporaryDirectory(), new MemoryOwnerDirectory()];
    await join(data, owners);

    await expect(join(data, owners, { secret: 'another' })).rejects.toMatchObject({ code: 'HW_CLUSTER_SECRET_WRONG' });
  });
});

async function join(
  data: string,
  owners: OwnerDirectory,
  options: Partial<ClusterStoreOptions> = {},
): Promise<ClusterStore> {
  instances += 1;
  const instanceId = `instance-${instances}`;
  const cluster = await ClusterStore.open({
    ...QUICK,
    closeTimeoutMs: 500,
    leaseMs: 30_000, // nobody withdraws it but who announced it, however slow the machine is
    data,
    owners,
    instanceId,
    secret: SECRET,
    ...options,
  });
  onTestFinished(() => cluster.store.close().catch(() => {})); // a test that leaves something unsaved says so itself
  return cluster;
}

async function copyOf(data: string): Promise<string> {
  const copy = await temporaryDirectory();
  await cp(data, copy, { recursive: true });
  return copy;
}

/** A directory with a store of one document. */
async function directoryWith(name: string): Promise<readonly [data: string, storeId: string]> {
  const data = await temporaryDirectory();
  const store = await LevelStore.open(data);
  await store.append(name, text(name)).durable;
  await store.close();
  return [data, store.storeId];
}
