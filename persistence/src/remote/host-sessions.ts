import type { DocumentStore } from '../document-store.ts';
import { AppendLedger } from './append-ledger.ts';
import type { Channel } from './channel.ts';
import { HostSession } from './host-session.ts';

/** Clients whose appends are remembered, in case they come back. */
const MAX_LEDGERS = 1_000;

/** The clients of a store that have proved who they are, and what was taken from those who were there before. */
export class HostSessions {
  readonly #store: DocumentStore;
  readonly #sessions = new Map<string, HostSession>();
  /** By client; who came last comes last. */
  readonly #ledgers = new Map<string, AppendLedger>();
  #isStopping = false;

  constructor(store: DocumentStore) {
    this.#store = store;
  }

  get size(): number {
    return this.#sessions.size;
  }

  /** The last append that was taken from a client: what is told to it in the greeting. */
  lastAppendOf(clientId: string): number {
    return this.#ledgers.get(clientId)?.lastTaken ?? 0;
  }

  /** Serves a client by a new connection; one it had before is over. */
  welcome(clientId: string, channel: Channel): void {
    this.#sessions.get(clientId)?.destroy(new Error('it has come back by another connection'));
    const ledger = this.#ledgers.get(clientId) ?? new AppendLedger();
    this.#ledgers.delete(clientId);
    this.#ledgers.set(clientId, ledger);
    this.#forgetLedgers();
    const session = new HostSession(channel, this.#store, ledger, () => {
      if (this.#sessions.get(clientId) === session) this.#sessions.delete(clientId);
    });
    this.#sessions.set(clientId, session);
    session.start();
    if (this.#isStopping) session.stopReading();
  }

  /** Takes no more from those who are there, and from those who come: what they asked before is still done. */
  stopReading(): void {
    this.#isStopping = true;
    for (const session of this.#sessions.values()) session.stopReading();
  }

  /** Tells them what became of what they sent, and lets them go. */
  end(): void {
    for (const session of this.#sessions.values()) session.end();
  }

  #forgetLedgers(): void {
    for (const [clientId, ledger] of this.#ledgers) {
      if (this.#ledgers.size <= MAX_LEDGERS) return;
      if (!ledger.isListenedTo) this.#ledgers.delete(clientId);
    }
  }
}
