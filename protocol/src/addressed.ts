import type { ByteReader } from './byte-reader.ts';
import { type ClientMessage, MessageType, readSync } from './messages.ts';

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
