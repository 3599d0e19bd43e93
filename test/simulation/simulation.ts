import { Knowledge } from '@headwater/protocol';
import * as Y from 'yjs';
import { Compactor } from '../../server/src/documents/compactor.ts';
import { FlushScheduler } from '../../server/src/documents/flush-scheduler.ts';
import { DocumentRegistry } from '../../server/src/documents/registry.ts';
import { Sweep } from '../../server/src/documents/sweep.ts';
import { resolveServerOptions } from '../../server/src/options.ts';
import { InThreadWorkers } from '../server/support.ts';
import { Random } from '../support/random.ts';
import { SimulatedNetwork, type SimulatedRelay } from '../support/simulated-relay.ts';
import { ModelStore, SharedDisk } from './model-store.ts';
import { SimulatedClient } from './simulated-client.ts';
import type { VirtualTime } from './virtual-time.ts';

const DOCUMENTS = ['notes', 'plans'];
const INSTANCES = 3;
const CLIENTS = 5;
/** Something happens this often, at most. */
const STEP_MS = 60;
const STEPS = 60;
/** Whatever happened, everybody has everything after this long without trouble. */
const QUIET_MS = 10_000;

const SHUTDOWN_TIMEOUT_MS = 1_000;

const OPTIONS = resolveServerOptions({ compactAfterBytes: 200, unloadAfterMs: 300 });

/** One process. */
class Instance {
  readonly relay: SimulatedRelay;
  readonly store: ModelStore;
  readonly registry: DocumentRegistry;
  readonly #sweep: Sweep;
  isAlive = true;

  constructor(network: SimulatedNetwork, disk: SharedDisk, random: Random, onProblem: (message: string) => void) {
    this.relay = network.join();
    this.store = new ModelStore(disk, random);
    const complain = (fields: object, message: string): void => {
      if ('err' in fields) onProblem(`${message}: ${String(fields.err)}`);
    };
    const logger = { debug: () => {}, info: () => {}, warn: () => {}, error: complain };
    this.#sweep = new Sweep(this.store, logger);
    const workers = new InThreadWorkers();
    this.registry = new DocumentRegistry({
      store: this.store,
      workers,
      compactor: new Compactor(this.store, workers, Date.now),
      scheduler: new FlushScheduler(),
      cluster: { relay: this.relay, sweep: this.#sweep },
      options: OPTIONS,
      logger,
      now: Date.now,
    });
  }

  /** `SIGTERM`: saves what it can in its time, and says goodbye. */
  async stop(): Promise<void> {
    const timeout = new Promise((resolve) => {
      setTimeout(resolve, SHUTDOWN_TIMEOUT_MS);
    });
    await Promise.race([this.registry.saveAll(), timeout]);
    await this.relay.close();
    this.die();
  }

  /** `kill -9`. */
  die(): void {
    this.isAlive = false;
    this.store.die();
    this.relay.die();
    this.#sweep.close();
    this.registry.close();
  }
}

/**
 * A few instances, clients and documents to whom everything happens that can: everybody edits, instances die and come back,
 * clients move, the relay loses and repeats and is cut and flushed, the store goes away. Then there is peace, and everybody
 * must have everything.
 */
export class Simulation {
  readonly #random: Random;
  readonly #time: VirtualTime;
  readonly #network = new SimulatedNetwork();
  readonly #disk = new SharedDisk();
  readonly #clients: SimulatedClient[] = [];
  readonly #gone: SimulatedClient[] = [];
  readonly #instances: Instance[] = [];
  readonly #problems: string[] = [];
  /** What happened, for whoever looks into a seed. */
  readonly story: string[] = [];
  #lossPercent = 0;
  #clientIds = 0;
  #isQuiet = false;

  constructor(seed: number, time: VirtualTime) {
    this.#random = new Random(seed);
    this.#time = time;
    this.#network.deliveries = () => this.#deliveries();
    for (let i = 0; i < INSTANCES; i++) this.#startInstance();
    for (let i = 0; i < CLIENTS; i++) this.#clients.push(this.#newClient());
  }

  /** Everything happens. @returns what is wrong in the end; empty when nothing is */
  async run(): Promise<readonly string[]> {
    for (let step = 0; step < STEPS; step++) {
      this.#happen();
      await this.#time.pass(this.#random.below(STEP_MS));
    }
    this.#makePeace();
    await this.#time.pass(QUIET_MS);
    await this.#check();
    for (const instance of this.#instances) instance.die();
    return this.#problems;
  }

  #happen(): void {
    const random = this.#random;
    const what = random.below(100);
    if (what < 60) this.#edit();
    else if (what < 70) this.#move(random.pick(this.#clients));
    else if (what < 75) this.#killInstance();
    else if (what < 79) this.#cutRelay();
    else if (what < 82) this.#network.flush();
    else if (what < 86) this.#disk.isAway = !this.#disk.isAway;
    else if (what < 92) this.#lossPercent = random.pick([0, 10, 50, 100]);
    else if (what < 95) this.#replaceClient();
    else this.#heal();
    this.story.push(`${Math.round(performance.now())} ${what}`);
    for (const client of this.#clients) if (!client.isConnected) void this.#connect(client);
  }

  #edit(): void {
    for (let edits = 1 + this.#random.below(4); edits > 0; edits--) this.#random.pick(this.#clients).edit();
  }

  #killInstance(): void {
    const [instance] = this.#instances.splice(this.#random.below(this.#instances.length), 1);
    if (this.#random.chance(50)) instance?.die();
    else void instance?.stop();
    for (const client of this.#clients) if (this.#at.get(client) === instance) client.cut();
    this.#startInstance();
  }

  readonly #at = new Map<SimulatedClient, Instance>();

  #cutRelay(): void {
    const { relay } = this.#random.pick(this.#instances);
    relay.disconnect();
    setTimeout(() => relay.reconnect(), this.#random.below(3_000));
  }

  #heal(): void {
    this.#disk.isAway = false;
    this.#lossPercent = 0;
  }

  #makePeace(): void {
    this.#heal();
    this.#isQuiet = true;
    for (const { relay } of this.#instances) relay.reconnect();
    for (const client of this.#clients) if (!client.isConnected) void this.#connect(client);
  }

  /** A client goes for ever, with what it was not told is saved; another one comes. */
  #replaceClient(): void {
    const [client] = this.#clients.splice(this.#random.below(this.#clients.length), 1);
    if (client === undefined) return;
    client.disconnect();
    this.#gone.push(client);
    this.#clients.push(this.#newClient());
  }

  #move(client: SimulatedClient): void {
    client.disconnect();
  }

  async #connect(client: SimulatedClient): Promise<void> {
    const instance = this.#random.pick(this.#instances);
    try {
      const document = await instance.registry.open(client.documentName);
      if (!instance.isAlive || client.isConnected || !this.#clients.includes(client)) return;
      this.#at.set(client, instance);
      client.connect(document);
    } catch {
      // Its store is away: the client comes back.
      if (this.#isQuiet) setTimeout(() => void this.#connect(client), 500);
    }
  }

  #startInstance(): void {
    this.#instances.push(
      new Instance(this.#network, this.#disk, this.#random, (problem) => {
        // A compaction may fail for what happens to its store, and for nothing else.
        if (!/HW_STORE|owner of the store|let go/.test(problem)) this.#problems.push(problem);
      }),
    );
  }

  #newClient(): SimulatedClient {
    this.#clientIds += 1;
    return new SimulatedClient(this.#clientIds, this.#random.pick(DOCUMENTS), this.#random);
  }

  #deliveries(): readonly number[] {
    if (this.#random.chance(this.#lossPercent)) return [];
    const once = this.#random.below(20);
    return this.#random.chance(10) ? [once, once + this.#random.below(200)] : [once];
  }

  async #check(): Promise<void> {
    for (const documentName of DOCUMENTS) {
      const { snapshot, tail } = await this.#disk.store.load(documentName);
      const stored = new Y.Doc();
      if (snapshot !== undefined) Y.applyUpdate(stored, snapshot.update);
      for (const record of tail) for (const { update } of record.entries) Y.applyUpdate(stored, update);
      const expected = stateOf(stored);
      for (const client of this.#clients.filter((each) => each.documentName === documentName)) {
        if (!client.isConnected) this.#problems.push(`${client.name} is not connected`);
        else if (stateOf(client.doc) !== expected) this.#problems.push(`${client.name} does not have what is stored`);
      }
      const knowledge = Knowledge.empty();
      knowledge.admit(Y.encodeStateAsUpdate(stored));
      for (const client of [...this.#clients, ...this.#gone]) {
        if (client.documentName !== documentName) continue;
        if (client.acknowledged.some((update) => !knowledge.knows(update))) {
          this.#problems.push(`something ${client.name} was told is saved is lost`);
        }
      }
    }
  }
}

/** All there is to a document, so that two with the same have the same. */
function stateOf(doc: Y.Doc): string {
  const vector = [...Y.decodeStateVector(Y.encodeStateVector(doc))].sort(([a], [b]) => a - b);
  return JSON.stringify([vector, doc.getText('text').toString()]);
}
