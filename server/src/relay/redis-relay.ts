import { randomBytes } from 'node:crypto';
import type { Logger } from '../logging/logger.ts';
import { Announcements } from './announcements.ts';
import { decodeEnvelope, type Envelope, encodeEnvelope, isBatch, RELAY_VERSION } from './envelope.ts';
import { Instances } from './instances.ts';
import type { RedisConnection } from './redis-connection.ts';
import type { RedisConnections } from './redis-connections.ts';
import { RetainedBatches } from './redis-streams.ts';
import type {
  Announcement,
  AnnouncementListener,
  Relay,
  RelayChannel,
  RelayedBatch,
  RelayHealth,
  RelayListener,
  RelayMessage,
} from './relay.ts';

/** A larger batch is not sent along: the others read it from the store, which costs Redis nothing. */
export const MAX_RELAYED_BYTES = 64 * 1024;
/** So many channels are subscribed to with one command. */
const SUBSCRIBE_CHUNK = 1_000;

export interface RedisRelayOptions {
  readonly connections: RedisConnections;
  /** What every key and channel begins with: clusters with different prefixes do not know of each other. */
  readonly prefix: string;
  readonly logger: Logger;
}

/**
 * The relay through Redis. A batch is one command: a function adds it to the document's stream and publishes it, with its entry
 * id, on the channel of the same name. Whoever listens gets it in that push; the stream is for those who were away for a
 * moment. The streams are short, and expire.
 */
export class RedisRelay implements Relay {
  readonly instanceId: string;
  readonly #options: RedisRelayOptions;
  readonly #commands: RedisConnection;
  readonly #subscriber: RedisConnection;
  readonly #retained: RetainedBatches;
  readonly #channels = new Map<string, RedisChannel>();
  readonly #instances: Instances;
  readonly #announcements: Announcements;
  #listener: AnnouncementListener | undefined;
  /** Where instances say that they are there, and what concerns all of them. */
  readonly #roomKey: string;
  #isMember = false;
  #isListening = false;
  /** Takes up everything again after a reconnect; never rejects. */
  #recovery: Promise<void> = Promise.resolve();
  #problem: string | undefined;
  #closing: Promise<void> | undefined;

  private constructor(options: RedisRelayOptions) {
    this.#options = options;
    this.instanceId = randomBytes(6).toString('base64url');
    this.#roomKey = `${options.prefix}instances`;
    const onReady = (): void => {
      this.#recovery = this.#reconnected();
    };
    const { connections } = options;
    this.#commands = connections.add(`relay-${this.instanceId}`, { onReady });
    this.#subscriber = connections.add(`listen-${this.instanceId}`, { onReady, onLost: () => this.#lost() });
    this.#retained = new RetainedBatches(this.#commands);
    this.#subscriber.client.on('messageBuffer', (channel: Buffer, message: Buffer) => this.#received(channel, message));
    this.#announcements = new Announcements({
      canSend: () => this.#isMember && this.#commands.isReady,
      send: (announcement) => this.#send(this.#roomKey, announcement),
    });
    this.#instances = new Instances({
      sayAlive: () => {
        this.#publish(this.#roomKey, { kind: 'alive' });
        this.#announcements.sendAll();
      },
      isListening: () => this.#isListening,
      onGone: (instanceId) => {
        for (const channel of this.#channels.values()) channel.listener.onInstanceGone(instanceId);
      },
      onStalled: () => {
        this.#listener?.onInterrupted();
        this.#interrupted();
      },
      now: () => performance.now(),
    });
  }

  /**
   * Connects; says and hears nothing until it has joined. Without Redis it goes on by itself, and is there once Redis is.
   *
   * @throws HW_REDIS_REFUSED when Redis does not let us in
   */
  static async open(options: RedisRelayOptions): Promise<RedisRelay> {
    const relay = new RedisRelay(options);
    try {
      await Promise.all([relay.#commands.open(), relay.#subscriber.open()]);
    } catch (error) {
      await relay.close();
      throw error;
    }
    return relay;
  }

  /**
   * Begins to tell the others and to hear them. Only who uses the store of the cluster may: what is relayed counts the records
   * of that. Resolves when it is so, or Redis is away. Idempotent.
   */
  async join(): Promise<void> {
    if (!this.#isMember) {
      this.#isMember = true;
      this.#recovery = this.#reconnected();
    }
    await this.#recovery;
  }

  get health(): RelayHealth {
    const instances = this.#instances.count;
    if (this.#isListening && this.#commands.isReady && this.#problem === undefined) return { status: 'ok', instances };
    const cause = this.#problem ?? (this.#commands.lastError ?? this.#subscriber.lastError)?.message ?? 'not connected';
    return { status: 'degraded', reason: `Redis: ${cause}`, instances };
  }

  attach(documentName: string, listener: RelayListener): RelayChannel {
    const key = this.#keyOf(documentName);
    if (this.#channels.has(key)) throw new Error(`"${documentName}" is attached already`);
    const channel = new RedisChannel(key, listener, {
      subscribe: () => this.#subscribe([key]),
      readRetained: () => void this.#readRetained([channel]),
      publish: (batch) => this.#publishBatch(channel, batch),
      tell: (message) => this.#publish(key, message),
      detach: () => {
        if (!this.#channels.delete(key) || !this.#subscriber.isReady) return;
        this.#subscriber.client.unsubscribe(key).catch(() => {}); // the connection went: so did the subscription
      },
    });
    this.#channels.set(key, channel);
    return channel;
  }

  tell(documentName: string, message: RelayMessage): void {
    this.#publish(this.#keyOf(documentName), message);
  }

  forget(documentName: string): void {
    if (!this.#isMember || !this.#commands.isReady) return;
    this.#retained.forget(this.#keyOf(documentName)).catch(() => {}); // it is gone in two minutes
  }

  listen(listener: AnnouncementListener): void {
    this.#listener = listener;
  }

  announce(announcement: Announcement): Promise<void> {
    return this.#announcements.add(announcement);
  }

  close(): Promise<void> {
    this.#closing ??= this.#close();
    return this.#closing;
  }

  async #close(): Promise<void> {
    this.#instances.close();
    this.#announcements.close();
    if (this.#isMember && this.#commands.isReady) await this.#send(this.#roomKey, { kind: 'leaving' }).catch(() => {});
    this.#commands.close();
    this.#subscriber.close();
  }

  #keyOf(documentName: string): string {
    return `${this.#options.prefix}doc:${documentName}`;
  }

  #publishBatch(channel: RedisChannel, batch: RelayedBatch): void {
    if (!this.#isMember) {
      if (batch.kind !== 'unwritten') channel.unsent = storedOnly(batch);
      return;
    }
    const bytes = encodeEnvelope({ from: this.instanceId, content: batch });
    if (bytes.length > MAX_RELAYED_BYTES) {
      // Not written and too large: the others find it as soon as the store has it.
      if (batch.kind === 'written') this.#publishBatch(channel, storedOnly(batch));
      return;
    }
    this.#retained.add(channel.key, bytes).then(
      () => {
        this.#problem = undefined;
      },
      (error: Error) => this.#notRetained(channel, batch, bytes, error),
    );
  }

  /** A full Redis keeps nothing more, and still passes on; without a connection the others are told when there is one again. */
  #notRetained(channel: RedisChannel, batch: RelayedBatch, bytes: Uint8Array, error: Error): void {
    if (this.#commands.isReady && error.name === 'ReplyError') {
      this.#problem = error.message;
      this.#commands.client.publish(channel.key, Buffer.from(bytes)).catch(() => {});
    } else if (batch.kind !== 'unwritten') {
      channel.unsent = storedOnly(batch);
    }
  }

  #publish(key: string, content: Envelope['content']): void {
    if (!this.#isMember || !this.#commands.isReady) return;
    this.#send(key, content).catch(() => {}); // who does not hear it asks, or finds it in the store
  }

  #send(key: string, content: Envelope['content']): Promise<number> {
    return this.#commands.client.publish(key, Buffer.from(encodeEnvelope({ from: this.instanceId, content })));
  }

  async #subscribe(keys: readonly string[]): Promise<void> {
    if (!this.#isMember || !this.#subscriber.isReady) return; // all are subscribed to when it is
    await this.#subscriber.client.subscribe(...keys).catch(() => {});
  }

  #lost(): void {
    this.#isListening = false;
    for (const channel of this.#channels.values()) channel.lost();
  }

  async #reconnected(): Promise<void> {
    if (!this.#isMember || !this.#commands.isReady || !this.#subscriber.isReady) return;
    const keys = [this.#roomKey, ...this.#channels.keys()];
    for (let at = 0; at < keys.length; at += SUBSCRIBE_CHUNK)
      await this.#subscribe(keys.slice(at, at + SUBSCRIBE_CHUNK));
    if (!this.#subscriber.isReady) return;
    this.#isListening = true;
    this.#publish(this.#roomKey, { kind: 'alive' });
    this.#listener?.onInterrupted();
    this.#announcements.sendAll();
    for (const channel of this.#channels.values()) {
      const { unsent } = channel;
      channel.unsent = undefined;
      if (unsent !== undefined) this.#publishBatch(channel, unsent);
    }
    await this.#readRetained([...this.#channels.values()]);
    this.#interrupted();
  }

  #interrupted(): void {
    for (const channel of this.#channels.values()) channel.listener.onInterrupted();
  }

  async #readRetained(channels: readonly RedisChannel[]): Promise<void> {
    if (!this.#isMember) return;
    try {
      await this.#retained.read(channels, (channel, bytes) => this.#hear(channel, bytes, 'retained'));
    } catch (error) {
      // The store has all of it; the next reconnect reads again.
      this.#options.logger.debug({ err: error }, 'retained batches could not be read');
    }
  }

  #received(channelName: Buffer, message: Buffer): void {
    const key = channelName.toString();
    const channel = this.#channels.get(key);
    if (channel === undefined) {
      if (key === this.#roomKey) this.#hear(undefined, message, 'live');
      return;
    }
    // What the script publishes begins with the entry id, which begins with a digit.
    const idEnd = message[0] === RELAY_VERSION ? -1 : message.indexOf(0x0a);
    if (idEnd > 0) channel.lastId = message.toString('latin1', 0, idEnd);
    this.#hear(channel, message.subarray(idEnd + 1), 'live');
  }

  #hear(channel: RedisChannel | undefined, bytes: Uint8Array, age: 'live' | 'retained'): void {
    try {
      const envelope = decodeEnvelope(bytes);
      if (envelope === undefined || envelope.from === this.instanceId) return;
      const { from, content } = envelope;
      if (content.kind === 'leaving') return this.#instances.left(from);
      // What is retained may outlive its sender by minutes.
      if (age === 'live') this.#instances.heard(from);
      if (content.kind === 'reauthenticate') return this.#listener?.onAnnouncement(content);
      if (content.kind === 'alive' || channel === undefined) return;
      if (isBatch(content)) channel.listener.onBatch(content, from);
      else channel.listener.onMessage(content, from);
    } catch (error) {
      this.#options.logger.warn({ err: error, channel: channel?.key }, 'a relayed envelope could not be used');
    }
  }
}

/** What is left to tell of a record when it cannot be sent along. */
function storedOnly({ epoch, sequence }: { readonly epoch: number; readonly sequence: number }) {
  return { kind: 'stored', epoch, sequence } as const;
}

interface ChannelActions {
  readonly subscribe: () => Promise<void>;
  readonly readRetained: () => void;
  readonly publish: (batch: RelayedBatch) => void;
  readonly tell: (message: RelayMessage) => void;
  readonly detach: () => void;
}

class RedisChannel implements RelayChannel {
  readonly key: string;
  readonly listener: RelayListener;
  readonly whenListening: Promise<void>;
  readonly readRetained: () => void;
  readonly publish: (batch: RelayedBatch) => void;
  readonly tell: (message: RelayMessage) => void;
  readonly detach: () => void;
  /** The last entry heard. */
  lastId: string | undefined;
  /** From where to read on: what is heard while that is being read must not move it. */
  resumeAfter: string | undefined;
  /** The last record that could not be told to the others. */
  unsent: (RelayedBatch & { readonly kind: 'stored' }) | undefined;

  constructor(key: string, listener: RelayListener, actions: ChannelActions) {
    this.key = key;
    this.listener = listener;
    this.readRetained = actions.readRetained;
    this.publish = actions.publish;
    this.tell = actions.tell;
    this.detach = actions.detach;
    this.whenListening = actions.subscribe();
  }

  /** The connection went. */
  lost(): void {
    this.resumeAfter = this.lastId;
  }
}
