import { type ChildProcess, fork } from 'node:child_process';
import { once } from 'node:events';
import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { fileURLToPath } from 'node:url';
import type { Access } from '@headwater/server';
import { RedisServer } from '../support/redis-server.ts';
import { TempDir } from '../support/temp-dir.ts';

const CHILD = fileURLToPath(new URL('children/judging-server.mjs', import.meta.url));

/** Real servers of an application on one store, with a real Redis between them, and the service that they ask who may have what. */
export class JudgedCluster implements AsyncDisposable {
  readonly redis: RedisServer;
  /** By user; anybody else is refused. */
  readonly permissions = new Map<string, Access>();
  /** Whether the service says that it cannot say. */
  isServiceDown = false;
  /** About whom the service was asked, in order. */
  readonly asked: string[] = [];
  readonly #data: TempDir;
  readonly #service: Server;
  readonly #instances: { readonly child: ChildProcess; readonly port: number }[] = [];

  private constructor(redis: RedisServer, data: TempDir) {
    this.redis = redis;
    this.#data = data;
    this.#service = createServer((request, response) => {
      const user = new URL(request.url ?? '', 'http://service').searchParams.get('user') ?? '';
      const access = this.permissions.get(user);
      this.asked.push(user);
      response.statusCode = this.isServiceDown ? 503 : access === undefined ? 403 : 200;
      response.end(JSON.stringify({ user, ...access }));
    });
  }

  static async start(): Promise<JudgedCluster> {
    const cluster = new JudgedCluster(await RedisServer.start(), await TempDir.create());
    try {
      cluster.#service.listen(0, '127.0.0.1');
      await once(cluster.#service, 'listening');
      for (let instance = 0; instance < 2; instance++) await cluster.#add();
      return cluster;
    } catch (error) {
      await cluster[Symbol.asyncDispose]();
      throw error;
    }
  }

  /** What the clients of each instance connect to. */
  get urls(): readonly string[] {
    return this.#instances.map(({ port }) => `ws://127.0.0.1:${port}`);
  }

  /** Tells the first instance that a permission of somebody has changed. Resolves when it says that this is done. */
  async reauthenticate(user: string): Promise<void> {
    const child = this.#instances[0]?.child;
    if (child === undefined) throw new Error('there is no instance');
    const decided = once(child, 'message');
    child.send({ user });
    await decided;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    for (const { child } of this.#instances) {
      if (child.exitCode !== null) continue;
      const ended = once(child, 'exit');
      child.disconnect();
      await ended;
    }
    this.#service.closeAllConnections();
    this.#service.close();
    await this.redis[Symbol.asyncDispose]();
    await this.#data[Symbol.asyncDispose]();
  }

  async #add(): Promise<void> {
    const { port: servicePort } = this.#service.address() as AddressInfo;
    const service = `http://127.0.0.1:${servicePort}/`;
    const child = fork(CHILD, [this.#data.path, this.redis.url, service], {
      stdio: ['ignore', 'inherit', 'inherit', 'ipc'],
    });
    const port = await new Promise<number>((resolve, reject) => {
      child.once('message', resolve);
      child.once('exit', (code) => reject(new Error(`it ended with ${code} before it listened`)));
    });
    this.#instances.push({ child, port });
  }
}
