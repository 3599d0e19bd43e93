import { type AwarenessEntry, decodeAwareness } from '@headwater/protocol';
import { type AwarenessLimits, AwarenessTable, type PresenceOwner } from './awareness-table.ts';
import { PresenceClaims } from './presence-claims.ts';

/** Asks another instance whether a client of its is still there. */
export type AskInstance = (instanceId: string, clientId: number) => Promise<boolean>;

/** A client of another instance: what it says about itself comes through the relay. */
class RemoteClient implements PresenceOwner {
  readonly isElsewhere = true;
  readonly instanceId: string;
  readonly #clientId: number;
  readonly #ask: AskInstance;

  constructor(instanceId: string, clientId: number, ask: AskInstance) {
    this.instanceId = instanceId;
    this.#clientId = clientId;
    this.#ask = ask;
  }

  isResponsive(): Promise<boolean> {
    return this.#ask(this.instanceId, this.#clientId);
  }
}

/**
 * Who is there: the awareness states of a document, and whose each of them is. States of clients of other instances are among
 * them, and keep to the same rules; they go with their instance.
 */
export class Presence {
  readonly #table: AwarenessTable;
  readonly #claims: PresenceClaims;
  readonly #ask: AskInstance;

  /**
   * @param onChange - called when there are changes to {@link takeChanges} that no call brought about
   * @param ask - how to reach other instances, if there may be some
   */
  constructor(
    limits: AwarenessLimits,
    now: () => number,
    onChange: () => void,
    ask: AskInstance = () => Promise.resolve(false),
  ) {
    this.#table = new AwarenessTable(limits, now);
    this.#claims = new PresenceClaims(this.#table, onChange);
    this.#ask = ask;
  }

  /** Whether there is something to {@link takeChanges}. */
  get isDirty(): boolean {
    return this.#table.isDirty;
  }

  /** Takes up states. @throws HW_AWARENESS_MALFORMED, HW_AWARENESS_TOO_LARGE */
  receive(owner: PresenceOwner, update: Uint8Array): void {
    this.#receive(owner, decodeAwareness(update));
  }

  /** The same from another instance. */
  receiveFrom(instanceId: string, update: Uint8Array): void {
    for (const entry of decodeAwareness(update)) {
      const owner = this.#table.ownerOf(entry.clientId);
      const isKnown = owner instanceof RemoteClient && owner.instanceId === instanceId;
      this.#receive(isKnown ? owner : new RemoteClient(instanceId, entry.clientId, this.#ask), [entry]);
    }
  }

  /** Removes the states of who is gone, or was not heard for too long. */
  leave(owner: PresenceOwner): void {
    this.#claims.forget(owner);
    this.#table.leave(owner);
    this.#claims.settleFor(owner);
  }

  /** The same for everybody of another instance. */
  instanceLeft(instanceId: string): void {
    for (const owner of this.#table.owners()) {
      if (owner instanceof RemoteClient && owner.instanceId === instanceId) this.leave(owner);
    }
  }

  /** Whether a client of this instance is there and answers. */
  async isHere(clientId: number): Promise<boolean> {
    const owner = this.#table.ownerOf(clientId);
    if (owner === undefined || owner.isElsewhere === true) return false;
    return owner.isResponsive();
  }

  /** What changed since the last call, as awareness updates: everything, and what this instance has to tell the others. */
  takeChanges(): { readonly all: Uint8Array; readonly own: Uint8Array | undefined } | undefined {
    const own = this.#table.encodeOwnChanges();
    const all = this.#table.takeChanges();
    return all && { all, own };
  }

  /** Every state there is; `undefined` when there is none. */
  encodeAll(): Uint8Array | undefined {
    return this.#table.encodeAll();
  }

  /** The same with those that went lately, for somebody who may have missed that. */
  encodeAllAndGone(): Uint8Array | undefined {
    return this.#table.encodeAllAndGone();
  }

  /** The states of clients of this instance; `undefined` when there is none. */
  encodeOwn(): Uint8Array | undefined {
    return this.#table.encodeOwn();
  }

  #receive(owner: PresenceOwner, entries: Iterable<AwarenessEntry>): void {
    for (const contested of this.#table.receive(owner, entries)) this.#claims.file(owner, contested);
  }
}
