import { eventually } from '../faults/support.ts';
import { TcpProxy } from '../support/tcp-proxy.ts';
import { type Cluster, PREFIX } from './cluster.ts';

const LEASE_KEY = `${PREFIX}{owner}:lease`;

/**
 * A proxy on the way from the instances to the one that has the store. Where that is stands in Redis, so the signpost is turned:
 * whoever looks there from now on goes through the proxy.
 */
export class StoreRoad implements AsyncDisposable {
  readonly proxy: TcpProxy;

  private constructor(proxy: TcpProxy) {
    this.proxy = proxy;
  }

  /** Builds it, and has the instances that already found the owner look again. */
  static async build(cluster: Cluster): Promise<StoreRoad> {
    const { port } = await signpost(cluster);
    const road = new StoreRoad(await TcpProxy.start(port));
    do {
      const { fence, ...owner } = await signpost(cluster);
      const turned = `${fence} ${JSON.stringify({ ...owner, port: road.proxy.port })}`;
      await cluster.redis.command('SET', LEASE_KEY, turned, 'KEEPTTL');
      for (const instance of await cluster.others()) await instance.restart();
    } while (!(await road.#isUsed(cluster)));
    await eventually(() => road.proxy.connections > 0, 'the instances to go through the proxy');
    return road;
  }

  /** This one while it is used, else another in its place. */
  async repaired(cluster: Cluster): Promise<StoreRoad> {
    if (await this.#isUsed(cluster)) return this;
    await this[Symbol.asyncDispose]();
    return StoreRoad.build(cluster);
  }

  /** A new owner puts up a signpost of its own; so does one that Redis forgot, and every owner once a minute. */
  async #isUsed(cluster: Cluster): Promise<boolean> {
    return (await signpost(cluster)).port === this.proxy.port;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.proxy[Symbol.asyncDispose]();
  }
}

interface Signpost {
  readonly fence: string;
  readonly port: number;
}

/** What it says at the moment, or as soon as there is one: an owner that was cut off from Redis puts it up again. */
async function signpost(cluster: Cluster): Promise<Signpost> {
  let announced = '';
  await eventually(async () => {
    announced = await cluster.redis.command('GET', LEASE_KEY);
    return announced !== '';
  }, 'an owner to be announced');
  const [fence = '', owner = ''] = announced.split(/ (.*)/s);
  return { fence, ...(JSON.parse(owner) as { port: number }) };
}
