import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { HeadwaterClient } from '../../support/headwater-client.ts';
import { ServerProcess } from '../../support/server-process.ts';
import { TcpProxy } from '../../support/tcp-proxy.ts';
import { freshDocument } from '../support.ts';

/** Two clients of one document behind a line of their own. */
interface Line extends AsyncDisposable {
  readonly name: string;
  readonly link: TcpProxy;
  readonly ada: HeadwaterClient;
  readonly bob: HeadwaterClient;
}

/** Starting one takes its time. */
let server: ServerProcess;

beforeAll(async () => {
  server = await ServerProcess.start();
});

afterAll(() => server?.[Symbol.asyncDispose]());

async function openLine(name: string, faults: Parameters<typeof TcpProxy.start>[1] = {}): Promise<Line> {
  const link = await TcpProxy.start(server.port, faults);
  const [ada, bob] = [new HeadwaterClient(link.url, name), new HeadwaterClient(link.url, name)];
  const close = async (): Promise<void> => {
    for (const resource of [ada, bob, link]) await resource[Symbol.asyncDispose]();
  };
  try {
    await Promise.all([ada.synced(), bob.synced()]);
  } catch (error) {
    await close();
    throw error;
  }
  return { name, link, ada, bob, [Symbol.asyncDispose]: close };
}

/** Both type by turns into what they have, without waiting for each other. */
async function typeTogether({ ada, bob }: Line, letters: number, paceMs: number): Promise<void> {
  for (let typed = 0; typed < letters; typed += 1) {
    for (const { text } of [ada, bob]) text.insert(text.length, 'x');
    await new Promise((resolve) => setTimeout(resolve, paceMs)); // somebody's typing, no wait for anything
  }
}

/** Everybody has everything, it is saved, and a newcomer on a good line gets the same. */
async function expectConverged({ name, ada, bob }: Line, letters: number): Promise<void> {
  for (const client of [ada, bob]) await client.until(() => client.text.length === letters, 'every letter');
  await Promise.all([ada.saved(), bob.saved()]);
  expect(ada.text.toString()).toBe(bob.text.toString());
  const fresh = await freshDocument(server.url, name);
  expect(fresh.getText('text').toString()).toBe(ada.text.toString());
}

describe.concurrent('two clients', () => {
  test('with every byte in a packet of its own sync and save', async () => {
    await using line = await openLine('bytes', { packetBytes: 1 });

    await typeTogether(line, 20, 1);

    await expectConverged(line, 40);
    expect(line.link.connections).toBe(2);
  });

  test('on a line with 100 ms of delay and 2 % of loss sync and save, each on one connection', async () => {
    await using line = await openLine('losses', { delayMs: 100, lossPercent: 2 });

    await typeTogether(line, 50, 20);

    await expectConverged(line, 100);
    expect(line.link.connections).toBe(2);
  });

  test('on a line with almost two seconds there and back sync and save, each on one connection', async () => {
    await using line = await openLine('slow', { delayMs: 900 });

    await typeTogether(line, 5, 20);

    await expectConverged(line, 10);
    expect(line.link.connections).toBe(2);
  });

  test('behind a proxy that cuts idle connections are never idle enough to be cut', async () => {
    await using line = await openLine('idle', { idleTimeoutMs: 3_000 });

    await new Promise((resolve) => setTimeout(resolve, 6_500)); // two of the proxy's limits of doing nothing

    expect(line.link.connections).toBe(2);
    await typeTogether(line, 1, 0);
    await expectConverged(line, 2);
  });

  test('cut again and again while they type lose nothing', async () => {
    await using line = await openLine('cut', { delayMs: 5 });

    for (let round = 0; round < 5; round += 1) {
      await typeTogether(line, 5, 5);
      line.link.cut();
      await typeTogether(line, 5, 5);
    }

    await expectConverged(line, 100);
    expect(line.link.connections).toBeGreaterThan(2);
  });
});

test('two clients whose server stops for two seconds wait for it, and stay connected', async () => {
  await using line = await openLine('stopped');
  server.signal('SIGSTOP');
  await typeTogether(line, 10, 200);
  expect([line.ada.provider.saved, line.bob.provider.saved]).toEqual([false, false]);
  server.signal('SIGCONT');

  await expectConverged(line, 20);
  expect(line.link.connections).toBe(2);
});

test('a connection that is gone without a word is noticed within 5 s, and its edits come over the next one', async () => {
  await using line = await openLine('silent');
  line.ada.text.insert(0, 'a');
  await line.ada.saved();
  const losses: number[] = [];
  line.ada.provider.on('status', (status) => {
    if (status !== 'connected') losses.push(performance.now());
  });

  line.link.fallSilent();
  const silentMs = performance.now();
  line.ada.text.insert(1, 'b');
  await line.ada.saved();

  expect((losses[0] ?? Number.NaN) - silentMs).toBeLessThan(5_000 + 1_000); // and what a busy machine may take to tell us
  await line.bob.until(() => line.bob.text.toString() === 'ab', 'the edit');
});
