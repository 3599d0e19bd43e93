import type { HeadwaterError } from '@headwater/protocol';
import * as Y from 'yjs';
import type { HostedDocument } from '../../server/src/documents/hosted-document.ts';
import type { Session } from '../../server/src/documents/session.ts';
import type { Framing } from '../../server/src/wire/framing.ts';
import { yWebsocketFraming } from '../../server/src/wire/y-websocket-framing.ts';
import { payloadsOf, readMessage } from '../server/support.ts';
import type { Random } from '../support/random.ts';
import { newDoc } from './verdict.ts';
import type { VirtualProcess, VirtualTime } from './virtual-time.ts';

const REMOTE = 'remote';
const MAX_DELAY_MS = 8;

/** What is to be known of what a client is told. */
export interface ClientWatcher {
  /** It is told that updates of its own are saved. */
  acknowledged(client: SimulatedClient, updates: readonly Uint8Array[]): void;
  /** It sees an edit of somebody else. */
  seen(client: SimulatedClient, update: Uint8Array): void;
}

/** Someone with a document of their own who is connected to one instance after the other, as a stock client would be. */
export class SimulatedClient {
  readonly name: string;
  readonly documentName: string;
  readonly doc = newDoc();
  /** All edits made here. */
  readonly edits: Uint8Array[] = [];
  readonly #around: ClientSurroundings;
  #session: ClientSession | undefined;

  constructor(
    { id, name, documentName }: { readonly id: number; readonly name: string; readonly documentName: string },
    around: ClientSurroundings,
  ) {
    this.name = name;
    this.documentName = documentName;
    this.#around = around;
    this.doc.clientID = id;
    this.doc.on('update', (update: Uint8Array, origin: unknown) => {
      if (origin === REMOTE) return around.watcher.seen(this, update);
      this.edits.push(update);
      this.#session?.say(update);
    });
  }

  get isConnected(): boolean {
    return this.#session !== undefined;
  }

  /** How many updates it was not told of that they are saved. */
  get unsettled(): number {
    return this.#session?.unsettled ?? 0;
  }

  /** Types, or deletes, something. */
  edit(): void {
    const { random } = this.#around;
    const text = this.doc.getText('text');
    const at = random.below(text.length + 1);
    if (text.length > at && random.chance(25)) text.delete(at, Math.min(3, text.length - at));
    else text.insert(at, `${this.doc.clientID}.`);
  }

  /** Joins a document of a process, in which this is called. */
  connect(document: HostedDocument, process: VirtualProcess): void {
    this.disconnect();
    const session = new ClientSession(this, document, process, this.#around);
    this.#session = session;
    document.join(session);
    session.ask();
  }

  /** The connection ends. */
  disconnect(): void {
    this.#session?.leave();
    this.#session = undefined;
  }

  /** The connection ends when it is with this process, which has ended. */
  processEnded(process: VirtualProcess): void {
    if (this.#session?.process === process) this.disconnect();
  }

  ended(session: ClientSession): void {
    if (this.#session === session) this.#session = undefined;
  }
}

/** Where clients live. */
export interface ClientSurroundings {
  readonly time: VirtualTime;
  readonly random: Random;
  readonly watcher: ClientWatcher;
}

/** One connection of a client: what is said on it arrives in its order, after a while, or never. */
class ClientSession implements Session {
  readonly author: string;
  readonly framing: Framing = yWebsocketFraming;
  readonly isReadOnly = false;
  readonly process: VirtualProcess;
  readonly #client: SimulatedClient;
  readonly #document: HostedDocument;
  readonly #around: ClientSurroundings;
  /** Sent and not acknowledged: what a client takes for saved once each message is. */
  readonly #unsettled: (readonly Uint8Array[])[] = [];
  #isOver = false;
  #toServerMs = 0;
  #toClientMs = 0;

  constructor(client: SimulatedClient, document: HostedDocument, process: VirtualProcess, around: ClientSurroundings) {
    this.author = client.name;
    this.process = process;
    this.#client = client;
    this.#document = document;
    this.#around = around;
  }

  get unsettled(): number {
    return this.#unsettled.length;
  }

  /** The client's first question. */
  ask(): void {
    const stateVector = Y.encodeStateVector(this.#client.doc);
    this.#toServer(() => this.#document.answer(this, stateVector));
  }

  say(update: Uint8Array): void {
    this.#toServer(() => {
      this.#unsettled.push([update]);
      this.#document.receive(this, update);
    });
  }

  send(buffers: readonly Uint8Array[]): boolean {
    const bytes = Buffer.concat(buffers);
    const now = performance.now();
    this.#toClientMs = Math.max(this.#toClientMs, now + this.#around.random.below(MAX_DELAY_MS));
    const hear = (): void => {
      if (!this.#isOver) for (const payload of payloadsOf(bytes)) this.#hear(payload);
    };
    this.#around.time.inProcess(undefined, () => setTimeout(hear, this.#toClientMs - now));
    return true;
  }

  acknowledge(count: number): void {
    const settled = this.#unsettled.splice(0, count);
    if (settled.length < count) throw new Error('more was acknowledged than was sent');
    this.#around.watcher.acknowledged(this.#client, settled.flat());
  }

  refuse(): void {
    throw new Error('an edit was refused');
  }

  close(_error: HeadwaterError): void {
    this.#isOver = true;
    this.#client.ended(this);
  }

  isResponsive(): Promise<boolean> {
    return Promise.resolve(!this.#isOver);
  }

  leave(): void {
    this.#isOver = true;
    this.process.after(this.#around.random.below(MAX_DELAY_MS), () => this.#document.leave(this));
  }

  #hear(payload: Uint8Array): void {
    const { kind, body } = readMessage(payload);
    const { doc } = this.#client;
    if (kind === 'sync-step-1') {
      const lacking = Y.encodeStateAsUpdate(doc, body);
      // With this the server has all of it: what is not in the answer it has said it has.
      const edits = [...this.#client.edits];
      this.#toServer(() => {
        this.#unsettled.push(edits);
        this.#document.receiveState(this, lacking);
      });
    } else if (kind !== 'awareness') {
      Y.applyUpdate(doc, body, REMOTE);
    }
  }

  #toServer(arrives: () => void): void {
    const now = performance.now();
    this.#toServerMs = Math.max(this.#toServerMs, now + this.#around.random.below(MAX_DELAY_MS));
    this.process.after(this.#toServerMs - now, () => {
      if (!this.#isOver) arrives();
    });
  }
}
