import {
  type AwarenessEntry,
  encodeAwarenessUpdate,
  HeadwaterError,
  isNullState,
  validateState,
} from '@headwater/protocol';
import type { Session } from './session.ts';

/** Bounds on the awareness of one document. */
export interface AwarenessLimits {
  /** Largest state, in bytes of JSON. */
  readonly maxAwarenessStateBytes: number;
  /** States in one document; more are ignored. */
  readonly maxAwarenessStates: number;
  /** States one session may carry; more are ignored. */
  readonly maxAwarenessStatesPerSession: number;
}

/**
 * Clocks from here on are ignored. A client moves its clock once per change and every 15 s, so it never gets here; one
 * that could set the clock of somebody else to 2^53 would silence them for ever.
 */
const CLOCK_LIMIT = 2 ** 31;

/** How long the clock of a state that went is remembered: late echoes of it must not bring it back. */
const REMEMBER_GONE_MS = 60_000;

const NULL_STATE: Uint8Array = new TextEncoder().encode('null');

interface Held {
  clock: number;
  /** `undefined` once it went. */
  state: Uint8Array | undefined;
  owner: Session | undefined;
  goneAtMs: number;
}

/** A state for a client id whose owner is somebody else, and who sent it. */
export interface Contested {
  readonly entry: AwarenessEntry;
  readonly owner: Session;
}

/**
 * The latest awareness state of each client id in a document.
 *
 * A state belongs to the session that last moved its clock, and goes with it. A session may carry several ids (tabs of
 * one browser share a connection), and stock clients send every state they receive back, so sending a state makes
 * nobody its owner: only a newer clock does. While the owner's connection is open nobody else may move the state; the
 * caller finds out whether it still is ({@link receive} returns such states as contested).
 */
export class AwarenessTable {
  readonly #limits: AwarenessLimits;
  readonly #now: () => number;
  readonly #held = new Map<number, Held>();
  readonly #owned = new Map<Session, Set<number>>();
  readonly #gone: number[] = [];
  #dirty = new Set<number>();
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
   * @returns the states that belong to another open session
   * @throws HW_AWARENESS_TOO_LARGE, HW_AWARENESS_MALFORMED (a state that is no JSON)
   */
  receive(session: Session, entries: readonly AwarenessEntry[]): Contested[] {
    const contested: Contested[] = [];
    for (const entry of entries) {
      const held = this.#held.get(entry.clientId);
      if (!isNewer(held, entry)) continue;
      if (entry.state.length > this.#limits.maxAwarenessStateBytes) {
        throw new HeadwaterError(
          'HW_AWARENESS_TOO_LARGE',
          `awareness state of ${entry.state.length} bytes, the limit is ${this.#limits.maxAwarenessStateBytes}`,
        );
      }
      validateState(entry);
      if (held?.owner !== undefined && held.owner !== session) contested.push({ entry, owner: held.owner });
      else this.#accept(session, entry, held);
    }
    return contested;
  }

  /** Takes up a contested state after all: its owner does not answer any more. */
  takeOver(session: Session, contested: Contested): void {
    const held = this.#held.get(contested.entry.clientId);
    if (!isNewer(held, contested.entry)) return;
    if (held?.owner !== undefined && held.owner !== session && held.owner !== contested.owner) return;
    this.#accept(session, contested.entry, held);
  }

  /** Removes what belongs to a session. */
  leave(session: Session): void {
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
    return encodeAwarenessUpdate(this.#entries(changed));
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
      if (held !== undefined) yield { clientId, clock: held.clock, state: held.state ?? NULL_STATE };
    }
  }

  #accept(session: Session, entry: AwarenessEntry, held: Held | undefined): void {
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
    if (held?.owner !== undefined && held.owner !== session) this.#owned.get(held.owner)?.delete(entry.clientId);
    owned.add(entry.clientId);
    // A copy: the entry is a view of a whole chunk read from the socket.
    this.#held.set(entry.clientId, { clock: entry.clock, state: entry.state.slice(), owner: session, goneAtMs: 0 });
    this.#changed(entry.clientId);
  }

  #ownedBy(session: Session): Set<number> {
    let owned = this.#owned.get(session);
    if (owned === undefined) {
      owned = new Set();
      this.#owned.set(session, owned);
    }
    return owned;
  }

  #remove(clientId: number, held: Held): void {
    if (held.owner !== undefined) this.#owned.get(held.owner)?.delete(clientId);
    held.state = undefined;
    held.owner = undefined;
    held.goneAtMs = this.#now();
    this.#presentCount--;
    this.#gone.push(clientId);
    this.#forgetGone();
    this.#changed(clientId);
  }

  #forgetGone(): void {
    const before = this.#now() - REMEMBER_GONE_MS;
    while (this.#gone.length > 0) {
      const clientId = this.#gone[0] as number;
      const held = this.#held.get(clientId);
      if (held?.state === undefined && held !== undefined && held.goneAtMs > before) return;
      this.#gone.shift();
      if (held !== undefined && held.state === undefined && !this.#dirty.has(clientId)) this.#held.delete(clientId);
    }
  }

  #changed(clientId: number): void {
    this.#dirty.add(clientId);
    this.#everything = undefined;
  }
}

/** The rule of y-protocols: an unknown client counts as clock 0, and a null wins over a state with its own clock. */
function isNewer(held: Held | undefined, entry: AwarenessEntry): boolean {
  if (entry.clock >= CLOCK_LIMIT) return false;
  const known = held?.clock ?? 0;
  if (entry.clock !== known) return entry.clock > known;
  return held?.state !== undefined && isNullState(entry);
}
