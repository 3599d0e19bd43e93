import { expect, onTestFinished, test } from 'vitest';
import { RedisServer } from '../support/redis-server.ts';
import { ServerProcess } from '../support/server-process.ts';
import { StockClient } from '../support/stock-client.ts';
import { storeDocuments, updateOf } from '../support/stored-documents.ts';
import { TempDir } from '../support/temp-dir.ts';

/** An instance with a store of its own that has a document, and somebody who has that open. */
async function instanceWith(text: string, redisUrl: string) {
  const directory = await TempDir.create();
  onTestFinished(() => directory[Symbol.asyncDispose]());
  const update = updateOf((doc) => doc.getText('text').insert(0, text));
  await storeDocuments(directory.path, { notes: { updates: [update] } });
  const server = await ServerProcess.start({ data: directory.path, flags: ['--redis', redisUrl] });
  onTestFinished(() => server[Symbol.asyncDispose]());
  const client = await new StockClient(server.url, 'notes').synced();
  onTestFinished(() => client[Symbol.asyncDispose]());
  return { text, server, client };
}

test('of two stores that began while Redis was away one goes, before anything of it reaches the other', async () => {
  const redis = await RedisServer.start();
  onTestFinished(() => redis[Symbol.asyncDispose]());
  await redis.kill9();
  const instances = await Promise.all(['one', 'two'].map((text) => instanceWith(text, redis.url)));

  await redis.restart();
  const refused = await Promise.race(
    instances.map(async (instance) => {
      const exit = await instance.server.ended();
      return { instance, exit };
    }),
  );
  const other = instances.find((instance) => instance !== refused.instance);

  expect(refused.exit).toEqual({ status: 1, signal: null });
  const codes = refused.instance.server.logs.map(({ err }) => (err as { code?: string } | undefined)?.code);
  expect(codes).toContain('HW_CLUSTER_OTHER_STORE');
  await expect
    .poll(async () => (await fetch(`http://127.0.0.1:${other?.server.port}/health`)).json())
    .toMatchObject({ status: 'ok', isStoreOwner: true });
  expect(other?.client.doc.getText('text').toString()).toBe(other?.text);
});
