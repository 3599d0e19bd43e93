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
    const [fence = '', owner = ''] = (await cluster.redis.command('GET', LEASE_KEY)).split(/ (.*)/s);
    const { port, ...rest } = JSON.parse(owner) as { port: number };
    const proxy = await TcpProxy.start(port);
    const turned = `${fence} ${JSON.stringify({ ...rest, port: proxy.port })}`;
    await cluster.redis.command('SET', LEASE_KEY, turned, 'KEEPTTL');
    for (const instance of await cluster.others()) await instance.restart();
    await eventually(() => proxy.connections > 0, 'the instances to go through the proxy');
    return new StoreRoad(proxy);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.proxy[Symbol.asyncDispose]();
  }
}
