import {
  type AwarenessEntry,
  encodeAwarenessUpdate,
  HeadwaterError,
  isNullState,
  validateState,
} from '@headwater/protocol';

/** Whose a state is: a session, or a client of another instance. */
export interface PresenceOwner {
  /** Whether it is a client of another instance. */
  readonly isElsewhere?: boolean | undefined;
  /** Whether its client answers right now; resolves within a few seconds. */
  isResponsive(): Promise<boolean>;
}

/** Bounds on the awareness of one document. */
export interface AwarenessLimits {
  /** Largest state, in bytes of JSON. */
  readonly maxAwarenessStateBytes: number;
  /** States in one document; more are ignored. */
  readonly maxAwarenessStates: number;
  /** States one session may carry; more are ignored. */
  readonly maxAwarenessStatesPerSession: number;
}

/** How long the clock of a state that went is remembered: late echoes of it must not bring it back. */
const REMEMBER_GONE_MS = 60_000;

/** How many of those are remembered: who adds and removes clients without end makes the oldest forgotten. */
export const MAX_REMEMBERED_GONE = 10_000;

const NULL_STATE: Uint8Array = new TextEncoder().encode('null');

interface Held {
  clock: number;
  /** `undefined` once it went. */
  state: Uint8Array | undefined;
  owner: PresenceOwner | undefined;
  goneAtMs: number;
  /** Whether anybody was told of it. */
  isShown: boolean;
  /** Whether it stands in the queue of those that went. */
  isQueued: boolean;
}

/** A state for a client id that belongs to another session. */
export interface Contested {
  readonly entry: AwarenessEntry;
  readonly owner: PresenceOwner;
  /** Whether it would be taken up at once if nobody owned the id. Otherwise it says whose the id is, and no more. */
  readonly isNewer: boolean;
}

/**
 * The latest awareness state of each client id in a document.
 *
 * A state belongs to the session that last moved its clock, and goes with it. A session may carry several ids (tabs of
 * one browser share a connection), and stock clients send every state they receive back, so sending a state makes
 * nobody its owner: only a newer clock does. While the owner's connection is open nobody else may move the state; the
 * caller finds out whether it still is ({@link receive} returns such states as contested).
 *
 * What a session says first, when it is about one client only, is about its own: that is how stock clients begin. A fresh
 * one begins with clock 0, which nobody may show yet; its id is reserved for it until it does more.
 */
export class AwarenessTable {
  readonly #limits: AwarenessLimits;
  readonly #now: () => number;
  readonly #held = new Map<number, Held>();
  readonly #owned = new Map<PresenceOwner, Set<number>>();
  /** The id each session announced as its own; `undefined` when it began with something else. */
  readonly #announced = new WeakMap<PresenceOwner, number | undefined>();
  /** Ids that were announced and have no state yet, and by whom. */
  readonly #reserved = new Map<number, PresenceOwner>();
  /** Those that went, oldest first, from {@link #goneHead} on. */
  #gone: number[] = [];
  #goneHead = 0;
  #dirty = new Set<number>();
  /** Those of them that clients of this instance changed. */
  #dirtyHere = new Set<number>();
  #presentCount = 0;
  #everything: Uint8Array | undefined;

  constructor(limits: AwarenessLimits, now: () => number) {
    this.#limits = limits;
    this.#now = now;
  }

  /** Whether something changed since the last {@link takeChanges}. */
  get isDirty(): boolean {
    return this.#dirty.size > 0;
  }

  /**
   * Takes up what is newer than what is known; the rest is dropped on its clock alone.
   *
   * A clock past the number of milliseconds since the epoch is ignored. A client moves its clock once per change and every
   * 15 s, so it never gets there; and one whose clock somebody else has set to the latest possible one is behind it again
   * as soon as a millisecond has passed. With a fixed limit it would be silenced for ever.
   *
   * @param entries - Is looked through twice when it is the first of a session.
   * @returns the states that belong to another open session
   * @throws HW_AWARENESS_TOO_LARGE, HW_AWARENESS_MALFORMED (a state that is no JSON)
   */
  receive(session: PresenceOwner, entries: Iterable<AwarenessEntry>): Contested[] {
    const contested: Contested[] = [];
    const nowMs = this.#now();
    const ownId = this.#announced.has(session) ? this.#announced.get(session) : this.#announce(session, entries);
    for (const entry of entries) {
      const { clientId, clock } = entry;
      const held = this.#held.get(clientId);
      const isOwn = clientId === ownId;
      const isTakenUp = clock <= nowMs && isNewer(held, entry);
      if (!isTakenUp && !isOwn) continue;
      const owner = held?.owner ?? this.#reserved.get(clientId);
      const isContested = owner !== undefined && owner !== session;
      if (!isTakenUp) {
        if (isContested && !isNullState(entry))
          contested.push({ entry: { clientId, clock, state: NULL_STATE }, owner, isNewer: false });
        continue;
      }
      const { state } = entry;
      if (state.length > this.#limits.maxAwarenessStateBytes) {
        throw new HeadwaterError(
          'HW_AWARENESS_TOO_LARGE',
          `awareness state of ${state.length} bytes, the limit is ${this.#limits.maxAwarenessStateBytes}`,
        );
      }
      validateState(entry);
      if (isContested) contested.push({ entry: kept(entry), owner, isNewer: true });
      else this.#accept(session, entry, held);
    }
    return contested;
  }

  /**
   * Takes up a contested state after all: its owner does not answer any more.
   *
   * One that is not newer cannot be shown, since every client ignores it. When the session announced the id as its own, the
   * state in its way goes instead; a client that is told it went comes back by itself, with a newer clock.
   */
  takeOver(session: PresenceOwner, { entry, owner, isNewer: wasNewer }: Contested): void {
    const { clientId } = entry;
    const held = this.#held.get(clientId);
    const current = held?.owner ?? this.#reserved.get(clientId);
    if (current !== undefined && current !== session && current !== owner) return;
    if (wasNewer) {
      if (isNewer(held, entry)) this.#accept(session, entry, held);
    } else if (this.#announced.get(session) === clientId && current === owner) {
      this.#reserved.set(clientId, session); // until it comes back nobody else may have it
      if (held?.state !== undefined) this.#remove(clientId, held);
    }
  }

  /** Removes what belongs to a session. */
  leave(session: PresenceOwner): void {
    const announced = this.#announced.get(session);
    if (announced !== undefined && this.#reserved.get(announced) === session) this.#reserved.delete(announced);
    const ids = this.#owned.get(session);
    if (ids === undefined) return;
    this.#owned.delete(session);
    for (const clientId of ids) {
      const held = this.#held.get(clientId);
      if (held !== undefined) this.#remove(clientId, held);
    }
  }

  /** What changed since the last call, as one awareness update; `undefined` when nothing did. */
  takeChanges(): Uint8Array | undefined {
    if (this.#dirty.size === 0) return undefined;
    const changed = this.#dirty;
    this.#dirty = new Set();
    this.#dirtyHere = new Set();
    const changes = encodeAwarenessUpdate(this.#entries(changed));
    this.#forgetGone(MAX_REMEMBERED_GONE);
    return changes;
  }

  /** Of what {@link takeChanges} is about to give, what clients of this instance did; `undefined` when they did nothing. */
  encodeOwnChanges(): Uint8Array | undefined {
    return this.#dirtyHere.size === 0 ? undefined : encodeAwarenessUpdate(this.#entries(this.#dirtyHere));
  }

  /** The states of clients of this instance; `undefined` when there is none. */
  encodeOwn(): Uint8Array | undefined {
    const own = [...this.#held].filter(([, { owner }]) => owner !== undefined && owner.isElsewhere !== true);
    return own.length === 0 ? undefined : encodeAwarenessUpdate(this.#entries(own.map(([clientId]) => clientId)));
  }

  /** Whose the state of a client is. */
  ownerOf(clientId: number): PresenceOwner | undefined {
    return this.#held.get(clientId)?.owner;
  }

  /** Everybody who has a state. */
  owners(): readonly PresenceOwner[] {
    return [...this.#owned.keys()];
  }

  /** Every state there is, for somebody who knows none; `undefined` when there is none. */
  encodeAll(): Uint8Array | undefined {
    if (this.#presentCount === 0) return undefined;
    this.#everything ??= encodeAwarenessUpdate(
      this.#entries([...this.#held].filter(([, held]) => held.state !== undefined).map(([clientId]) => clientId)),
    );
    return this.#everything;
  }

  /** The same with those that went lately, for somebody who may have missed that. */
  encodeAllAndGone(): Uint8Array | undefined {
    this.#forgetGone();
    return this.#held.size === 0 ? undefined : encodeAwarenessUpdate(this.#entries(this.#held.keys()));
  }

  *#entries(clientIds: Iterable<number>): Generator<AwarenessEntry> {
    for (const clientId of clientIds) {
      const held = this.#held.get(clientId);
      if (held === undefined) continue;
      held.isShown = true;
      yield { clientId, clock: held.clock, state: held.state ?? NULL_STATE };
    }
  }

  /** Takes note of what a session says first. @returns the id it announces as its own */
  #announce(session: PresenceOwner, entries: Iterable<AwarenessEntry>): number | undefined {
    let count = 0;
    let own: AwarenessEntry | undefined;
    for (const entry of entries) {
      if (++count > 1) break;
      own = entry;
    }
    if (own === undefined) return undefined;
    const ownId = count === 1 ? own.clientId : undefined;
    this.#announced.set(session, ownId);
    // A state with clock 0 is not applied by anybody, so nobody but its client sends it.
    const isFresh = ownId !== undefined && own.clock === 0 && !this.#held.has(ownId) && !this.#reserved.has(ownId);
    if (isFresh) this.#reserved.set(ownId, session);
    return ownId;
  }

  #accept(session: PresenceOwner, entry: AwarenessEntry, held: Held | undefined): void {
    if (isNullState(entry)) {
      // A null for a client nobody knows says nothing worth remembering.
      if (held?.state !== undefined) {
        held.clock = entry.clock;
        this.#remove(entry.clientId, held);
      }
      return;
    }
    const owned = this.#ownedBy(session);
    if (held?.state === undefined && this.#presentCount >= this.#limits.maxAwarenessStates) return;
    if (!owned.has(entry.clientId) && owned.size >= this.#limits.maxAwarenessStatesPerSession) return;

    if (held?.state === undefined) this.#presentCount++;
    if (held?.owner !== undefined && held.owner !== session) this.#disown(held.owner, entry.clientId);
    const reserver = this.#reserved.get(entry.clientId);
    if (reserver !== undefined && reserver !== session) this.#reserved.delete(entry.clientId);
    owned.add(entry.clientId);
    this.#held.set(entry.clientId, {
      clock: entry.clock,
      state: kept(entry).state,
      owner: session,
      goneAtMs: 0,
      isShown: held?.isShown ?? false,
      isQueued: held?.isQueued ?? false,
    });
    this.#changed(entry.clientId, session);
  }

  #ownedBy(session: PresenceOwner): Set<number> {
    let owned = this.#owned.get(session);
    if (owned === undefined) {
      owned = new Set();
      this.#owned.set(session, owned);
    }
    return owned;
  }

  #disown(owner: PresenceOwner, clientId: number): void {
    const owned = this.#owned.get(owner);
    owned?.delete(clientId);
    // A session says when it leaves; a client of another instance is gone with its state.
    if (owned?.size === 0 && owner.isElsewhere === true) this.#owned.delete(owner);
  }

  #remove(clientId: number, held: Held): void {
    const { owner } = held;
    if (owner !== undefined) this.#disown(owner, clientId);
    held.state = undefined;
    held.owner = undefined;
    this.#presentCount--;
    this.#everything = undefined;
    if (!held.isShown) {
      this.#held.delete(clientId);
      this.#dirty.delete(clientId);
      this.#dirtyHere.delete(clientId);
      return;
    }
    held.goneAtMs = this.#now();
    if (!held.isQueued) this.#gone.push(clientId);
    held.isQueued = true;
    this.#changed(clientId, owner);
  }

  /** Forgets those that went long ago, and the oldest above `max`. Never one whose end was not announced. */
  #forgetGone(max = Number.POSITIVE_INFINITY): void {
    const before = this.#now() - REMEMBER_GONE_MS;
    for (; this.#goneHead < this.#gone.length; this.#goneHead++) {
      const clientId = this.#gone[this.#goneHead] as number;
      const held = this.#held.get(clientId);
      if (held === undefined) continue;
      if (held.state === undefined) {
        const isLate = held.goneAtMs <= before || this.#gone.length - this.#goneHead > max;
        if (!isLate || this.#dirty.has(clientId)) break;
        this.#held.delete(clientId);
      }
      held.isQueued = false;
    }
    if (this.#goneHead * 2 > this.#gone.length) {
      this.#gone = this.#gone.slice(this.#goneHead);
      this.#goneHead = 0;
    }
  }

  #changed(clientId: number, by: PresenceOwner | undefined): void {
    this.#dirty.add(clientId);
    if (by?.isElsewhere !== true) this.#dirtyHere.add(clientId);
    this.#everything = undefined;
  }
}

/** The same with a state of its own: what is received is a view of a whole chunk read from the socket. */
function kept({ clientId, clock, state }: AwarenessEntry): AwarenessEntry {
  return { clientId, clock, state: state.slice() };
}

/** The rule of y-protocols: an unknown client counts as clock 0, and a null wins over a state with its own clock. */
function isNewer(held: Held | undefined, entry: AwarenessEntry): boolean {
  const known = held?.clock ?? 0;
  if (entry.clock !== known) return entry.clock > known;
  return held?.state !== undefined && isNullState(entry);
}
