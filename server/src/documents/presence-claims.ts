import type { AwarenessTable, Contested, PresenceOwner } from './awareness-table.ts';

/**
 * Settles who may move an awareness state that belongs to another open session.
 *
 * Two cases look the same on the wire: a client that reconnected while its old connection is not known to be dead yet,
 * and somebody writing over a stranger's state. So the owner is asked: while its client answers, it keeps its states;
 * when it does not, or leaves, the newest claim is taken up. Who came first keeps a state as long as it answers; without
 * authentication nothing tells who is right (docs/protocol.md, "Whose a state is").
 */
export class PresenceClaims {
  readonly #table: AwarenessTable;
  readonly #onChange: () => void;
  /** Per owner, the newest claim to each of its client ids. */
  readonly #open = new Map<
    PresenceOwner,
    Map<number, { readonly session: PresenceOwner; readonly contested: Contested }>
  >();

  constructor(table: AwarenessTable, onChange: () => void) {
    this.#table = table;
    this.#onChange = onChange;
  }

  file(session: PresenceOwner, contested: Contested): void {
    const { owner, entry } = contested;
    const open = this.#open.get(owner);
    if (open !== undefined) {
      const earlier = open.get(entry.clientId);
      // Who claims its own id with a clock that is not newer may have brought a newer one before.
      if (earlier?.session === session && earlier.contested.isNewer && !contested.isNewer) return;
      open.set(entry.clientId, { session, contested });
      return;
    }
    this.#open.set(owner, new Map([[entry.clientId, { session, contested }]]));
    owner.isResponsive().then(
      (isResponsive) => (isResponsive ? this.#open.delete(owner) : this.settleFor(owner)),
      () => this.settleFor(owner),
    );
  }

  /** Takes up every claim on what this session holds: it left, or does not answer. */
  settleFor(owner: PresenceOwner): void {
    const open = this.#open.get(owner);
    if (open === undefined) return;
    this.#open.delete(owner);
    for (const { session, contested } of open.values()) this.#table.takeOver(session, contested);
    this.#onChange();
  }

  /** Forgets the claims a session made: it left. */
  forget(session: PresenceOwner): void {
    for (const claims of this.#open.values()) {
      for (const [clientId, claim] of claims) if (claim.session === session) claims.delete(clientId);
    }
  }
}
