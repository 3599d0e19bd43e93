import { eventually, type Health, healthOf } from '../faults/support.ts';
import { RedisServer, type RedisServerOptions } from '../support/redis-server.ts';
import { ServerProcess } from '../support/server-process.ts';
import { TcpProxy } from '../support/tcp-proxy.ts';
import { TempDir } from '../support/temp-dir.ts';

/** How to start a cluster; everything is optional. */
export interface ClusterOptions {
  readonly instances?: number;
  readonly redis?: RedisServerOptions;
  /** Every instance reaches Redis through a proxy of its own. */
  readonly redisThroughProxies?: boolean;
  /** Of every instance. */
  readonly flags?: readonly string[];
  readonly data?: string;
}

const SECRET = 'the-secret-of-this-cluster';
export const PREFIX = 'test:';

/** Flags that make a server an instance of a cluster. */
const clusterFlags = (redisUrl: string): readonly string[] => [
  '--redis',
  redisUrl,
  '--redis-prefix',
  PREFIX,
  '--cluster-secret',
  SECRET,
];

/** Real servers on one data directory, with a real Redis between them. */
export class Cluster implements AsyncDisposable {
  readonly redis: RedisServer;
  readonly instances: ServerProcess[] = [];
  /** Between each instance and Redis; empty unless they were asked for. */
  readonly proxies: TcpProxy[] = [];
  readonly data: string;
  readonly #ownData: TempDir | undefined;
  readonly #options: ClusterOptions;
  readonly #frozen = new Set<ServerProcess>();

  private constructor(redis: RedisServer, data: string, ownData: TempDir | undefined, options: ClusterOptions) {
    this.redis = redis;
    this.data = data;
    this.#ownData = ownData;
    this.#options = options;
  }

  static async start(options: ClusterOptions = {}): Promise<Cluster> {
    const ownData = options.data === undefined ? await TempDir.create() : undefined;
    const data = options.data ?? ownData?.path ?? '';
    const cluster = new Cluster(await RedisServer.start(options.redis), data, ownData, options);
    try {
      await cluster.add(); // alone, so that it has the store
      await Promise.all(Array.from({ length: (options.instances ?? 3) - 1 }, () => cluster.add()));
      return cluster;
    } catch (error) {
      await cluster[Symbol.asyncDispose]();
      throw error;
    }
  }

  /** One more instance. */
  async add(env: Readonly<Record<string, string>> = {}): Promise<ServerProcess> {
    let { url } = this.redis;
    if (this.#options.redisThroughProxies === true) {
      const proxy = await TcpProxy.start(this.redis.port);
      this.proxies.push(proxy);
      url = url.replace(`:${this.redis.port}`, `:${proxy.port}`);
    }
    const flags = [...clusterFlags(url), ...(this.#options.flags ?? [])];
    const instance = await ServerProcess.start({ data: this.data, flags, env });
    this.instances.push(instance);
    return instance;
  }

  /** Where a load balancer would send clients: every instance that runs. */
  readonly places = (): readonly string[] =>
    this.instances.filter((instance) => instance.isRunning && !this.#frozen.has(instance)).map(({ url }) => url);

  /** The instance that has the store open; waits for one. */
  async owner(): Promise<ServerProcess> {
    let owner: ServerProcess | undefined;
    await eventually(async () => {
      for (const instance of this.instances) {
        if (instance.isRunning && (await healthOf(instance)).isStoreOwner === true) owner = instance;
      }
      return owner !== undefined;
    }, 'an instance to have the store open');
    if (owner === undefined) throw new Error('nobody has the store open');
    return owner;
  }

  /** The instances that run and do not have the store open. */
  async others(): Promise<readonly ServerProcess[]> {
    const owner = await this.owner();
    return this.instances.filter((instance) => instance.isRunning && instance !== owner);
  }

  /** Stops a process where it stands (SIGSTOP): its sockets stay open, nothing is answered. */
  freeze(instance: ServerProcess): void {
    this.#frozen.add(instance);
    instance.signal('SIGSTOP');
  }

  /** Lets it go on. */
  thaw(instance: ServerProcess): void {
    instance.signal('SIGCONT');
    this.#frozen.delete(instance);
  }

  /** What each of the running instances says of itself, in their order. */
  async health(): Promise<readonly Health['status'][]> {
    const running = this.instances.filter((instance) => instance.isRunning && !this.#frozen.has(instance));
    return Promise.all(running.map(async (instance) => (await healthOf(instance)).status));
  }

  /** Waits until every running instance says so. */
  async allAre(status: Health['status'], withinMs?: number): Promise<void> {
    await eventually(
      async () => (await this.health()).every((each) => each === status),
      `all instances to be ${status}`,
      withinMs,
    );
  }

  async [Symbol.asyncDispose](): Promise<void> {
    for (const instance of this.instances) await instance[Symbol.asyncDispose]();
    for (const proxy of this.proxies) await proxy[Symbol.asyncDispose]();
    await this.redis[Symbol.asyncDispose]();
    await this.#ownData?.[Symbol.asyncDispose]();
  }
}
