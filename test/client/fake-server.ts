import type { WebSocketClass, WebSocketLike } from '@headwater/client';
import {
  decodeHeadwaterClientFrame,
  encodePong,
  encodeServerHello,
  encodeServerMessage,
  type HeadwaterServerMessage,
  PROTOCOL_VERSION,
} from '@headwater/protocol';
import * as Y from 'yjs';

type Message = Exclude<HeadwaterServerMessage, { readonly kind: 'unknown' }>;
type Verdict = Extract<HeadwaterServerMessage, { readonly kind: 'granted' | 'denied' }>;

export const GRANTED = { kind: 'granted', isReadOnly: false, expiresInMs: undefined, user: undefined } as const;

/** One document of a client, as the fake sees it. */
class FakeSession {
  edits = 0;
  isOpen = false;
}

/** The server's end of a socket. */
export class FakeConnection {
  readonly client: FakeSocket;
  readonly sessions = new Map<string, FakeSession>();
  /** Kinds of messages that came, in order, with addresses: `token a`, `ping`. */
  readonly received: string[] = [];

  constructor(client: FakeSocket) {
    this.client = client;
  }

  send(address: string, message: Message): void {
    this.sendBytes(encodeServerMessage(address, message));
  }

  sendBytes(bytes: Uint8Array): void {
    this.client.deliver('message', { data: bytes.slice().buffer });
  }

  close(code: number, reason = ''): void {
    this.client.fail(code, reason);
  }
}

/**
 * A Headwater server in this thread, without network, time or disk: it answers at once, and does what a test says. Its documents
 * are plain ones.
 */
export class FakeServer {
  /** To give to a provider. */
  readonly WebSocket: WebSocketClass;
  /** Every connection there was, in order. */
  readonly connections: FakeConnection[] = [];
  readonly documents = new Map<string, Y.Doc>();
  readonly tokens: string[] = [];
  /** How many sockets were opened, or tried to. */
  attempts = 0;
  isReachable = true;
  /** Sockets neither open nor fail. */
  isHanging = false;
  /** Messages are swallowed. */
  isSilent = false;
  /** Only pings are. */
  isMuteToPings = false;
  /** What is received is not said to be saved until this is reset, and {@link saveAll} called. */
  holdsSaves = false;
  maxMessageBytes = 16 * 1024 * 1024;
  /** Decides about tokens. */
  judge: (token: string, address: string) => Verdict = () => GRANTED;
  /** Refuses an edit with a code. */
  refuses: (address: string, update: Uint8Array) => string | undefined = () => undefined;
  /** What is said first. */
  greeting: Uint8Array | undefined = undefined;

  constructor() {
    const server = this as FakeServer;
    this.WebSocket = class extends FakeSocket {
      constructor(url: string) {
        super(url, server);
      }
    };
  }

  get connection(): FakeConnection {
    const connection = this.connections.at(-1);
    if (connection === undefined) throw new Error('nobody connected');
    return connection;
  }

  document(name: string): Y.Doc {
    let document = this.documents.get(name);
    if (document === undefined) this.documents.set(name, (document = new Y.Doc()));
    return document;
  }

  text(name: string): string {
    return this.document(name).getText('text').toString();
  }

  /** Says that everything received is saved. */
  saveAll(): void {
    for (const connection of this.connections) {
      for (const [address, { edits, isOpen }] of connection.sessions) {
        if (isOpen && edits > 0) connection.send(address, { kind: 'saved', edit: edits });
      }
    }
  }

  /** Somebody else edits. */
  edit(name: string, change: (document: Y.Doc) => void): void {
    const document = this.document(name);
    const before = Y.encodeStateVector(document);
    change(document);
    const update = Y.encodeStateAsUpdate(document, before);
    this.#pass(name, { kind: 'update', update });
  }

  /** Ends a session, as when its token expired. */
  expire(address: string, denied: Verdict): void {
    const session = this.connection.sessions.get(address);
    if (session !== undefined) this.#settle(this.connection, address, session, denied);
  }

  accept(socket: FakeSocket): FakeConnection {
    const connection = new FakeConnection(socket);
    this.connections.push(connection);
    return connection;
  }

  receive(connection: FakeConnection, bytes: Uint8Array): void {
    if (this.isSilent) return;
    const frame = decodeHeadwaterClientFrame(bytes);
    if (frame.kind !== 'message') connection.received.push(frame.kind);
    switch (frame.kind) {
      case 'hello':
        connection.sendBytes(
          this.greeting ??
            encodeServerHello({ version: PROTOCOL_VERSION, maxMessageBytes: this.maxMessageBytes, server: 'fake' }),
        );
        return;
      case 'ping':
        if (!this.isMuteToPings) connection.sendBytes(encodePong(frame.id));
        return;
      case 'unknown':
        return;
      case 'message':
        connection.received.push(`${frame.message.kind} ${frame.address}`);
        this.#handle(connection, frame.address, frame.documentName, frame.message);
    }
  }

  #handle(
    connection: FakeConnection,
    address: string,
    name: string,
    message: Extract<ReturnType<typeof decodeHeadwaterClientFrame>, { readonly kind: 'message' }>['message'],
  ): void {
    let session = connection.sessions.get(address);
    if (session === undefined) connection.sessions.set(address, (session = new FakeSession()));
    const document = this.document(name);
    switch (message.kind) {
      case 'token':
        this.tokens.push(message.token);
        this.#settle(connection, address, session, this.judge(message.token, address));
        return;
      case 'sync-step-1':
        connection.send(address, {
          kind: 'sync-step-2',
          update: Y.encodeStateAsUpdate(document, message.stateVector),
        });
        return;
      case 'sync-step-2':
      case 'update':
        this.#takeEdit(connection, address, name, session, message.update);
        return;
      case 'awareness':
        this.#pass(name, { kind: 'awareness', update: message.update.slice() });
        return;
      case 'stateless':
        connection.send(address, { kind: 'stateless', payload: message.payload });
        return;
      case 'close':
        connection.sessions.delete(address);
        return;
      case 'query-awareness':
      case 'unknown':
        return;
    }
  }

  #settle(connection: FakeConnection, address: string, session: FakeSession, verdict: Verdict): void {
    connection.send(address, verdict);
    if (verdict.kind === 'denied') {
      session.isOpen = false;
    } else if (!session.isOpen) {
      session.isOpen = true;
      const [documentName = ''] = address.split('\u0000');
      connection.send(address, { kind: 'sync-step-1', stateVector: Y.encodeStateVector(this.document(documentName)) });
    }
  }

  #takeEdit(connection: FakeConnection, address: string, name: string, session: FakeSession, update: Uint8Array): void {
    session.edits += 1;
    const code = this.refuses(address, update);
    if (code === undefined) {
      Y.applyUpdate(this.document(name), update);
      this.#pass(name, { kind: 'update', update: update.slice() });
    } else {
      connection.send(address, { kind: 'refused', edit: session.edits, code, reason: 'the test says so' });
    }
    if (!this.holdsSaves) connection.send(address, { kind: 'saved', edit: session.edits });
  }

  /** To every session of the document, the sender's included. */
  #pass(name: string, message: Message): void {
    for (const connection of this.connections) {
      for (const [address, { isOpen }] of connection.sessions) {
        if (isOpen && address.split('\u0000')[0] === name) connection.send(address, message);
      }
    }
  }
}

type Listener = (event: never) => void;

/** A WebSocket as far as a provider uses it. What is sent arrives in a microtask. */
class FakeSocket implements WebSocketLike {
  binaryType = '';
  readyState = 0;
  bufferedAmount = 0;
  readonly url: string;
  readonly #listeners = new Map<string, Set<Listener>>();
  readonly #server: FakeServer;
  #connection: FakeConnection | undefined;

  constructor(url: string, server: FakeServer) {
    this.url = url;
    this.#server = server;
    server.attempts += 1;
    queueMicrotask(() => {
      if (this.readyState !== 0 || server.isHanging) return;
      if (!server.isReachable) return this.fail(1006);
      this.readyState = 1;
      this.#connection = server.accept(this);
      this.#emit('open', {});
    });
  }

  addEventListener(type: string, listener: Listener): void {
    const listeners = this.#listeners.get(type) ?? new Set();
    this.#listeners.set(type, listeners.add(listener));
  }

  send(data: Uint8Array): void {
    const connection = this.#connection;
    if (connection === undefined || this.readyState !== 1) throw new Error('the socket is not open');
    const bytes = data.slice();
    queueMicrotask(() => this.#server.receive(connection, bytes));
  }

  close(): void {
    this.readyState = 3;
    this.#connection?.sessions.clear();
  }

  deliver(type: string, event: unknown): void {
    queueMicrotask(() => {
      if (this.readyState === 1) this.#emit(type, event);
    });
  }

  /** The other end closes, or the network does. */
  fail(code: number, reason = ''): void {
    if (this.readyState === 3) return;
    this.close();
    this.#emit('close', { code, reason });
  }

  #emit(type: string, event: unknown): void {
    for (const listener of this.#listeners.get(type) ?? []) listener(event as never);
  }
}
