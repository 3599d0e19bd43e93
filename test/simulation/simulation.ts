import { HeadwaterError } from '@headwater/protocol';
import type { ResolvedServerOptions } from '../../server/src/options.ts';
import { resolveServerOptions } from '../../server/src/options.ts';
import { Random } from '../support/random.ts';
import { DELETION, FAULTS, GOOD_ROAD, type RelayRoad, type World } from './faults.ts';
import { type ClientWatcher, SimulatedClient } from './simulated-client.ts';
import { SimulatedCluster } from './simulated-cluster.ts';
import { type InstanceWatcher, SimulatedInstance } from './simulated-instance.ts';
import { plainDoc, stateOf, storedDoc } from './verdict.ts';
import { VirtualTime } from './virtual-time.ts';

/** Whatever happened, everybody has everything after this long without trouble. */
const QUIET_MS = 10_000;
/** How often a client tries to come back. */
const RECONNECT_MS = 500;
/** How long a client needs to get a document that is in order. */
const JOIN_MS = 700;
const STOP_MS = 3_000;
/** How long it takes until nobody is shown anything that is not written, after the store was out of reach. */
const AFTER_TROUBLE_MS = 1_500;

/** An edit somebody saw while everything was in order. */
interface Seen {
  readonly documentName: string;
  readonly update: Uint8Array;
}

/**
 * A few instances, clients and documents to whom much happens of what can. Then there is peace, and everybody must have
 * everything that was promised. The seed says how many there are, how long it takes and what happens: nothing else does.
 */
export class Simulation implements World, ClientWatcher, InstanceWatcher {
  readonly random: Random;
  readonly cluster: SimulatedCluster;
  readonly instances: SimulatedInstance[] = [];
  readonly clients: SimulatedClient[] = [];
  readonly road: RelayRoad = { ...GOOD_ROAD };
  /** What happened, for whoever looks into a seed. */
  readonly story: string[] = [];
  readonly #time: VirtualTime;
  readonly #documents: readonly string[];
  readonly #faults: readonly string[];
  /** Documents whose deletion was asked for: nobody is promised that they are kept. */
  readonly #doomed = new Set<string>();
  /** Those of which somebody was told that they are deleted. */
  readonly #deleted = new Set<string>();
  readonly #options: ResolvedServerOptions;
  readonly #gone: SimulatedClient[] = [];
  readonly #acknowledged: Seen[] = [];
  #seen: Seen[] = [];
  readonly #problems = new Set<string>();
  #clientIds = 0;
  #troubleUntilMs = 0;
  #isOver = false;

  constructor(random: Random, time: VirtualTime, { deletes = false }: SimulationOptions = {}) {
    this.random = random;
    this.#time = time;
    this.cluster = new SimulatedCluster(random);
    this.cluster.network.deliveries = () => this.#deliveries();
    this.cluster.network.isTooLarge = () => random.chance(this.road.tooLargePercent);
    this.cluster.disk.maxWriteMs = random.pick([8, 8, 100]);
    this.cluster.disk.maxSyncMs = random.pick([8, 16, 100, 1_000]);
    this.#documents = ['notes', 'plans'].slice(random.below(2));
    const faults = Object.keys(FAULTS).filter(() => random.chance(25));
    this.#faults = deletes ? [...faults, ...Object.keys(DELETION)] : faults;
    this.#options = resolveServerOptions({
      compactAfterBytes: random.pick([60, 200, 1_000_000]),
      unloadAfterMs: random.pick([50, 300, 60_000]),
    });
    for (let count = 1 + random.below(3); count >= 0; count--) this.#startInstance();
    for (let count = 1 + random.below(4); count >= 0; count--) this.#addClient();
  }

  /** Everything happens. @returns what is wrong in the end; empty when nothing is */
  async run(): Promise<readonly string[]> {
    const steps = 5 + this.random.below(30);
    const stepMs = this.random.pick([10, 60, 300]);
    for (let step = 0; step < steps; step++) {
      await this.#happen();
      await this.#time.pass(this.random.below(stepMs));
    }
    await this.#makePeace();
    await this.#judge();
    while (this.instances.length > 0) this.instances[0]?.kill();
    return [...this.#problems];
  }

  trouble = (ms: number): void => {
    this.#troubleUntilMs = Math.max(this.#troubleUntilMs, performance.now() + ms);
  };

  replaceClient = (client: SimulatedClient): void => {
    client.disconnect();
    this.clients.splice(this.clients.indexOf(client), 1);
    this.#gone.push(client);
    this.#addClient();
  };

  deleteDocument = (instance: SimulatedInstance): void => {
    const name = this.random.pick(this.#documents);
    this.#doomed.add(name);
    instance.process.after(0, () => {
      instance.delete(name).then(
        () => this.#deleted.add(name),
        () => {}, // it is not known whether it was deleted
      );
    });
  };

  cutPower = async (victims: readonly SimulatedInstance[]): Promise<void> => {
    for (const instance of victims) instance.kill();
    await this.cluster.disk.cutPower(this.random);
    this.#seen = [];
  };

  complained(message: string, error: unknown): void {
    // A compaction may fail for what happens to its store, and for nothing else.
    const isStores =
      error instanceof HeadwaterError && /^HW_(STORE|DOCUMENT_UNKNOWN|DOCUMENT_DELETED)/.test(error.code);
    if (!isStores && !/was let go/.test(String(error))) this.#problems.add(`${message}: ${String(error)}`);
  }

  ended(instance: SimulatedInstance): void {
    this.instances.splice(this.instances.indexOf(instance), 1);
    for (const client of this.clients) client.processEnded(instance.process);
    if (!this.#isOver) this.#startInstance();
  }

  acknowledged({ documentName, name }: SimulatedClient, updates: readonly Uint8Array[]): void {
    for (const update of updates) {
      this.#acknowledged.push({ documentName, update });
      if (!this.cluster.disk.isDurable(documentName, update)) {
        this.#problems.add(`${name} was told that something is saved which is not`);
      }
    }
  }

  seen({ documentName, name }: SimulatedClient, update: Uint8Array): void {
    if (this.cluster.disk.isWritten(documentName, update)) this.#seen.push({ documentName, update });
    else if (performance.now() > this.#troubleUntilMs + AFTER_TROUBLE_MS && !this.cluster.disk.isFailing) {
      this.#problems.add(`${name} was shown what is not written`);
    }
  }

  async #happen(): Promise<void> {
    for (const client of this.clients) if (!client.isConnected) this.#connect(client);
    if (this.#faults.length > 0 && this.random.chance(30)) {
      const fault = this.random.pick(this.#faults);
      this.story.push(`${Math.round(performance.now())} ms: ${fault}`);
      await (FAULTS[fault] ?? DELETION[fault])?.(this);
    } else {
      for (let edits = this.random.below(4); edits >= 0; edits--) this.random.pick(this.clients).edit();
    }
  }

  /** No more harm is done, and what was done passes. */
  async #makePeace(): Promise<void> {
    Object.assign(this.road, GOOD_ROAD);
    if (this.cluster.disk.isFailing) this.trouble(AFTER_TROUBLE_MS);
    this.cluster.disk.isFailing = false;
    this.story.push(`${Math.round(performance.now())} ms: peace`);
    await this.#time.pass(Math.max(0, this.#troubleUntilMs - performance.now()));
    for (const { relay, process } of this.instances) {
      process.after(0, () => {
        relay.isCutOff = false;
        relay.reconnect();
      });
    }
    for (let ms = 0; ms < QUIET_MS; ms += RECONNECT_MS) {
      for (const client of this.clients) if (!client.isConnected) this.#connect(client);
      await this.#time.pass(RECONNECT_MS);
    }
  }

  async #judge(): Promise<void> {
    for (const { name, documentName, unsettled } of this.clients) {
      if (unsettled > 0 && !this.#doomed.has(documentName))
        this.#problems.add(`${name} was not told that everything is saved`);
    }
    const guests = this.instances.flatMap((instance) =>
      this.#documents.map((documentName) => this.#guest(documentName, instance, 'who comes to an instance')),
    );
    await this.#time.pass(JOIN_MS);
    await this.#compare([...this.clients, ...guests]);

    this.#isOver = true;
    for (const instance of this.instances) instance.stop();
    await this.#time.pass(STOP_MS);
    this.#startInstance();
    const later = this.#documents.map((name) => this.#guest(name, this.instances.at(-1), 'who comes later'));
    await this.#time.pass(JOIN_MS);
    await this.#compare(later);
  }

  async #compare(clients: readonly SimulatedClient[]): Promise<void> {
    const { disk } = this.cluster;
    for (const documentName of this.#documents) {
      const isAbout = (each: { readonly documentName: string }): boolean => each.documentName === documentName;
      if (this.#deleted.has(documentName)) {
        this.#expectDeleted(documentName, clients.filter(isAbout));
        continue;
      }
      if (disk.isDeleted(documentName)) continue; // nobody was told
      const stored = await storedDoc(disk, documentName);
      const expected = stateOf(stored);
      for (const client of clients.filter(isAbout)) {
        if (!client.isConnected) this.#problems.add(`${client.name} is not connected`);
        else if (stateOf(client.doc) !== expected) this.#problems.add(`${client.name} does not have what is stored`);
      }
      if (stateOf(plainDoc(stored, this.clients.filter(isAbout), this.#gone.filter(isAbout))) !== expected) {
        this.#problems.add(`what is stored of "${documentName}" is not what was edited`);
      }
      for (const { update } of this.#seen.filter(isAbout)) {
        if (!disk.isWritten(documentName, update)) this.#problems.add('something that was seen is lost');
      }
      for (const { update } of this.#acknowledged.filter(isAbout)) {
        if (!(await disk.isStored(documentName, update))) this.#problems.add('something that was saved is lost');
      }
    }
  }

  #expectDeleted(documentName: string, clients: readonly SimulatedClient[]): void {
    if (!this.cluster.disk.isDeleted(documentName)) this.#problems.add(`"${documentName}" is back`);
    for (const { name, isConnected } of clients) {
      if (isConnected) this.#problems.add(`${name} is in a document that is deleted`);
    }
  }

  #connect(client: SimulatedClient, instance = this.random.pick(this.instances)): void {
    const { process } = instance;
    const join = async (): Promise<void> => {
      const document = await instance.open(client.documentName).catch(() => undefined); // it comes back later
      if (document !== undefined && !client.isConnected && !this.#gone.includes(client)) {
        client.connect(document, process);
      }
    };
    process.after(this.random.below(10), () => void join());
  }

  #guest(documentName: string, instance: SimulatedInstance | undefined, name: string): SimulatedClient {
    const guest = this.#newClient(documentName, name);
    this.#connect(guest, instance);
    return guest;
  }

  #startInstance(): void {
    this.instances.push(new SimulatedInstance(this.#time, this.cluster, this.#options, this));
  }

  #addClient(): void {
    this.clients.push(this.#newClient(this.random.pick(this.#documents)));
  }

  #newClient(documentName: string, name?: string): SimulatedClient {
    const id = ++this.#clientIds;
    return new SimulatedClient(
      { id, name: name ?? `client ${id}`, documentName },
      {
        time: this.#time,
        random: this.random,
        watcher: this,
      },
    );
  }

  #deliveries(): readonly number[] {
    const { random, road } = this;
    if (random.chance(road.lossPercent)) return [];
    const once = random.below(road.maxDelayMs);
    return random.chance(road.repeatPercent) ? [once, once + random.below(road.maxDelayMs)] : [once];
  }
}

export interface SimulationOptions {
  /** Whether documents are deleted, too. */
  readonly deletes?: boolean;
}

/** Runs a seed. @returns what is wrong in the end, and what had happened */
export async function simulate(
  seed: number,
  options: SimulationOptions = {},
): Promise<{ readonly problems: readonly string[]; readonly story: readonly string[] }> {
  const random = new Random(seed);
  using time = new VirtualTime(random);
  const simulation = new Simulation(random, time, options);
  const problems = await simulation.run();
  return { problems, story: simulation.story };
}
