import { CLIENT_IDS } from '../config.ts';
import type { RunningServer } from '../contestants/contestant.ts';
import { headwaterInstance } from '../contestants/contestants.ts';
import { proveConvergence } from '../contestants/proof.ts';
import { type RunningRedis, startRedis } from '../contestants/redis.ts';
import { LoadProcess } from '../load/load-process.ts';
import type { SpreadResult } from '../load/tasks/spread.ts';
import { untilQuiet } from '../measure/settle.ts';
import { deliveryProblems, newDirectory, type SuiteContext } from './suite.ts';

/** Where the writer and the readers of every document are: at the owner of the store, or at the other instance. */
export type Place = 'owner' | 'other';

export interface Situation {
  readonly name: string;
  readonly places: readonly [Place, ...Place[]];
  readonly documentNames: (round: number) => readonly string[];
  readonly updatesPerSecond: number;
}

export interface Measured extends SpreadResult {
  readonly redisBytesPerUpdate: number;
}

/** Two instances, a Redis, and what stands between a writer at one and a reader at the other. */
export class InstancePair {
  readonly redis: RunningRedis;
  readonly servers: Readonly<Record<Place, RunningServer>>;
  readonly load: LoadProcess;
  readonly problems: string[] = [];
  readonly #holders: LoadProcess[] = [];

  private constructor(redis: RunningRedis, servers: Readonly<Record<Place, RunningServer>>, load: LoadProcess) {
    this.redis = redis;
    this.servers = servers;
    this.load = load;
  }

  /** @param startInstance - one of the two; by default of Headwater */
  static async start(context: SuiteContext, startInstance = headwaterInstance): Promise<InstancePair> {
    const data = newDirectory(context, 'shared');
    const redis = await startRedis(newDirectory(context, 'redis'));
    const owner = await startInstance(redis.url, data);
    const other = await startInstance(redis.url, data);
    const pair = new InstancePair(redis, { owner, other }, await LoadProcess.open());
    await proveConvergence(owner, other).catch((error: unknown) => pair.problems.push((error as Error).message));
    return pair;
  }

  /** Opens documents at both instances and leaves them open. */
  async hold(documentNames: readonly string[]): Promise<void> {
    // A process for each instance: the sockets of both are more than one may have.
    for (const { port } of Object.values(this.servers)) {
      const holder = await LoadProcess.open();
      this.#holders.push(holder);
      await holder.run({ kind: 'hold', port, paths: documentNames.map((name) => `/${name}`) });
    }
    await this.untilQuiet();
  }

  async untilQuiet(): Promise<void> {
    for (const { pid } of Object.values(this.servers)) await untilQuiet(pid);
  }

  async measure(context: SuiteContext, situation: Situation, round: number): Promise<Measured> {
    const { name, places, documentNames, updatesPerSecond } = situation;
    const { warmupMs, windowMs, drainTimeoutMs } = context.config.relay;
    context.log(`${name}, round ${round + 1}`);
    await this.untilQuiet();
    const bytesBefore = await this.redis.receivedBytes();
    const result = await this.load.run({
      kind: 'spread',
      dialect: this.servers.owner.dialect,
      ports: places.map((place) => this.servers[place].port),
      paths: documentNames(round).map((documentName) => `/${documentName}`),
      pids: [this.servers.owner.pid, this.servers.other.pid, this.redis.pid],
      ratePerSecond: updatesPerSecond,
      warmupMs,
      windowMs,
      drainTimeoutMs,
      firstClientId: CLIENT_IDS.writers,
    });
    this.problems.push(...deliveryProblems(result, name, round));
    const redisBytes = (await this.redis.receivedBytes()) - bytesBefore; // of the warm-up, too
    return { ...result, redisBytesPerUpdate: redisBytes / ((updatesPerSecond * (warmupMs + windowMs)) / 1000) };
  }

  async close(): Promise<void> {
    for (const holder of this.#holders) await holder.close();
    await this.load.close();
    await this.servers.other.close();
    await this.servers.owner.close();
    await this.redis.close();
  }
}
