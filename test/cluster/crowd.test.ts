import { expect, test } from 'vitest';
import { seedOf } from '../faults/support.ts';
import { Random } from '../support/random.ts';
import { ServerProcess } from '../support/server-process.ts';
import { updateOf } from '../support/stored-documents.ts';
import { Crowd } from './crowd.ts';

// What the crowd says about clusters counts for something only if it says the right things about one server.

test('thirty clients of one server agree, also when it is killed while they edit', async () => {
  await using server = await ServerProcess.start();
  await using crowd = await Crowd.join(() => (server.isRunning ? [server.url] : []), new Random(seedOf('crowd')));
  crowd.edit();
  await crowd.edited(200);
  await crowd.settle();

  crowd.edit();
  await crowd.edited(100);
  await server.kill9();
  await crowd.edited(100);
  await server.restart();
  await crowd.edited(100);
  await crowd.settle();

  expect(crowd.edits).toBeGreaterThanOrEqual(500);
});

test('a crowd notices an edit that was lost', async () => {
  await using server = await ServerProcess.start();
  await using crowd = await Crowd.join(() => [server.url], new Random(seedOf('lost edit')));
  crowd.owe(
    'beta',
    updateOf((doc) => doc.getArray('marks').push(['never sent'])),
  );

  await expect(crowd.settle()).rejects.toThrow('beta lost 1 edits');
});
