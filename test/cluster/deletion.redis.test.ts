import { HistoryClient } from '@headwater/client/history';
import { LevelStore } from '@headwater/persistence';
import { afterAll, beforeAll, expect, onTestFinished, test } from 'vitest';
import { HeadwaterClient } from '../support/headwater-client.ts';
import { headwater } from '../support/run-command.ts';
import type { ServerProcess } from '../support/server-process.ts';
import { StockClient } from '../support/stock-client.ts';
import { Cluster } from './cluster.ts';

/** In each test another document is deleted; all of them stay so to the end. */
const NAMES = ['notes', 'frozen', 'unheard'];

let cluster: Cluster;
let owner: ServerProcess;
let other: ServerProcess;

beforeAll(async () => {
  cluster = await Cluster.start({ instances: 2 });
  owner = await cluster.owner();
  [other = owner] = await cluster.others();
});
afterAll(() => cluster?.[Symbol.asyncDispose]());

/** The unmodified provider of an application that will not take no for an answer: it connects again with its copy, whatever it is told. */
class StubbornClient extends StockClient {
  constructor(...given: ConstructorParameters<typeof StockClient>) {
    super(...given);
    this.provider.on('closed', () => this.provider.connect());
    onTestFinished(() => this.close());
  }

  get text(): string {
    return this.doc.getText('text').toString();
  }

  type(text: string): void {
    this.doc.getText('text').insert(0, text);
  }

  /** Waits until it was turned away so many times. */
  async refused(times: number): Promise<void> {
    await this.until(() => this.closeCodes.length >= times, `${times} closes`);
  }
}

/** Two who have a document open, at both instances. */
async function twoWith(name: string): Promise<readonly [atOwner: StubbornClient, atOther: StubbornClient]> {
  const two = [new StubbornClient(owner.url, name), new StubbornClient(other.url, name)] as const;
  for (const client of two) await client.synced();
  two[0].type('here ');
  two[1].type('there ');
  for (const client of two) await client.until(() => client.text.length === 11, 'both edits');
  return two;
}

const api = (instance: ServerProcess): HistoryClient => new HistoryClient(`http://127.0.0.1:${instance.port}`);

async function names(): Promise<string[]> {
  return (await api(other).documents()).documents.map(({ name }) => name);
}

test('a document that is deleted through the instance without the store is gone at both, and stays so', async () => {
  const [ada, bob] = await twoWith('notes');
  await using grace = await new HeadwaterClient(other.url, 'notes').synced();
  await using neighbour = await new HeadwaterClient(owner.url, 'neighbour').synced();
  neighbour.text.insert(0, 'kept');

  expect(await api(other).delete('notes')).toBe(true);
  await Promise.all([ada, bob].map((client) => client.refused(1)));
  await grace.until(() => grace.provider.status === 'denied', 'the denial');
  for (const client of [ada, bob]) client.type('again ');
  await Promise.all([ada, bob].map((client) => client.refused(5)));

  expect(new Set([...ada.closeCodes, ...bob.closeCodes])).toEqual(new Set([4410]));
  expect(grace.errors).toMatchObject([{ code: 'HW_DOCUMENT_DELETED' }]);
  expect(grace.text.toString()).toHaveLength(11);
  await neighbour.saved();
  expect(await names()).toEqual(['neighbour']);
  expect(await api(owner).deletions()).toMatchObject({ deletions: [{ name: 'notes' }] });
});

test('an instance that stood still meanwhile, with edits before it, brings nothing back', async () => {
  const [ada, bob] = await twoWith('frozen');
  await using grace = await new HeadwaterClient(other.url, 'frozen').synced();
  cluster.freeze(other);
  bob.type('late ');
  grace.text.insert(0, 'late ');

  await api(owner).delete('frozen');
  await ada.refused(1);
  cluster.thaw(other);
  await bob.refused(2);
  await grace.until(() => grace.provider.status === 'denied', 'the denial');

  expect(bob.closeCodes).toEqual(bob.closeCodes.map(() => 4410));
  expect(grace.provider.unsavedChanges).toBeGreaterThan(0);
  expect(await names()).toEqual(['neighbour']);
});

test('without Redis the others find out by themselves, and nothing comes back with it', async () => {
  const [ada, bob] = await twoWith('unheard');
  await cluster.redis.kill9();

  await api(other).delete('unheard');
  await Promise.all([ada, bob].map((client) => client.refused(1)));
  await cluster.redis.restart();
  await cluster.allAre('ok');
  await Promise.all([ada, bob].map((client) => client.refused(client.closeCodes.length + 2)));

  expect(new Set([...ada.closeCodes, ...bob.closeCodes])).toEqual(new Set([4410]));
  expect(await names()).toEqual(['neighbour']);
});

test('after everything was started again it is as it was', async () => {
  const back = NAMES.map((name) => new StubbornClient(other.url, name));
  for (const client of back) client.type('a copy');
  for (const instance of cluster.instances) await instance.stop();
  for (const instance of cluster.instances) await instance.restart();
  await Promise.all(back.map((client) => client.until(() => client.closeCodes.at(-1) === 4410, 'the refusal')));
  for (const instance of cluster.instances) await instance.stop();

  const exported = await headwater(['export', 'notes', '--data', cluster.data]);

  expect(exported).toMatchObject({ status: 1, stderr: expect.stringContaining('HW_DOCUMENT_UNKNOWN') });
  await using store = await LevelStore.open(cluster.data);
  const stored: string[] = [];
  for await (const { documentName } of store.list()) stored.push(documentName);
  expect(stored).toEqual(['neighbour']);
  for (const name of NAMES) await expect(store.load(name)).rejects.toMatchObject({ code: 'HW_DOCUMENT_DELETED' });
});
