import { type DocumentHistory, LevelStore } from '@headwater/persistence';
import { createServer, type HeadwaterServer } from '@headwater/server';
import { afterAll, beforeAll, expect, onTestFinished, test, vi } from 'vitest';
import { findRunningServer } from '../../server/src/lifecycle/runtime-file.ts';
import { RedisServer } from '../support/redis-server.ts';
import { StockClient } from '../support/stock-client.ts';
import { TempDir } from '../support/temp-dir.ts';

/** Time for an instance to notice that the owner has gone, and to open the store, on a machine that has much else to do. */
const TAKEOVER = { timeout: 20_000, interval: 20 };

let redis: RedisServer;
let clusters = 0;

beforeAll(async () => {
  redis = await RedisServer.start();
});
afterAll(() => redis[Symbol.asyncDispose]());

/** Instances of a cluster of their own on one data directory. */
class Instances {
  readonly data: string;
  readonly #prefix: string;

  constructor(data: string) {
    clusters += 1;
    this.data = data;
    this.#prefix = `cluster-${clusters}:`;
  }

  async start(data = this.data, clusterSecret = ''): Promise<Instance> {
    const server = await createServer({ port: 0, data, redis: redis.url, redisPrefix: this.#prefix, clusterSecret });
    onTestFinished(() => server.close());
    return new Instance(server, (await server.listen()).port);
  }
}

class Instance {
  readonly server: HeadwaterServer;
  readonly #port: number;

  constructor(server: HeadwaterServer, port: number) {
    this.server = server;
    this.#port = port;
  }

  get url(): string {
    return `http://127.0.0.1:${this.#port}`;
  }

  get isOwner(): boolean | undefined {
    return this.server.health.isStoreOwner;
  }

  /** A client that has everything. */
  async client(documentName = 'notes'): Promise<StockClient> {
    const client = new StockClient(`ws://127.0.0.1:${this.#port}`, documentName);
    onTestFinished(() => client[Symbol.asyncDispose]());
    return client.synced();
  }

  /** Writes a text into a document, and goes. */
  async write(text: string): Promise<void> {
    const client = await this.client();
    client.doc.getText('text').insert(client.doc.getText('text').length, text);
    const isThere = async (): Promise<void> => {
      if (!(await this.read()).includes(text)) throw new Error(`"${text}" is not there yet`);
    };
    await vi.waitFor(isThere, TAKEOVER);
    await client[Symbol.asyncDispose]();
  }

  /** What somebody finds who opens the document here. */
  async read(): Promise<string> {
    const client = await this.client();
    const text = client.doc.getText('text').toString();
    await client[Symbol.asyncDispose]();
    return text;
  }
}

test('what was written at one instance is found at the other, also after both have gone, in either order', async () => {
  await using directory = await TempDir.create();
  const instances = new Instances(directory.path);
  const one = await instances.start();
  const two = await instances.start();
  expect([one.isOwner, two.isOwner]).toEqual([true, false]);
  await one.write('one ');
  expect(await two.read()).toBe('one ');
  await two.write('two ');
  // One has the document open, and hears of it from the relay, a moment after it is shown at two.
  await vi.waitFor(async () => expect(await one.read()).toBe('one two '), TAKEOVER);

  expect(await urlForCommands(directory.path)).toBe(one.url);
  await one.server.close();
  await vi.waitFor(() => expect(two.isOwner).toBe(true), TAKEOVER);
  await vi.waitFor(async () => expect(await urlForCommands(directory.path)).toBe(two.url));
  const three = await instances.start();
  expect(await three.read()).toBe('one two ');
  await three.server.close();
  await two.server.close();

  expect(await (await instances.start()).read()).toBe('one two ');
});

test('an instance that was alone becomes one of two, as it is', async () => {
  await using directory = await TempDir.create();
  const alone = await createServer({ port: 0, data: directory.path });
  await new Instance(alone, (await alone.listen()).port).write('from before');
  await alone.close();

  const instances = new Instances(directory.path);
  await instances.start();
  const two = await instances.start();

  expect(two.isOwner).toBe(false);
  expect(await two.read()).toBe('from before');
});

test('the past is read, named and restored through an instance that does not have the store', async () => {
  await using directory = await TempDir.create();
  await using elsewhere = await TempDir.create();
  const instances = new Instances(directory.path);
  const one = await instances.start();
  const two = await instances.start(elsewhere.path);
  await one.write('first');
  await two.write(' second');
  const { history } = two.server;

  const moments = await history.moments('notes');
  const texts = await Promise.all(moments.map(({ sequence }) => textAt(history, sequence)));
  expect(texts).toEqual(['first', 'first second']);
  const version = await history.versions.create('notes', { label: 'draft', author: 'ada', moment: 1 });
  expect(await one.server.history.versions.list('notes')).toEqual([version]);
  const reader = await one.client();
  await history.restore('notes', 1, { author: 'ada' });

  await reader.until(() => reader.doc.getText('text').toString() === 'first');
  const steps: string[] = [];
  for await (const { sequence } of one.server.history.replay('notes')) steps.push(await textAt(history, sequence));
  expect(steps).toEqual(['first', 'first second', 'first']);
});

test('a document that was deleted while no instance ran does not come back from what Redis keeps of it', async () => {
  await using directory = await TempDir.create();
  const instances = new Instances(directory.path);
  const one = await instances.start();
  await one.write('secret');
  await one.server.close();

  const store = await LevelStore.open(directory.path);
  expect(await store.delete('notes', { allowReuse: true })).toBe(true);
  await store.close();
  const again = await instances.start();
  const two = await instances.start();

  expect(await two.read()).toBe('');
  await two.write('anew');
  expect(await again.read()).toBe('anew');
});

test('an instance with another secret than the owner is not started', async () => {
  await using directory = await TempDir.create();
  const instances = new Instances(directory.path);
  await instances.start(directory.path, 'sesame');

  await expect(instances.start()).rejects.toMatchObject({ code: 'HW_CLUSTER_SECRET_WRONG' });
  const two = await instances.start(directory.path, 'sesame');
  expect(two.isOwner).toBe(false);
});

test('instances that were given no secret have one, and again when Redis has lost it', async () => {
  await using directory = await TempDir.create();
  const instances = new Instances(directory.path);
  const one = await instances.start();

  await redis.command('FLUSHALL');
  await vi.waitFor(async () => expect(await redis.command('KEYS', '*lease')).not.toBe(''), TAKEOVER);
  const two = await instances.start();

  await two.write('after it');
  expect(await one.read()).toBe('after it');
});

/** Where commands find the server of a data directory. */
async function urlForCommands(data: string): Promise<string | undefined> {
  return (await findRunningServer(data))?.url;
}

async function textAt(history: DocumentHistory, sequence: number): Promise<string> {
  return (await history.stateAt('notes', sequence)).doc().getText('text').toString();
}
