import type { ByteReader } from './byte-reader.ts';
import { ByteWriter } from './byte-writer.ts';
import { type ClientMessage, MessageType, readSync, SyncKind } from './messages.ts';

/**
 * First varUint behind an address, in the dialects in which one connection carries several documents. 0 to 3 mean what they
 * mean in y-websocket, but that clients send 2, too. These belong to Hocuspocus: never renumber.
 */
export const AddressedType = { ...MessageType, Stateless: 5, Close: 7 } as const;

/** First varUint of what a client says about its access: a token, also later. */
const TOKEN = 0;

/** One message of a client about one document. Byte fields are views into the frame. */
export type AddressedMessage =
  | ClientMessage
  | { readonly kind: 'token'; readonly token: string }
  | { readonly kind: 'stateless'; readonly payload: string }
  | { readonly kind: 'close' };

/** What a message begins with where a connection carries several documents. */
export interface Address {
  /** To be put in front of every answer, as it came: the document's name, and perhaps that of a session. */
  readonly address: string;
  readonly documentName: string;
}

/** A document's name takes 1,024 bytes; this leaves room for that of a session. */
const MAX_ADDRESS_BYTES = 1_024 + 128;

/** Between the document's name and that of a session, where a connection has more than one of a document. */
const SESSION_MARK = '\u0000';

/**
 * The address of a session.
 *
 * @param session - tells sessions of one document apart; the first one of a connection needs none
 */
export function addressOf(documentName: string, session = ''): string {
  return session === '' ? documentName : documentName + SESSION_MARK + session;
}

export function readAddress(reader: ByteReader): Address {
  const address = reader.text('address', MAX_ADDRESS_BYTES);
  const mark = address.indexOf(SESSION_MARK);
  return { address, documentName: mark === -1 ? address : address.slice(0, mark) };
}

export function readAddressedMessage(reader: ByteReader): AddressedMessage {
  const type = reader.varUint('message type');
  switch (type) {
    case AddressedType.Sync:
      return readSync(reader);
    case AddressedType.Awareness:
      return { kind: 'awareness', update: reader.view('awareness update') };
    case AddressedType.Auth: {
      const at = reader.pos;
      if (reader.varUint('auth kind') !== TOKEN) reader.fail('unknown auth kind', at);
      return { kind: 'token', token: reader.text('token') };
    }
    case AddressedType.QueryAwareness:
      return { kind: 'query-awareness' };
    case AddressedType.Stateless:
      return { kind: 'stateless', payload: reader.text('payload') };
    case AddressedType.Close:
      return { kind: 'close' };
    default:
      // among them what Hocuspocus servers say to each other
      return { kind: 'unknown', type };
  }
}

/** What can be said about a document. */
export type OutgoingMessage = Exclude<AddressedMessage, { readonly kind: 'unknown' }>;

/** A frame with one message in it. */
export function encodeAddressedMessage(address: string, message: OutgoingMessage): Uint8Array {
  switch (message.kind) {
    case 'sync-step-1':
      return encodeSync(address, SyncKind.Step1, message.stateVector);
    case 'sync-step-2':
      return encodeSync(address, SyncKind.Step2, message.update);
    case 'update':
      return encodeSync(address, SyncKind.Update, message.update);
    case 'awareness': {
      const writer = beginFrame(address, AddressedType.Awareness, message.update.length);
      writer.view(message.update);
      return writer.finish();
    }
    case 'token': {
      const writer = beginFrame(address, AddressedType.Auth);
      writer.varUint(TOKEN);
      writer.text(message.token);
      return writer.finish();
    }
    case 'query-awareness':
      return beginFrame(address, AddressedType.QueryAwareness).finish();
    case 'stateless': {
      const writer = beginFrame(address, AddressedType.Stateless);
      writer.text(message.payload);
      return writer.finish();
    }
    case 'close':
      return beginFrame(address, AddressedType.Close).finish();
  }
}

/** A frame as far as the type of its message. @param bodyBytes - about what comes behind it */
export function beginFrame(address: string, type: number, bodyBytes = 0): ByteWriter {
  const writer = new ByteWriter(32 + address.length + bodyBytes);
  writer.text(address);
  writer.varUint(type);
  return writer;
}

function encodeSync(address: string, kind: number, body: Uint8Array): Uint8Array {
  const writer = beginFrame(address, AddressedType.Sync, body.length);
  writer.varUint(kind);
  writer.view(body);
  return writer.finish();
}
