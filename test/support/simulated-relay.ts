import { Announcements } from '../../server/src/relay/announcements.ts';
import { decodeEnvelope, type Envelope, encodeEnvelope, isBatch } from '../../server/src/relay/envelope.ts';
import { Instances } from '../../server/src/relay/instances.ts';
import type {
  Announcement,
  AnnouncementListener,
  Relay,
  RelayChannel,
  RelayedBatch,
  RelayHealth,
  RelayListener,
  RelayMessage,
} from '../../server/src/relay/relay.ts';

/** What becomes of one delivery: after how many milliseconds it arrives, each time it does. None: it is lost. */
export type Deliveries = (from: string, to: string) => readonly number[];

/** Has something arrive at an instance in so many milliseconds. */
export type Arrives = (delayMs: number, arrival: () => void) => void;

const AT_ONCE: Deliveries = () => [0];
const RETAINED = 64;

/**
 * A relay in memory that loses, repeats, delays and reorders as it is told. The bytes, and who counts as alive, are those of
 * the real one.
 */
export class SimulatedNetwork {
  deliveries: Deliveries = AT_ONCE;
  /** Whether a batch is too large to be passed on: then only its number is. */
  isTooLarge: () => boolean = () => false;
  readonly #relays = new Map<string, SimulatedRelay>();
  /** The streams, by document. */
  readonly #retained = new Map<string, Uint8Array[]>();
  #joined = 0;

  join(arrives: Arrives = (delayMs, arrival) => void setTimeout(arrival, delayMs)): SimulatedRelay {
    const relay = new SimulatedRelay(`instance-${++this.#joined}`, this, arrives);
    this.#relays.set(relay.instanceId, relay);
    return relay;
  }

  /** What a flushed Redis keeps. */
  flush(): void {
    this.#retained.clear();
  }

  forget(documentName: string): void {
    this.#retained.delete(documentName);
  }

  /** Leaves so many entries in every stream. */
  trim(length: number): void {
    for (const [documentName, batches] of this.#retained) {
      this.#retained.set(documentName, batches.slice(batches.length - Math.min(length, batches.length)));
    }
  }

  /** It dies without a word. */
  remove(relay: SimulatedRelay): void {
    this.#relays.delete(relay.instanceId);
  }

  retained(documentName: string): readonly Uint8Array[] {
    return this.#retained.get(documentName) ?? [];
  }

  send(from: SimulatedRelay, documentName: string | undefined, content: Envelope['content']): void {
    const bytes = encodeEnvelope({ from: from.instanceId, content });
    if (documentName !== undefined && isBatch(content)) {
      this.#retained.set(documentName, [...this.retained(documentName), bytes].slice(-RETAINED));
    }
    for (const relay of this.#relays.values()) {
      if (relay === from) continue;
      for (const delayMs of this.deliveries(from.instanceId, relay.instanceId)) {
        relay.arrives(delayMs, () => relay.hear(documentName, bytes));
      }
    }
  }
}

export class SimulatedRelay implements Relay {
  readonly instanceId: string;
  readonly arrives: Arrives;
  readonly #network: SimulatedNetwork;
  readonly #listeners = new Map<string, RelayListener>();
  readonly #instances: Instances;
  readonly #announcements: Announcements;
  #listener: AnnouncementListener | undefined;
  /** Whether it has a connection to Redis. */
  #isConnected = true;
  /** Nothing gets through, and it does not know yet. */
  isCutOff = false;
  #isClosed = false;

  constructor(instanceId: string, network: SimulatedNetwork, arrives: Arrives) {
    this.instanceId = instanceId;
    this.arrives = arrives;
    this.#network = network;
    this.#announcements = new Announcements({
      canSend: () => this.#isConnected,
      send: async (announcement) => this.#send(undefined, announcement),
    });
    this.#instances = new Instances({
      sayAlive: () => this.#send(undefined, { kind: 'alive' }),
      isListening: () => this.#isConnected,
      onGone: (gone) => this.#each((listener) => listener.onInstanceGone(gone)),
      onStalled: () => this.#each((listener) => listener.onInterrupted()),
      now: () => performance.now(),
    });
  }

  get health(): RelayHealth {
    return { status: this.#isConnected ? 'ok' : 'degraded', instances: this.#instances.count };
  }

  /** Loses the connection to Redis: nothing is said or heard. */
  disconnect(): void {
    this.#isConnected = false;
  }

  /** Has it again, and catches up. */
  reconnect(): void {
    if (this.#isClosed) return;
    this.#isConnected = true;
    this.#listener?.onInterrupted();
    this.#announcements.sendAll();
    for (const documentName of this.#listeners.keys()) this.#readRetained(documentName);
    this.#each((listener) => listener.onInterrupted());
  }

  attach(documentName: string, listener: RelayListener): RelayChannel {
    this.#listeners.set(documentName, listener);
    return {
      whenListening: Promise.resolve(),
      readRetained: () => void setTimeout(() => this.#readRetained(documentName), 0),
      publish: (batch: RelayedBatch) => this.#publish(documentName, batch),
      tell: (message: RelayMessage) => this.#send(documentName, message),
      detach: () => {
        if (this.#listeners.get(documentName) === listener) this.#listeners.delete(documentName);
      },
    };
  }

  tell(documentName: string, message: RelayMessage): void {
    this.#send(documentName, message);
  }

  forget(documentName: string): void {
    if (this.#isConnected && !this.#isClosed && !this.isCutOff) this.#network.forget(documentName);
  }

  listen(listener: AnnouncementListener): void {
    this.#listener = listener;
  }

  announce(announcement: Announcement): Promise<void> {
    return this.#announcements.add(announcement);
  }

  async close(): Promise<void> {
    this.#send(undefined, { kind: 'leaving' });
    this.die();
  }

  /** Ends it as a crash does. */
  die(): void {
    this.#isClosed = true;
    this.#instances.close();
    this.#announcements.close();
    this.#listeners.clear();
    this.#network.remove(this);
  }

  hear(documentName: string | undefined, bytes: Uint8Array): void {
    if (!this.#isConnected || this.#isClosed || this.isCutOff) return;
    const envelope = decodeEnvelope(bytes);
    if (envelope === undefined) throw new Error('an instance of this version was not understood');
    const { from, content } = envelope;
    if (from === this.instanceId) return;
    if (content.kind === 'leaving') return this.#instances.left(from);
    this.#instances.heard(from);
    if (content.kind === 'reauthenticate') return this.#listener?.onAnnouncement(content);
    if (content.kind === 'alive' || documentName === undefined) return;
    const listener = this.#listeners.get(documentName);
    if (isBatch(content)) listener?.onBatch(content, from);
    else listener?.onMessage(content, from);
  }

  #publish(documentName: string, batch: RelayedBatch): void {
    if (!this.#network.isTooLarge()) this.#send(documentName, batch);
    else if (batch.kind === 'written') {
      const { epoch, sequence } = batch;
      this.#send(documentName, { kind: 'stored', epoch, sequence });
    }
  }

  #send(documentName: string | undefined, content: Envelope['content']): void {
    if (this.#isConnected && !this.#isClosed && !this.isCutOff) this.#network.send(this, documentName, content);
  }

  #readRetained(documentName: string): void {
    if (!this.#isConnected || this.isCutOff) return;
    for (const bytes of this.#network.retained(documentName)) this.hear(documentName, bytes);
  }

  #each(tell: (listener: RelayListener) => void): void {
    this.#listeners.forEach(tell);
  }
}
