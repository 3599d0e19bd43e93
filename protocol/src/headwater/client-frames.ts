import { type Address, type AddressedMessage, beginFrame, readAddress, readAddressedMessage } from '../addressed.ts';
import { ByteReader } from '../byte-reader.ts';
import { CONNECTION_ADDRESS, HeadwaterType } from './message-type.ts';

/** The first frame of a client. */
export interface ClientHello {
  /** The `PROTOCOL_VERSION` it was built with. */
  readonly version: number;
  /** What it is, for the log: `headwater-client/0.1.0`. */
  readonly client: string;
}

/** A frame of a client, taken apart. Byte fields are views into it. */
export type HeadwaterClientFrame =
  | ({ readonly kind: 'hello' } & ClientHello)
  /** Asks for a Pong with the same id. */
  | { readonly kind: 'ping'; readonly id: number }
  /** About a document: what {@link encodeAddressedMessage} wrote. */
  | (Address & { readonly kind: 'message'; readonly message: AddressedMessage })
  /** About the connection, and of a type we do not speak. Ignore it. */
  | { readonly kind: 'unknown'; readonly type: number };

/** What a client calls itself goes into the log. */
const MAX_CLIENT_BYTES = 128;

/**
 * Takes a frame of a client apart. It carries one message; what comes behind that is ignored, as newer versions append fields.
 *
 * @throws HeadwaterError `HW_FRAME_MALFORMED` for an empty frame, a length past the end, text that is no UTF-8, a sync or auth
 * kind that does not exist, an address over 1,152 bytes (every answer bears it), a client whose name takes over 128
 */
export function decodeHeadwaterClientFrame(frame: Uint8Array): HeadwaterClientFrame {
  const reader = new ByteReader(frame, 'HW_FRAME_MALFORMED', 'frame');
  const { address, documentName } = readAddress(reader);
  if (address !== CONNECTION_ADDRESS) {
    return { kind: 'message', address, documentName, message: readAddressedMessage(reader) };
  }
  const type = reader.varUint('message type');
  switch (type) {
    case HeadwaterType.Hello:
      return { kind: 'hello', version: reader.varUint('version'), client: reader.text('client', MAX_CLIENT_BYTES) };
    case HeadwaterType.Ping:
      return { kind: 'ping', id: reader.varUint('id') };
    default:
      return { kind: 'unknown', type };
  }
}

export function encodeClientHello({ version, client }: ClientHello): Uint8Array {
  const writer = beginFrame(CONNECTION_ADDRESS, HeadwaterType.Hello);
  writer.varUint(version);
  writer.text(client);
  return writer.finish();
}

/** @param id - any number: the answer bears it */
export function encodePing(id: number): Uint8Array {
  const writer = beginFrame(CONNECTION_ADDRESS, HeadwaterType.Ping);
  writer.varUint(id);
  return writer.finish();
}
