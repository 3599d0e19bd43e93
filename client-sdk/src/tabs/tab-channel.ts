import { EMPTY_UPDATE } from '@headwater/protocol';
import {
  type Awareness,
  applyAwarenessUpdate,
  encodeAwarenessUpdate,
  removeAwarenessStates,
} from 'y-protocols/awareness';
import * as Y from 'yjs';
import { type AwarenessChange, concerns } from '../session/awareness-feed.ts';

/** What tabs tell each other. */
type TabMessage =
  /** I am here: tell me what I lack, and who is there. */
  | { readonly kind: 'join'; readonly stateVector: Uint8Array }
  /** The answer: this is what I have. */
  | { readonly kind: 'have'; readonly stateVector: Uint8Array }
  | { readonly kind: 'edit'; readonly update: Uint8Array }
  | { readonly kind: 'presence'; readonly client: number; readonly update: Uint8Array }
  | { readonly kind: 'leave'; readonly client: number };

/** What is shared, and how. */
export interface TabChannelSettings {
  /** Equal in the tabs that share. */
  readonly channelName: string;
  readonly document: Y.Doc;
  readonly awareness: Awareness | null;
  /** Of what the server brings, which the other tabs get from it, too. */
  readonly serverOrigin: unknown;
  /** Whether edits made here are kept from the other tabs: the server will not take them up. */
  readonly isReadOnly: () => boolean;
}

/**
 * Shares edits and presence with the other tabs of this browser, whether there is a server or not. What one tab made, each
 * tab also sends to the server, which drops what it knows: the tab it was made in may be closed before it could.
 */
export class TabChannel {
  readonly #settings: TabChannelSettings;
  /** Clients heard here, and so not gone when the server is. */
  readonly #near = new Set<number>();
  #channel: BroadcastChannel | undefined;

  constructor(settings: TabChannelSettings) {
    this.#settings = settings;
  }

  get isOpen(): boolean {
    return this.#channel !== undefined;
  }

  has(client: number): boolean {
    return this.#near.has(client);
  }

  open(): void {
    if (this.isOpen || typeof BroadcastChannel === 'undefined') return;
    const { channelName, document, awareness } = this.#settings;
    this.#channel = new BroadcastChannel(channelName);
    this.#channel.addEventListener('message', ({ data }: MessageEvent<TabMessage>) => this.#receive(data));
    (this.#channel as { unref?(): void }).unref?.(); // in Node it would keep the process running
    document.on('update', this.#noteUpdate);
    awareness?.on('update', this.#noteAwareness);
    globalThis.addEventListener?.('pagehide', this.#sayLeave);
    this.#post({ kind: 'join', stateVector: Y.encodeStateVector(document) });
    this.#renewPresence();
  }

  close(): void {
    const channel = this.#channel;
    if (channel === undefined) return;
    const { document, awareness } = this.#settings;
    this.#sayLeave();
    this.#channel = undefined;
    channel.close();
    document.off('update', this.#noteUpdate);
    awareness?.off('update', this.#noteAwareness);
    globalThis.removeEventListener?.('pagehide', this.#sayLeave);
    if (awareness !== null) removeAwarenessStates(awareness, [...this.#near], this);
    this.#near.clear();
  }

  readonly #noteUpdate = (update: Uint8Array, origin: unknown): void => {
    if (origin === this || origin === this.#settings.serverOrigin || this.#settings.isReadOnly()) return;
    this.#post({ kind: 'edit', update });
  };

  readonly #noteAwareness = (change: AwarenessChange): void => {
    const { awareness } = this.#settings;
    if (awareness === null || !concerns(change, awareness.clientID)) return;
    const client = awareness.clientID;
    this.#post({ kind: 'presence', client, update: encodeAwarenessUpdate(awareness, [client]) });
  };

  readonly #sayLeave = (): void => {
    const { awareness } = this.#settings;
    if (awareness !== null) this.#post({ kind: 'leave', client: awareness.clientID });
  };

  #receive(message: TabMessage): void {
    const { document } = this.#settings;
    switch (message.kind) {
      case 'join':
        this.#postMissing(message.stateVector);
        this.#post({ kind: 'have', stateVector: Y.encodeStateVector(document) });
        this.#renewPresence();
        return;
      case 'have':
        this.#postMissing(message.stateVector);
        return;
      case 'edit':
        Y.applyUpdate(document, message.update, this);
        return;
      case 'presence':
        this.#hear(message.client, message.update);
        return;
      case 'leave':
        this.#forget(message.client);
        return;
    }
  }

  /** Tells what somebody lacks. A state vector says nothing of deletions, so they always come along. */
  #postMissing(stateVector: Uint8Array): void {
    if (this.#settings.isReadOnly()) return;
    const update = Y.encodeStateAsUpdate(this.#settings.document, stateVector);
    if (update.length > EMPTY_UPDATE.length) this.#post({ kind: 'edit', update });
  }

  /** With a new clock: who sees this client for the first time, or again, may remember that it left with the last one. */
  #renewPresence(): void {
    const state = this.#settings.awareness?.getLocalState();
    if (state != null) this.#settings.awareness?.setLocalState(state);
  }

  #hear(client: number, update: Uint8Array): void {
    const { awareness } = this.#settings;
    if (awareness === null) return;
    this.#near.add(client); // also when the server was quicker
    applyAwarenessUpdate(awareness, update, this);
  }

  #forget(client: number): void {
    const { awareness } = this.#settings;
    if (!this.#near.delete(client) || awareness === null) return;
    removeAwarenessStates(awareness, [client], this);
  }

  #post(message: TabMessage): void {
    this.#channel?.postMessage(message);
  }
}
