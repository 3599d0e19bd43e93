import { expect, test, vi } from 'vitest';
import type {
  Announcement,
  AnnouncementListener,
  Relay,
  RelayedBatch,
  RelayListener,
  RelayMessage,
} from '../../server/src/relay/relay.ts';

/** A document that writes down what it hears. */
export class HeardBy implements RelayListener {
  readonly batches: RelayedBatch[] = [];
  readonly messages: { readonly message: RelayMessage; readonly from: string }[] = [];
  readonly gone: string[] = [];
  interruptions = 0;

  onBatch(batch: RelayedBatch): void {
    this.batches.push(batch);
  }

  onMessage(message: RelayMessage, from: string): void {
    this.messages.push({ message, from });
  }

  onInterrupted(): void {
    this.interruptions++;
  }

  onInstanceGone(instanceId: string): void {
    this.gone.push(instanceId);
  }

  /** Sequences of the written batches. */
  get sequences(): number[] {
    return this.batches.map((batch) => (batch.kind === 'unwritten' ? 0 : batch.sequence));
  }
}

/** An instance that writes down what is announced to it. */
export class Announced implements AnnouncementListener {
  readonly heard: Announcement[] = [];
  interruptions = 0;

  onAnnouncement(announcement: Announcement): void {
    this.heard.push(announcement);
  }

  onInterrupted(): void {
    this.interruptions++;
  }
}

/** A written batch of one update. */
export function written(sequence: number, ...bytes: number[]): RelayedBatch {
  return { kind: 'written', epoch: 1, sequence, updates: [Uint8Array.from(bytes)], waiting: [] };
}

/** What every {@link Relay} keeps to. `open` gives a network of its own each time, and `join` an instance in it. */
export function describeRelay(
  relayName: string,
  open: () => Promise<AsyncDisposable & { join(): Promise<Relay> }>,
): void {
  test(`${relayName}: a batch is heard by the other instances that have the document, as it was sent`, async () => {
    await using network = await open();
    const [one, two, three] = [await network.join(), await network.join(), await network.join()];
    const [own, other, elsewhere] = [new HeardBy(), new HeardBy(), new HeardBy()];
    const channel = one.attach('notes', own);
    await Promise.all([channel, two.attach('notes', other), three.attach('other', elsewhere)].map(listening));
    const waiting = [{ update: Uint8Array.of(9), author: 'grace' }];
    const batches: RelayedBatch[] = [
      { kind: 'written', epoch: 7, sequence: 2 ** 40, updates: [Uint8Array.of(1, 2), Uint8Array.of(3)], waiting },
      { kind: 'unwritten', entries: [{ update: Uint8Array.of(4), author: 'ada' }], waiting },
    ];

    for (const batch of batches) channel.publish(batch);

    await vi.waitFor(() => expect(other.batches.map(plain)).toEqual(batches.map(plain)));
    expect(own.batches).toEqual([]);
    expect(elsewhere.batches).toEqual([]);
    expect(one.instanceId).not.toBe(two.instanceId);
  });

  test(`${relayName}: a message is heard by the others, with who sent it`, async () => {
    await using network = await open();
    const [one, two] = [await network.join(), await network.join()];
    const other = new HeardBy();
    const channel = one.attach('notes', new HeardBy());
    await Promise.all([channel, two.attach('notes', other)].map(listening));

    channel.tell({ kind: 'stateless', payload: 'ahoy' });

    const expected = [{ message: { kind: 'stateless', payload: 'ahoy' }, from: one.instanceId }];
    await vi.waitFor(() => expect(other.messages).toEqual(expected));

    const three = await network.join();
    three.tell('notes', { kind: 'outdated' });
    await vi.waitFor(() =>
      expect(other.messages).toContainEqual({ message: { kind: 'outdated' }, from: three.instanceId }),
    );
  });

  test(`${relayName}: what is announced is heard by every other instance, whatever it has open`, async () => {
    await using network = await open();
    const relays = [await network.join(), await network.join(), await network.join()];
    const listeners = relays.map((relay) => {
      const listener = new Announced();
      relay.listen(listener);
      return listener;
    });
    const announcement = { kind: 'reauthenticate', documentName: 'notes', user: undefined } as const;

    await relays[0]?.announce(announcement);

    await vi.waitFor(() => expect(listeners.map(({ heard }) => heard)).toEqual([[], [announcement], [announcement]]));
    expect(listeners.map(({ interruptions }) => interruptions)).toEqual([0, 0, 0]);
  });

  test(`${relayName}: what was detached hears nothing, and may be attached again`, async () => {
    await using network = await open();
    const [one, two] = [await network.join(), await network.join()];
    const [before, after] = [new HeardBy(), new HeardBy()];
    const channel = one.attach('notes', new HeardBy());
    const left = two.attach('notes', before);
    await Promise.all([channel, left].map(listening));

    left.detach();
    await two.attach('notes', after).whenListening;
    channel.publish(written(1, 7));

    await vi.waitFor(() => expect(after.sequences).toEqual([1]));
    expect(before.batches).toEqual([]);
  });

  test(`${relayName}: who comes a moment later is handed what was sent`, async () => {
    await using network = await open();
    const [one, two] = [await network.join(), await network.join()];
    const channel = one.attach('notes', new HeardBy());
    await channel.whenListening;
    channel.publish(written(1, 7));
    channel.publish(written(2, 8));
    const late = new HeardBy();

    const joined = two.attach('notes', late);
    await joined.whenListening;
    await vi.waitFor(() => {
      joined.readRetained();
      expect(new Set(late.sequences)).toEqual(new Set([1, 2]));
    });
  });

  test(`${relayName}: what was sent about a document is handed to nobody once it is forgotten`, async () => {
    await using network = await open();
    const [one, two] = [await network.join(), await network.join()];
    const other = new HeardBy();
    const channel = one.attach('notes', new HeardBy());
    await Promise.all([channel, two.attach('notes', other)].map(listening));
    channel.publish(written(1, 7));
    await vi.waitFor(() => expect(other.sequences).toEqual([1]));

    one.forget('notes');
    channel.publish(written(2, 8));
    await vi.waitFor(() => expect(other.sequences).toEqual([1, 2]));
    const late = new HeardBy();
    const joined = (await network.join()).attach('notes', late);
    await joined.whenListening;
    await vi.waitFor(() => {
      joined.readRetained();
      expect(late.sequences).toContain(2);
    });

    expect(late.sequences).not.toContain(1);
  });

  test(`${relayName}: an instance that ends is gone for the others`, async () => {
    await using network = await open();
    const [one, two] = [await network.join(), await network.join()];
    const other = new HeardBy();
    const channel = one.attach('notes', new HeardBy());
    await Promise.all([channel, two.attach('notes', other)].map(listening));
    channel.tell({ kind: 'awareness-query' });
    await vi.waitFor(() => expect(two.health.instances).toBe(1));

    await one.close();

    await vi.waitFor(() => expect(other.gone).toEqual([one.instanceId]));
    expect(two.health.instances).toBe(0);
  });
}

async function listening(channel: { readonly whenListening: Promise<void> }): Promise<void> {
  await channel.whenListening;
}

/** Buffers and arrays of bytes compare as different things. */
function plain(value: unknown): unknown {
  if (value instanceof Uint8Array) return [...value];
  if (Array.isArray(value)) return value.map(plain);
  if (value === null || typeof value !== 'object') return value;
  return Object.fromEntries(Object.entries(value).map(([key, inner]) => [key, plain(inner)]));
}
