import { AddressedType, beginFrame, encodeAddressedMessage, readAddress } from '../addressed.ts';
import { ByteReader } from '../byte-reader.ts';
import { readSync, type SyncMessage } from '../messages.ts';
import { CONNECTION_ADDRESS, GrantedFlag, HeadwaterType } from './message-type.ts';

/** The answer to a client's Hello. */
export interface ServerHello {
  /** The `PROTOCOL_VERSION` it was built with. */
  readonly version: number;
  /** A longer frame ends the connection. */
  readonly maxMessageBytes: number;
  /** What it is: `headwater-server/0.1.0`. */
  readonly server: string;
}

/** The connection is about to be closed: come back after a random time in between. */
export interface RetryHint {
  readonly minMs: number;
  readonly maxMs: number;
}

/** What a server says about a document. Byte fields are views into the frame. */
export type HeadwaterServerMessage =
  | SyncMessage
  | { readonly kind: 'awareness'; readonly update: Uint8Array }
  | { readonly kind: 'stateless'; readonly payload: string }
  | {
      readonly kind: 'granted';
      readonly isReadOnly: boolean;
      /** How long the token is good for, from now; `undefined`: for ever. */
      readonly expiresInMs: number | undefined;
      /** Who the client is taken for, if for anybody. */
      readonly user: string | undefined;
    }
  /** The session is over until another token comes. The code is one of {@link ERROR_CODES}, or newer than this package. */
  | { readonly kind: 'denied'; readonly code: string; readonly reason: string }
  /** Every edit of the session up to this one, counted from 1, is fsynced or was refused. */
  | { readonly kind: 'saved'; readonly edit: number }
  /** This edit was not taken up. The session goes on. */
  | { readonly kind: 'refused'; readonly edit: number; readonly code: string; readonly reason: string }
  /** A type we do not speak. Ignore it. */
  | { readonly kind: 'unknown'; readonly type: number };

/** A frame of a server, taken apart. */
export type HeadwaterServerFrame =
  | ({ readonly kind: 'hello' } & ServerHello)
  | { readonly kind: 'pong'; readonly id: number }
  | ({ readonly kind: 'retry' } & RetryHint)
  | { readonly kind: 'message'; readonly address: string; readonly message: HeadwaterServerMessage }
  /** About the connection, and of a type we do not speak. Ignore it. */
  | { readonly kind: 'unknown'; readonly type: number };

/**
 * Takes a frame of a server apart. It carries one message; what comes behind that is ignored, as newer versions append fields.
 *
 * @throws HeadwaterError `HW_FRAME_MALFORMED` for an empty frame, a length past the end, text that is no UTF-8, a sync kind that
 * does not exist, an address over 1,152 bytes
 */
export function decodeHeadwaterServerFrame(frame: Uint8Array): HeadwaterServerFrame {
  const reader = new ByteReader(frame, 'HW_FRAME_MALFORMED', 'frame');
  const { address } = readAddress(reader);
  if (address !== CONNECTION_ADDRESS) return { kind: 'message', address, message: readServerMessage(reader) };
  const type = reader.varUint('message type');
  switch (type) {
    case HeadwaterType.Hello: {
      const version = reader.varUint('version');
      const maxMessageBytes = reader.varUint('largest message');
      return { kind: 'hello', version, maxMessageBytes, server: reader.text('server') };
    }
    case HeadwaterType.Pong:
      return { kind: 'pong', id: reader.varUint('id') };
    case HeadwaterType.Retry:
      return { kind: 'retry', minMs: reader.varUint('shortest time'), maxMs: reader.varUint('longest time') };
    default:
      return { kind: 'unknown', type };
  }
}

export function encodeServerHello({ version, maxMessageBytes, server }: ServerHello): Uint8Array {
  const writer = beginFrame(CONNECTION_ADDRESS, HeadwaterType.Hello);
  writer.varUint(version);
  writer.varUint(maxMessageBytes);
  writer.text(server);
  return writer.finish();
}

/** @param id - that of the Ping */
export function encodePong(id: number): Uint8Array {
  const writer = beginFrame(CONNECTION_ADDRESS, HeadwaterType.Pong);
  writer.varUint(id);
  return writer.finish();
}

export function encodeRetry({ minMs, maxMs }: RetryHint): Uint8Array {
  const writer = beginFrame(CONNECTION_ADDRESS, HeadwaterType.Retry);
  writer.varUint(minMs);
  writer.varUint(maxMs);
  return writer.finish();
}

/** A frame with one message about a document. */
export function encodeServerMessage(
  address: string,
  message: Exclude<HeadwaterServerMessage, { readonly kind: 'unknown' }>,
): Uint8Array {
  switch (message.kind) {
    case 'granted': {
      const writer = beginFrame(address, HeadwaterType.Granted);
      writer.varUint(message.isReadOnly ? GrantedFlag.ReadOnly : 0);
      writer.varUint(message.expiresInMs === undefined ? 0 : message.expiresInMs + 1);
      writer.text(message.user ?? '');
      return writer.finish();
    }
    case 'denied': {
      const writer = beginFrame(address, HeadwaterType.Denied);
      writer.text(message.code);
      writer.text(message.reason);
      return writer.finish();
    }
    case 'saved': {
      const writer = beginFrame(address, HeadwaterType.Saved);
      writer.varUint(message.edit);
      return writer.finish();
    }
    case 'refused': {
      const writer = beginFrame(address, HeadwaterType.Refused);
      writer.varUint(message.edit);
      writer.text(message.code);
      writer.text(message.reason);
      return writer.finish();
    }
    case 'sync-step-1':
    case 'sync-step-2':
    case 'update':
    case 'awareness':
    case 'stateless':
      return encodeAddressedMessage(address, message);
  }
}

function readServerMessage(reader: ByteReader): HeadwaterServerMessage {
  const type = reader.varUint('message type');
  switch (type) {
    case AddressedType.Sync:
      return readSync(reader);
    case AddressedType.Awareness:
      return { kind: 'awareness', update: reader.view('awareness update') };
    case AddressedType.Stateless:
      return { kind: 'stateless', payload: reader.text('payload') };
    case HeadwaterType.Granted: {
      const flags = reader.varUint('flags');
      const expiry = reader.varUint('expiry');
      const user = reader.text('user');
      return {
        kind: 'granted',
        isReadOnly: flags % 2 === GrantedFlag.ReadOnly,
        expiresInMs: expiry === 0 ? undefined : expiry - 1,
        user: user === '' ? undefined : user,
      };
    }
    case HeadwaterType.Denied:
      return { kind: 'denied', code: reader.text('code'), reason: reader.text('reason') };
    case HeadwaterType.Saved:
      return { kind: 'saved', edit: reader.varUint('edit') };
    case HeadwaterType.Refused:
      return {
        kind: 'refused',
        edit: reader.varUint('edit'),
        code: reader.text('code'),
        reason: reader.text('reason'),
      };
    default:
      return { kind: 'unknown', type };
  }
}
