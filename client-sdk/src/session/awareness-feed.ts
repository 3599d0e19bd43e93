import {
  type Awareness,
  applyAwarenessUpdate,
  encodeAwarenessUpdate,
  removeAwarenessStates,
} from 'y-protocols/awareness';

/** What changed, as `Awareness` says it. */
export interface AwarenessChange {
  readonly added: readonly number[];
  readonly updated: readonly number[];
  readonly removed: readonly number[];
}

/** Whether a change is about this client. */
export function concerns({ added, updated, removed }: AwarenessChange, client: number): boolean {
  return [added, updated, removed].some((clients) => clients.includes(client));
}

/**
 * Tells the server this client's state, the last of a turn, and takes up those of others. What was heard is told to nobody: every
 * client speaks for itself.
 */
export class AwarenessFeed {
  readonly #awareness: Awareness;
  /** Of changes the server brought. */
  readonly #origin: unknown;
  readonly #send: (update: Uint8Array) => void;
  #isLive = false;
  #isFlushScheduled = false;

  constructor(awareness: Awareness, origin: unknown, send: (update: Uint8Array) => void) {
    this.#awareness = awareness;
    this.#origin = origin;
    this.#send = send;
    awareness.on('update', this.#noteUpdate);
  }

  /** A session begins. */
  begin(): void {
    this.#isLive = true;
    // A new clock: nobody takes up the first one there is, and the server may have told everybody that the last one went.
    const state = this.#awareness.getLocalState();
    if (state !== null) this.#awareness.setLocalState(state);
  }

  apply(update: Uint8Array): void {
    applyAwarenessUpdate(this.#awareness, update, this.#origin);
  }

  /**
   * The session is over: nothing is known of others any more.
   *
   * @param isNear - whether a client is heard otherwise
   */
  end(isNear: (client: number) => boolean): void {
    this.#isLive = false;
    const { clientID } = this.#awareness;
    const gone = [...this.#awareness.getStates().keys()].filter((client) => client !== clientID && !isNear(client));
    removeAwarenessStates(this.#awareness, gone, this.#origin);
  }

  destroy(): void {
    this.#isLive = false;
    this.#awareness.off('update', this.#noteUpdate);
  }

  readonly #noteUpdate = (change: AwarenessChange): void => {
    // Also when another client brought it: one that says we went is answered by Awareness with a newer clock.
    if (!this.#isLive || this.#isFlushScheduled || !concerns(change, this.#awareness.clientID)) return;
    this.#isFlushScheduled = true;
    queueMicrotask(() => {
      this.#isFlushScheduled = false;
      if (this.#isLive) this.#send(encodeAwarenessUpdate(this.#awareness, [this.#awareness.clientID]));
    });
  };
}
