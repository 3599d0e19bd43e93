import type { Random } from '../support/random.ts';
import type { SimulatedClient } from './simulated-client.ts';
import { GREETING_MS, type SimulatedCluster } from './simulated-cluster.ts';
import type { SimulatedInstance } from './simulated-instance.ts';

/** What is there to be harmed. */
export interface World {
  readonly random: Random;
  readonly cluster: SimulatedCluster;
  readonly instances: readonly SimulatedInstance[];
  readonly clients: readonly SimulatedClient[];
  readonly road: RelayRoad;
  /** For so long the store may be out of somebody's reach. */
  readonly trouble: (ms: number) => void;
  /** A client goes for ever, with what it was not told is saved; another one comes. */
  readonly replaceClient: (client: SimulatedClient) => void;
  /** Somebody deletes a document through an instance. */
  readonly deleteDocument: (instance: SimulatedInstance) => void;
  /** Whoever has not been fsynced loses it. */
  readonly cutPower: (victims: readonly SimulatedInstance[]) => Promise<void>;
}

/** How the relay delivers. */
export interface RelayRoad {
  lossPercent: number;
  repeatPercent: number;
  maxDelayMs: number;
  tooLargePercent: number;
}

export const GOOD_ROAD: RelayRoad = { lossPercent: 0, repeatPercent: 0, maxDelayMs: 20, tooLargePercent: 0 };

/** The real relay notices within this time that nothing gets through. */
const RELAY_NOTICES_MS = 3_000;

/** By what happens. */
type Faults = Readonly<Record<string, (world: World) => void | Promise<void>>>;

/** Not among the others: it makes an end of what they are about. */
export const DELETION: Faults = {
  'a document is deleted'({ instances, random, deleteDocument }) {
    deleteDocument(random.pick(instances));
  },
};

/** Everything that can happen. Every seed takes a few of these: what always happens together hides what each does alone. */
export const FAULTS: Faults = {
  'entries are lost'({ random, road }) {
    road.lossPercent = random.pick([0, 10, 50, 100]);
  },
  'entries are repeated'({ random, road }) {
    road.repeatPercent = random.pick([0, 10, 50]);
  },
  'entries are late, and overtake each other'({ random, road }) {
    road.maxDelayMs = random.pick([20, 300, 3_000]);
  },
  'entries are too large, and only rung for'({ random, road }) {
    road.tooLargePercent = random.pick([0, 30, 100]);
  },
  'the relay is flushed'({ cluster }) {
    cluster.network.flush();
  },
  'the streams are trimmed'({ cluster, random }) {
    cluster.network.trim(random.below(4));
  },
  'a connection to the relay is cut'({ instances, random }) {
    const { relay, process } = random.pick(instances);
    relay.disconnect();
    process.after(random.below(3_000), () => relay.reconnect());
  },
  'nothing gets through between an instance and the relay'({ instances, random }) {
    const { relay, process } = random.pick(instances);
    relay.isCutOff = true;
    const healsMs = random.below(2 * RELAY_NOTICES_MS);
    const isNoticed = healsMs >= RELAY_NOTICES_MS;
    if (isNoticed) process.after(RELAY_NOTICES_MS, () => relay.disconnect());
    process.after(healsMs, () => {
      relay.isCutOff = false;
      if (isNoticed) relay.reconnect();
    });
  },
  'a connection to the store is cut'({ cluster, instances, random, trouble }) {
    trouble(1_000);
    cluster.cutStore(random.pick(instances).process);
  },
  'nothing gets through between an instance and the store'({ cluster, instances, random, trouble }) {
    const ms = random.below(3_000);
    trouble(ms + GREETING_MS + 1_000); // who looks for the owner just before it is over waits for its greeting
    cluster.hold(random.pick(instances).process, ms);
  },
  'an instance is frozen'({ instances, random, trouble }) {
    const ms = random.below(6_000);
    trouble(ms + 1_000);
    random.pick(instances).process.freeze(ms);
  },
  'an instance is killed'({ instances, random, trouble }) {
    trouble(1_000);
    random.pick(instances).kill();
  },
  'the owner of the store is killed'({ cluster, instances, trouble }) {
    trouble(1_000);
    instances.find(({ process }) => process === cluster.owner)?.kill();
  },
  'an instance is stopped'({ instances, random, trouble }) {
    trouble(2_000);
    random.pick(instances).stop();
  },
  async 'the power is cut'({ instances, trouble, cutPower }) {
    trouble(1_000);
    await cutPower([...instances]);
  },
  async 'the power of the owner of the store is cut'({ cluster, instances, trouble, cutPower }) {
    trouble(1_000);
    await cutPower(instances.filter(({ process }) => process === cluster.owner));
  },
  'another instance gets the lock of the store'({ cluster, instances, random, trouble }) {
    trouble(4_000);
    cluster.seize(random.pick(instances).process);
  },
  'the disk fails'({ cluster, random, trouble }) {
    trouble(1_000);
    cluster.disk.isFailing = random.chance(60);
  },
  'a client moves on'({ clients, random }) {
    random.pick(clients).disconnect();
  },
  'a client goes for ever'({ clients, random, replaceClient }) {
    replaceClient(random.pick(clients));
  },
};
