import { decodeStateVector, diffUpdate, type HeadwaterError } from '@headwater/protocol';
import * as decoding from 'lib0/decoding';
import * as encoding from 'lib0/encoding';
import { Awareness, applyAwarenessUpdate } from 'y-protocols/awareness';
import * as Y from 'yjs';
import { Compactor } from '../../server/src/documents/compactor.ts';
import { FlushScheduler } from '../../server/src/documents/flush-scheduler.ts';
import type { HostedDocument } from '../../server/src/documents/hosted-document.ts';
import { DocumentRegistry } from '../../server/src/documents/registry.ts';
import type { Session } from '../../server/src/documents/session.ts';
import { resolveServerOptions, type ServerOptions } from '../../server/src/options.ts';
import type { Framing } from '../../server/src/wire/framing.ts';
import { yWebsocketFraming } from '../../server/src/wire/y-websocket-framing.ts';
import { type CompactionInput, compact } from '../../server/src/workers/document-tasks.ts';
import type { DocumentWorkers } from '../../server/src/workers/worker-pool.ts';
import { ControlledStore } from './controlled-store.ts';

/** Lets everything that is due in this turn of the event loop happen, the flushes at its end included. */
export function turn(): Promise<void> {
  return new Promise((resolve) => setImmediate(resolve));
}

const SYNC_KINDS = ['sync-step-1', 'sync-step-2', 'update'] as const;

/** A message as the client reads it. */
export interface SentMessage {
  readonly kind: (typeof SYNC_KINDS)[number] | 'awareness';
  readonly body: Uint8Array;
}

/** The payloads of the unmasked binary frames in a stream of bytes, read straight from RFC 6455. Pings are left out. */
export function payloadsOf(stream: Uint8Array): Uint8Array[] {
  const view = new DataView(stream.buffer, stream.byteOffset, stream.byteLength);
  const payloads: Uint8Array[] = [];
  for (let at = 0; at < stream.length; ) {
    const opcode = view.getUint8(at);
    let length = view.getUint8(at + 1);
    at += 2;
    if (length === 126) {
      length = view.getUint16(at);
      at += 2;
    } else if (length === 127) {
      length = Number(view.getBigUint64(at));
      at += 8;
    }
    if (opcode === 0x82) payloads.push(stream.subarray(at, at + length));
    else if (opcode !== 0x89) throw new Error(`unexpected first byte of a frame: ${opcode}`);
    at += length;
  }
  return payloads;
}

/** Reads one message with lib0, as a stock client does; throws when anything is left over. */
export function readMessage(payload: Uint8Array): SentMessage {
  const decoder = decoding.createDecoder(payload);
  const type = decoding.readVarUint(decoder);
  const kind = type === 1 ? 'awareness' : SYNC_KINDS[decoding.readVarUint(decoder)];
  if (type > 1 || kind === undefined) throw new Error(`unexpected message type ${type}`);
  const body = decoding.readVarUint8Array(decoder);
  if (decoding.hasContent(decoder)) throw new Error('more than one message in a frame');
  return { kind, body };
}

/** A session without a connection: it records what it is sent, and is as full and as responsive as a test says. */
export class FakeSession implements Session {
  readonly author: string;
  readonly framing: Framing = yWebsocketFraming;
  readonly #chunks: Buffer[] = [];
  #taken = 0;
  /** Calls of {@link send}. */
  sends = 0;
  /** Calls of {@link send} after it said that the connection is full, and before {@link drain}. */
  sendsWhileFull = 0;
  #saidFull = false;
  acknowledged = 0;
  refused = 0;
  isReadOnly = false;
  closedWith: HeadwaterError | undefined;
  /** What `send` says about the room in the connection. */
  isFull = false;
  /** What {@link isResponsive} settles with. */
  responsive: Promise<boolean> = Promise.resolve(true);

  constructor(author = 'ada') {
    this.author = author;
  }

  send(buffers: readonly Uint8Array[]): boolean {
    this.sends++;
    if (this.#saidFull) this.sendsWhileFull++;
    this.#chunks.push(Buffer.concat(buffers));
    this.#saidFull = this.isFull;
    return !this.isFull;
  }

  /** The connection has room again. */
  drain(document: HostedDocument): void {
    this.isFull = false;
    if (!this.#saidFull) return;
    this.#saidFull = false;
    document.drained(this);
  }

  acknowledge(count: number): void {
    this.acknowledged += count;
  }

  refuse(): void {
    this.refused++;
  }

  close(error: HeadwaterError): void {
    this.closedWith = error;
  }

  isResponsive(): Promise<boolean> {
    return this.responsive;
  }

  /** Everything it was sent so far. */
  messages(): SentMessage[] {
    return payloadsOf(Buffer.concat(this.#chunks)).map(readMessage);
  }

  kinds(): string[] {
    return this.messages().map(({ kind }) => kind);
  }

  /** What it was sent since the last call. */
  take(): SentMessage[] {
    const messages = this.messages();
    const fresh = messages.slice(this.#taken);
    this.#taken = messages.length;
    return fresh;
  }

  /** The document of a client that began with `doc` and was sent exactly this. */
  applyTo(doc = new Y.Doc()): Y.Doc {
    for (const { kind, body } of this.messages()) {
      if (kind === 'update' || kind === 'sync-step-2') Y.applyUpdate(doc, body);
    }
    return doc;
  }

  /** The awareness states of that client, by the rules of y-protocols. */
  states(): ReadonlyMap<number, { readonly clock: number; readonly state: unknown }> {
    const awareness = new Awareness(new Y.Doc());
    for (const { kind, body } of this.messages()) if (kind === 'awareness') applyAwarenessUpdate(awareness, body, this);
    const states = new Map(
      [...awareness.getStates()]
        .filter(([clientId]) => clientId !== awareness.clientID)
        .map(([clientId, state]) => [clientId, { clock: awareness.meta.get(clientId)?.clock ?? 0, state }]),
    );
    awareness.destroy();
    return states;
  }

  /** The text of that document. */
  text(): string {
    return this.applyTo().getText('text').toString();
  }
}

/** One client's state as an awareness update, written with lib0. */
export function awarenessUpdate(clientId: number, clock: number, state: unknown): Uint8Array {
  return awarenessOf([{ clientId, clock, state }]);
}

export function awarenessOf(entries: readonly { clientId: number; clock: number; state: unknown }[]): Uint8Array {
  return encoding.encode((encoder) => {
    encoding.writeVarUint(encoder, entries.length);
    for (const { clientId, clock, state } of entries) {
      encoding.writeVarUint(encoder, clientId);
      encoding.writeVarUint(encoder, clock);
      encoding.writeVarString(encoder, JSON.stringify(state));
    }
  });
}

/** Someone who types into a document of their own and hands over each transaction as its update. */
export class Typist {
  readonly doc: Y.Doc;

  constructor(clientId: number, doc = new Y.Doc()) {
    this.doc = doc;
    doc.clientID = clientId;
  }

  /** Appends to the text. */
  type(text: string): Uint8Array {
    const into = this.doc.getText('text');
    return this.edit(() => into.insert(into.length, text));
  }

  edit(change: () => void): Uint8Array {
    const updates: Uint8Array[] = [];
    const note = (update: Uint8Array): void => void updates.push(update);
    this.doc.on('update', note);
    this.doc.transact(change);
    this.doc.off('update', note);
    const [update] = updates;
    if (update === undefined) throw new Error('the edit changed nothing');
    return update;
  }
}

/** The work of the worker threads, done here; a test may hold it back or answer in its place. */
export class InThreadWorkers implements DocumentWorkers {
  compactions = 0;
  diffs = 0;
  /** Awaited before each piece of work. */
  gate: Promise<void> | undefined;
  compactWith: (input: CompactionInput) => ReturnType<typeof compact> = compact;

  async compact(input: CompactionInput): Promise<ReturnType<typeof compact>> {
    this.compactions++;
    await this.gate;
    return this.compactWith(input);
  }

  async diff(update: Uint8Array, stateVector: Uint8Array): Promise<Uint8Array> {
    this.diffs++;
    await this.gate;
    return diffUpdate(update, decodeStateVector(stateVector));
  }

  async close(): Promise<void> {}
}

/** A registry of documents in this thread, with everything around them. */
export function openHouse(options: ServerOptions = {}, store = new ControlledStore()) {
  const workers = new InThreadWorkers();
  const logged: { readonly level: string; readonly message: string }[] = [];
  const log =
    (level: string) =>
    (_fields: object, message: string): void =>
      void logged.push({ level, message });
  const registry = new DocumentRegistry({
    store,
    workers,
    compactor: new Compactor(store, workers),
    scheduler: new FlushScheduler(),
    options: resolveServerOptions(options),
    logger: { debug: log('debug'), info: log('info'), warn: log('warn'), error: log('error') },
    now: Date.now,
  });
  return { store, workers, registry, logged };
}

/** Joins and asks for everything, as a client with an empty document does. */
export function enter(document: HostedDocument, session = new FakeSession(), doc = new Y.Doc()): FakeSession {
  document.join(session);
  document.answer(session, Y.encodeStateVector(doc));
  return session;
}
