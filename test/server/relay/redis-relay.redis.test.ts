import { expect, test, vi } from 'vitest';
import { SILENT_LOGGER } from '../../../server/src/logging/logger.ts';
import { RedisConnections } from '../../../server/src/relay/redis-connections.ts';
import { MAX_RELAYED_BYTES, RedisRelay } from '../../../server/src/relay/redis-relay.ts';
import { STREAM_MAX_ENTRIES, STREAM_WINDOW_MS } from '../../../server/src/relay/redis-streams.ts';
import type { Relay } from '../../../server/src/relay/relay.ts';
import { Announced, describeRelay, HeardBy, written } from '../../contracts/relay.ts';
import { RedisServer, type RedisServerOptions } from '../../support/redis-server.ts';
import { TcpProxy } from '../../support/tcp-proxy.ts';

const PREFIX = 'test:';
/** A Redis that was lost is back, and everybody has noticed, within this. */
const RECOVERY = { timeout: 10_000, interval: 20 };

/** Instances around a Redis of their own. */
class Network implements AsyncDisposable {
  readonly redis: RedisServer;
  readonly #relays: Relay[] = [];

  private constructor(redis: RedisServer) {
    this.redis = redis;
  }

  static async open(options: RedisServerOptions = {}): Promise<Network> {
    return new Network(await RedisServer.start(options));
  }

  async join(url = this.redis.url): Promise<RedisRelay> {
    const connections = new RedisConnections(url, SILENT_LOGGER);
    const relay = await RedisRelay.open({ connections, prefix: PREFIX, logger: SILENT_LOGGER });
    await relay.join();
    this.#relays.push(relay);
    return relay;
  }

  /** Two instances that have "notes" open. */
  async pair() {
    const [one, two] = [await this.join(), await this.join()];
    const [own, other] = [new HeardBy(), new HeardBy()];
    const [channel, theirs] = [one.attach('notes', own), two.attach('notes', other)];
    await Promise.all([channel.whenListening, theirs.whenListening]);
    return { one, two, own, other, channel };
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await Promise.all(this.#relays.map((relay) => relay.close()));
    await this.redis[Symbol.asyncDispose]();
  }
}

describeRelay('RedisRelay', () => Network.open());

test('what the listener missed while its connection was cut is handed in, and it is told that there was a cut', async () => {
  await using network = await Network.open();
  const { other, channel } = await network.pair();
  channel.publish(written(1, 7));
  await vi.waitFor(() => expect(other.sequences).toEqual([1]));
  const before = other.interruptions;

  await network.redis.command('CLIENT', 'KILL', 'TYPE', 'pubsub');
  channel.publish(written(2, 7));

  await vi.waitFor(() => expect(new Set(other.sequences)).toEqual(new Set([1, 2])), RECOVERY);
  await vi.waitFor(() => expect(other.interruptions).toBeGreaterThan(before), RECOVERY);
});

test('batches that an instance left behind do not make it count as one that is there', async () => {
  await using network = await Network.open();
  const { one, two, other, channel } = await network.pair();
  channel.publish(written(1, 7));
  await vi.waitFor(() => expect(other.sequences).toEqual([1]));
  await one.close();
  await vi.waitFor(() => expect(two.health.instances).toBe(0));

  const heir = await network.join();
  const heard = new HeardBy();
  const notes = heir.attach('notes', heard);
  await notes.whenListening;
  notes.readRetained();

  await vi.waitFor(() => expect(heard.sequences).toEqual([1]));
  two.tell('notes', { kind: 'awareness-query' });

  await vi.waitFor(() => expect(heard.messages).toHaveLength(1));
  expect(heir.health.instances).toBe(1);
});

test('a Redis that is killed and comes back empty is used again; what could not be sent is told as stored', async () => {
  await using network = await Network.open();
  const { one, other, channel } = await network.pair();

  await network.redis.kill9();
  await vi.waitFor(() => expect(one.health.status).toBe('degraded'));
  channel.publish(written(1, 7));
  channel.publish(written(2, 7));
  await network.redis.restart();

  await vi.waitFor(() => expect(other.batches).toContainEqual({ kind: 'stored', epoch: 1, sequence: 2 }), RECOVERY);
  await vi.waitFor(() => expect(one.health).toEqual({ status: 'ok', instances: 1 }), RECOVERY);
  channel.publish(written(3, 7));
  await vi.waitFor(() => expect(other.sequences.at(-1)).toBe(3));
});

const about = (user: string) => ({ kind: 'reauthenticate', documentName: undefined, user }) as const;

test('what is announced while Redis is gone is sent when it is back, and whoever was cut off is told so', async () => {
  await using network = await Network.open();
  const [one, two] = [await network.join(), await network.join()];
  const announced = new Announced();
  two.listen(announced);

  await network.redis.kill9();
  await vi.waitFor(() => expect(one.health.status).toBe('degraded'));
  const sent = one.announce(about('ada'));
  await network.redis.restart();
  await sent;
  await vi.waitFor(() => expect(announced.interruptions).toBe(1), RECOVERY);
  // It may have been sent before the other one listened again: that it was interrupted says as much.
  await one.announce(about('bob'));
  await vi.waitFor(() => expect(announced.heard).toContainEqual(about('bob')), RECOVERY);

  await network.redis.kill9();
  await vi.waitFor(() => expect(one.health.status).toBe('degraded'));
  const waiting = one.announce(about('eve'));
  await Promise.all([expect(waiting).rejects.toMatchObject({ code: 'HW_SHUTTING_DOWN' }), one.close()]);
});

test('a Redis that takes everything and answers nothing is noticed within seconds', async () => {
  await using network = await Network.open();
  const { one, other, channel } = await network.pair();

  network.redis.pause();
  await vi.waitFor(() => expect(one.health.status).toBe('degraded'), RECOVERY);
  expect(one.health.reason).toContain('Redis: ');
  network.redis.resume();

  await vi.waitFor(() => expect(one.health.status).toBe('ok'), RECOVERY);
  await vi.waitFor(() => {
    channel.publish(written(5, 7));
    expect(other.sequences).toContain(5);
  }, RECOVERY);
});

test('a connection on which nothing comes any more is given up for a new one', async () => {
  await using network = await Network.open();
  await using proxy = await TcpProxy.start(network.redis.port);
  const one = await network.join(`redis://127.0.0.1:${proxy.port}`);
  const two = await network.join();
  const heard = new HeardBy();
  await one.attach('notes', heard).whenListening;
  const channel = two.attach('notes', new HeardBy());

  proxy.fallSilent();
  channel.publish(written(1, 7));
  await vi.waitFor(() => expect(one.health.status).toBe('degraded'), RECOVERY);

  await vi.waitFor(() => expect(one.health.status).toBe('ok'), RECOVERY);
  await vi.waitFor(() => expect(heard.sequences).toEqual([1]), RECOVERY);
  await one.close(); // before the proxy
});

test('a Redis that answers nothing from the start is there once it answers', async () => {
  await using network = await Network.open();
  network.redis.pause();

  const one = await network.join();
  expect(one.health.status).toBe('degraded');
  network.redis.resume();

  await vi.waitFor(() => expect(one.health.status).toBe('ok'), RECOVERY);
});

test('a Redis that is full keeps no batch more, and passes them on all the same', async () => {
  await using network = await Network.open({ flags: ['--maxmemory-policy', 'noeviction'] });
  const { one, other, channel } = await network.pair();
  await network.redis.command('CONFIG', 'SET', 'maxmemory', '1');

  channel.publish(written(1, 7));

  await vi.waitFor(() => expect(other.sequences).toEqual([1]));
  expect(one.health).toMatchObject({ status: 'degraded', reason: expect.stringContaining('maxmemory') });

  await network.redis.command('CONFIG', 'SET', 'maxmemory', '0');
  channel.publish(written(2, 7));
  await vi.waitFor(() => expect(one.health.status).toBe('ok'));
});

test('a batch that is too large is told as stored', async () => {
  await using network = await Network.open();
  const { other, channel } = await network.pair();

  channel.publish({
    kind: 'written',
    epoch: 1,
    sequence: 1,
    updates: [new Uint8Array(MAX_RELAYED_BYTES)],
    waiting: [],
  });

  await vi.waitFor(() => expect(other.batches).toEqual([{ kind: 'stored', epoch: 1, sequence: 1 }]));
});

test('streams are capped, and expire', async () => {
  await using network = await Network.open();
  const { other, channel } = await network.pair();
  const count = STREAM_MAX_ENTRIES * 3;

  for (let sequence = 1; sequence <= count; sequence++) channel.publish(written(sequence, 7));

  await vi.waitFor(() => expect(other.batches.length).toBe(count), RECOVERY);
  const key = `${PREFIX}doc:notes`;
  expect(Number(await network.redis.command('XLEN', key))).toBeLessThan(STREAM_MAX_ENTRIES * 1.5);
  const ttlMs = Number(await network.redis.command('PTTL', key));
  expect(ttlMs).toBeGreaterThan(STREAM_WINDOW_MS / 2);
  expect(ttlMs).toBeLessThanOrEqual(STREAM_WINDOW_MS);
});

test('a keystroke costs Redis less than 140 bytes, whoever listens', async () => {
  await using network = await Network.open();
  const { one, other, channel } = await network.pair();
  await network.join();
  const keystroke: number[] = Array.from({ length: 30 }, () => 1);
  channel.publish(written(1, ...keystroke)); // has the function loaded
  await vi.waitFor(() => expect(other.sequences).toEqual([1]));
  const received = async (): Promise<number> =>
    Number(/total_net_input_bytes:(\d+)/.exec(await network.redis.command('INFO', 'stats'))?.[1]);
  const before = await received();

  for (let sequence = 2; sequence <= 1_001; sequence++) channel.publish(written(100_000 + sequence, ...keystroke));
  await vi.waitFor(() => expect(other.batches.length).toBe(1_001), RECOVERY);

  expect((await received()) - before).toBeLessThan(140 * 1_000);
  expect(one.health.status).toBe('ok');
});

test('entries of something else on its channels are reported, and harm nothing', async () => {
  await using network = await Network.open();
  const { other, channel } = await network.pair();

  await network.redis.command('PUBLISH', `${PREFIX}doc:notes`, 'what is this');
  await network.redis.command('PUBLISH', `${PREFIX}doc:notes`, '');
  channel.publish(written(1, 7));

  await vi.waitFor(() => expect(other.sequences).toEqual([1]));
});

test('a wrong password is refused at the start, with what Redis said', async () => {
  await using network = await Network.open({ password: 'open sesame' });

  const refused = network.join(network.redis.url.replace('sesame', 'says me'));

  await expect(refused).rejects.toMatchObject({
    code: 'HW_REDIS_REFUSED',
    message: expect.stringContaining('WRONGPASS'),
  });
  await expect(network.join(`redis://127.0.0.1:${network.redis.port}`)).rejects.toMatchObject({
    code: 'HW_REDIS_REFUSED',
    message: expect.stringContaining('wants a password: put it into the URL'),
  });
  expect((await network.join()).health.status).toBe('ok');
});

test('a user who may touch nothing but the prefix is enough', async () => {
  const rights = ['~test:*', '&test:*', '+@connection', '+@pubsub', '+@stream', '+@scripting', '+pexpire', '+info'];
  await using network = await Network.open({ flags: ['--user', 'headwater', 'on', '>secret', ...rights] });
  const url = `redis://headwater:secret@127.0.0.1:${network.redis.port}`;
  const [one, two] = [await network.join(url), await network.join(url)];
  const other = new HeardBy();
  const channel = one.attach('notes', new HeardBy());
  await Promise.all([channel.whenListening, two.attach('notes', other).whenListening]);

  channel.publish(written(1, 7));

  await vi.waitFor(() => expect(other.sequences).toEqual([1]));
  expect(one.health.status).toBe('ok');
});

const withoutFunctions = [
  ['that is older than its functions', ['--rename-command', 'FCALL', '']],
  ['that keeps functions from its users', ['--user', 'default', 'on', 'nopass', '~*', '&*', '+@all', '-function']],
] as const;

test.for(withoutFunctions)('a Redis %s carries batches all the same', async ([, flags]) => {
  await using network = await Network.open({ flags: [...flags] });
  const { one, other, channel } = await network.pair();

  for (let sequence = 1; sequence <= 3; sequence++) channel.publish(written(sequence, 7));

  await vi.waitFor(() => expect(new Set(other.sequences)).toEqual(new Set([1, 2, 3])));
  expect(one.health.status).toBe('ok');
});

test('a Redis that has forgotten its functions is told again', async () => {
  await using network = await Network.open();
  const { other, channel } = await network.pair();
  channel.publish(written(1, 7));
  await vi.waitFor(() => expect(other.sequences).toEqual([1]));

  await network.redis.command('FUNCTION', 'FLUSH');
  for (let sequence = 2; sequence <= 4; sequence++) channel.publish(written(sequence, 7));

  await vi.waitFor(() => expect(new Set(other.sequences)).toEqual(new Set([1, 2, 3, 4])));
  expect(await network.redis.command('FUNCTION', 'LIST')).toContain('headwater_');
  expect(await network.redis.command('INFO', 'commandstats')).not.toContain('cmdstat_eval');
});

test('without Redis an instance starts all the same, and is there once Redis is', async () => {
  await using network = await Network.open();
  await network.redis.kill9();

  const one = await network.join();
  const other = new HeardBy();
  one.attach('notes', other);
  expect(one.health).toMatchObject({ status: 'degraded' });
  await network.redis.restart();

  await vi.waitFor(() => expect(one.health.status).toBe('ok'), RECOVERY);
  const two = await network.join();
  two.attach('notes', new HeardBy()).publish(written(1, 7));
  await vi.waitFor(() => expect(other.sequences).toEqual([1]));
});

test('a Redis Cluster carries batches of every document', async () => {
  await using network = await Network.open({
    flags: ['--cluster-enabled', 'yes', '--cluster-announce-ip', '127.0.0.1'],
  });
  await network.redis.command('CLUSTER', 'ADDSLOTSRANGE', '0', '16383');
  const state = (): Promise<string> => network.redis.command('CLUSTER', 'INFO');
  await vi.waitFor(async () => expect(await state()).toContain('cluster_state:ok'), RECOVERY);
  const url = network.redis.url.replace('redis:', 'redis+cluster:');
  const [one, two] = [await network.join(url), await network.join(url)];
  const documents = ['notes', 'plans', 'a {b} c'].map((name) => {
    const heard = new HeardBy();
    return { heard, channel: one.attach(name, new HeardBy()), theirs: two.attach(name, heard) };
  });
  await Promise.all(documents.flatMap(({ channel, theirs }) => [channel.whenListening, theirs.whenListening]));

  for (const { channel } of documents) channel.publish(written(1, 7));

  for (const { heard } of documents) await vi.waitFor(() => expect(heard.sequences).toContain(1));
});
