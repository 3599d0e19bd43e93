import { decodeFrame, type HeadwaterError, type SyncMessage } from '@headwater/protocol';
import * as Y from 'yjs';
import type { HostedDocument } from '../documents/hosted-document.ts';
import type { Session } from '../documents/session.ts';
import { framePayloads } from '../wire/websocket-frame.ts';
import { yWebsocketFraming } from '../wire/y-websocket-framing.ts';

/** What a session tells the open document whose it is. */
export interface LocalSessionEvents {
  /** Its `Y.Doc` has everything now that was there when it joined. */
  readonly onSynced: () => void;
  /** Every edit up to this number is fsynced. */
  readonly onSaved: (edit: number) => void;
  /** Somebody who observes the `Y.Doc` threw. */
  readonly onError: (error: unknown) => void;
  /** What there is here was not taken up. */
  readonly onRefused: (error: Error) => void;
  /** The document in memory is another one from now on. */
  readonly onEnded: (error: HeadwaterError) => void;
}

/**
 * A `Y.Doc` in this process as a session of a document: the same frames as a `y-websocket` client's, without a socket. What it is
 * sent is applied after the call that sent it: whoever observes the `Y.Doc` may do what they like, and throw.
 */
export class LocalSession implements Session {
  readonly author: string;
  readonly framing = yWebsocketFraming;
  readonly isReadOnly = false;
  readonly #hosted: HostedDocument;
  readonly #doc: Y.Doc;
  readonly #origin: unknown;
  readonly #lastEdit: () => number;
  readonly #events: LocalSessionEvents;
  #received: SyncMessage[] = [];
  /** Of each message that is not saved yet, oldest first: the last edit in it. */
  #unsaved: number[] = [];
  /** Whether its `Y.Doc` has got everything. */
  isSynced = false;
  #hasAnswered = false;
  #isMuted = false;

  /**
   * @param origin - of the transactions in which the edits of others are applied
   * @param lastEdit - the number of the last edit made here
   */
  constructor(
    author: string,
    hosted: HostedDocument,
    { doc, origin, lastEdit }: { readonly doc: Y.Doc; readonly origin: unknown; readonly lastEdit: () => number },
    events: LocalSessionEvents,
  ) {
    this.author = author;
    this.#hosted = hosted;
    this.#doc = doc;
    this.#origin = origin;
    this.#lastEdit = lastEdit;
    this.#events = events;
  }

  join(): void {
    this.#hosted.join(this);
    this.#hosted.answer(this, Y.encodeStateVector(this.#doc));
  }

  /**
   * Hands over an edit. Until the document has asked for what there is, edits go with the answer to that: one on its own would be
   * called saved before those it builds on.
   *
   * @throws what `HostedDocument.receive` does
   */
  edit(update: Uint8Array, number: number): void {
    if (this.#hasAnswered) this.#handOver(number, () => this.#hosted.receive(this, update));
  }

  /** Applies no more of what others edit. */
  mute(): void {
    this.#isMuted = true;
  }

  leave(): void {
    this.mute();
    this.#hosted.leave(this);
  }

  send(buffers: readonly Uint8Array[]): boolean {
    if (this.#received.length === 0) queueMicrotask(() => this.#takeIn());
    for (const payload of framePayloads(buffers)) {
      for (const message of decodeFrame(payload)) {
        if (message.kind === 'sync-step-1' || message.kind === 'sync-step-2' || message.kind === 'update') {
          this.#received.push(message);
        }
      }
    }
    return true;
  }

  acknowledge(count: number): void {
    const saved = this.#unsaved.splice(0, count).at(-1);
    if (saved !== undefined) this.#events.onSaved(saved);
  }

  refuse(): void {} // it may edit

  close(error: HeadwaterError): void {
    this.#events.onEnded(error);
  }

  isResponsive(): Promise<boolean> {
    return Promise.resolve(true);
  }

  #takeIn(): void {
    const received = this.#received;
    this.#received = [];
    for (const message of received) {
      if (message.kind === 'sync-step-1') this.#answer(message.stateVector);
      else this.#apply(message.update);
      if (message.kind === 'sync-step-2' && !this.isSynced) {
        this.isSynced = true;
        this.#events.onSynced();
      }
    }
  }

  #apply(update: Uint8Array): void {
    if (this.#isMuted) return;
    try {
      Y.applyUpdate(this.#doc, update, this.#origin);
    } catch (error) {
      this.#events.onError(error);
    }
  }

  #answer(stateVector: Uint8Array): void {
    const state = Y.encodeStateAsUpdate(this.#doc, stateVector);
    this.#hasAnswered = true;
    try {
      this.#handOver(this.#lastEdit(), () => this.#hosted.receiveState(this, state));
    } catch (error) {
      this.#events.onRefused(error as Error);
    }
  }

  /** What is known already is acknowledged before `give` returns. */
  #handOver(edit: number, give: () => void): void {
    this.#unsaved.push(edit);
    try {
      give();
    } catch (error) {
      this.#unsaved.pop();
      throw error;
    }
  }
}
