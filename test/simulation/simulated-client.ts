import { EMPTY_UPDATE, type HeadwaterError } from '@headwater/protocol';
import * as Y from 'yjs';
import type { HostedDocument } from '../../server/src/documents/hosted-document.ts';
import type { Session } from '../../server/src/documents/session.ts';
import type { Framing } from '../../server/src/wire/framing.ts';
import { yWebsocketFraming } from '../../server/src/wire/y-websocket-framing.ts';
import { payloadsOf, readMessage } from '../server/support.ts';
import type { Random } from '../support/random.ts';

const REMOTE = 'remote';
const MAX_DELAY_MS = 8;

/** Someone with a document of their own who is connected to one instance after the other, as a stock client would be. */
export class SimulatedClient {
  readonly name: string;
  readonly documentName: string;
  readonly doc = new Y.Doc();
  /** Updates that somebody was told are saved. */
  readonly acknowledged: Uint8Array[] = [];
  readonly #random: Random;
  #session: ClientSession | undefined;

  constructor(clientId: number, documentName: string, random: Random) {
    this.name = `client-${clientId}`;
    this.documentName = documentName;
    this.#random = random;
    this.doc.clientID = clientId;
    this.doc.on('update', (update: Uint8Array, origin: unknown) => {
      if (origin !== REMOTE) this.#session?.say(update);
    });
  }

  get isConnected(): boolean {
    return this.#session !== undefined;
  }

  /** Types, or deletes, something. */
  edit(): void {
    const text = this.doc.getText('text');
    const at = this.#random.below(text.length + 1);
    if (text.length > at && this.#random.chance(25)) text.delete(at, Math.min(3, text.length - at));
    else text.insert(at, `${this.doc.clientID}`);
  }

  connect(document: HostedDocument): void {
    this.disconnect();
    const session = new ClientSession(this, document, this.#random);
    this.#session = session;
    document.join(session);
    session.ask();
  }

  /** The connection ends, and the instance learns of it. */
  disconnect(): void {
    const session = this.#session;
    this.cut();
    session?.leave();
  }

  /** The connection ends with its instance. */
  cut(): void {
    this.#session?.end();
    this.#session = undefined;
  }

  ended(session: ClientSession): void {
    if (this.#session === session) this.#session = undefined;
  }
}

/** One connection of a client: what is said on it arrives in its order, after a while, or never. */
class ClientSession implements Session {
  readonly author: string;
  readonly framing: Framing = yWebsocketFraming;
  readonly isReadOnly = false;
  readonly #client: SimulatedClient;
  readonly #document: HostedDocument;
  readonly #random: Random;
  /** Sent and not acknowledged. */
  readonly #unsettled: Uint8Array[] = [];
  #isOver = false;
  #toServerMs = 0;
  #toClientMs = 0;

  constructor(client: SimulatedClient, document: HostedDocument, random: Random) {
    this.author = client.name;
    this.#client = client;
    this.#document = document;
    this.#random = random;
  }

  /** The client's first question. */
  ask(): void {
    const stateVector = Y.encodeStateVector(this.#client.doc);
    this.#toServer(() => this.#document.answer(this, stateVector));
  }

  say(update: Uint8Array): void {
    this.#toServer(() => {
      this.#unsettled.push(update);
      this.#document.receive(this, update);
    });
  }

  send(buffers: readonly Uint8Array[]): boolean {
    const bytes = Buffer.concat(buffers);
    this.#toClientMs = Math.max(this.#toClientMs, performance.now() + this.#random.below(MAX_DELAY_MS));
    setTimeout(() => {
      if (!this.#isOver) for (const payload of payloadsOf(bytes)) this.#hear(payload);
    }, this.#toClientMs - performance.now());
    return true;
  }

  acknowledge(count: number): void {
    const settled = this.#unsettled.splice(0, count);
    if (settled.length < count) throw new Error('more was acknowledged than was sent');
    this.#client.acknowledged.push(...settled.filter((update) => update.length > EMPTY_UPDATE.length));
  }

  refuse(): void {
    throw new Error('an edit was refused');
  }

  close(_error: HeadwaterError): void {
    this.end();
    this.#client.ended(this);
  }

  isResponsive(): Promise<boolean> {
    return Promise.resolve(!this.#isOver);
  }

  end(): void {
    this.#isOver = true;
  }

  leave(): void {
    this.#document.leave(this);
  }

  #hear(payload: Uint8Array): void {
    const { kind, body } = readMessage(payload);
    const { doc } = this.#client;
    if (kind === 'sync-step-1') {
      const lacking = Y.encodeStateAsUpdate(doc, body);
      this.#toServer(() => {
        this.#unsettled.push(lacking);
        this.#document.receiveState(this, lacking);
      });
    } else if (kind !== 'awareness') {
      Y.applyUpdate(doc, body, REMOTE);
    }
  }

  #toServer(arrives: () => void): void {
    this.#toServerMs = Math.max(this.#toServerMs, performance.now() + this.#random.below(MAX_DELAY_MS));
    setTimeout(() => {
      if (!this.#isOver) arrives();
    }, this.#toServerMs - performance.now());
  }
}
