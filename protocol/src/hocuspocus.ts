import { type Address, type AddressedMessage, AddressedType, readAddress, readAddressedMessage } from './addressed.ts';
import { ByteReader } from './byte-reader.ts';
import { decodeFrame, MessageType } from './messages.ts';

/** First varUint behind the address in a frame of `@hocuspocus/provider` 4. */
export const HocuspocusType = { ...AddressedType, SyncReply: 4, BroadcastStateless: 6, SyncStatus: 8 } as const;

/** First varUint of a server's answers to a token. */
export const HocuspocusAuth = { AskForToken: 0, Denied: 1, Accepted: 2 } as const;

/** The two frames without address: a server asks, a client answers. */
export const HOCUSPOCUS_PING = Uint8Array.of(9);
export const HOCUSPOCUS_PONG = Uint8Array.of(10);

/** A frame, taken apart. */
export type HocuspocusFrame =
  | { readonly kind: 'pong' }
  | (Address & { readonly kind: 'message'; readonly message: AddressedMessage });

/**
 * Takes a frame of a Hocuspocus client apart. It carries one message; what comes behind that is ignored, as newer versions
 * append fields.
 *
 * @throws HeadwaterError `HW_FRAME_MALFORMED` for an empty frame, a length past the end, text that is no UTF-8, a sync or auth
 * kind that does not exist, an address over 1,152 bytes (every answer bears it)
 */
export function decodeHocuspocusFrame(frame: Uint8Array): HocuspocusFrame {
  const reader = new ByteReader(frame, 'HW_FRAME_MALFORMED', 'frame');
  if (frame.length === 1 && frame[0] === HOCUSPOCUS_PONG[0]) return { kind: 'pong' };
  return { kind: 'message', ...readAddress(reader), message: readAddressedMessage(reader) };
}

/**
 * Whether the first frame of a connection is a Hocuspocus provider's. A y-websocket client begins with a SyncStep1, whose first
 * byte is 0, where a provider has the length of an address. Others may begin with another message of y-websocket: what reads as
 * such to the last byte is one.
 */
export function isHocuspocusHello(frame: Uint8Array): boolean {
  if (frame[0] === undefined || frame[0] === MessageType.Sync || isYWebsocketFrame(frame)) return false;
  try {
    const hello = decodeHocuspocusFrame(frame);
    return hello.kind === 'message' && hello.documentName.trim() !== '' && hello.message.kind !== 'unknown';
  } catch {
    return false;
  }
}

function isYWebsocketFrame(frame: Uint8Array): boolean {
  try {
    return decodeFrame(frame).every(({ kind }) => kind !== 'unknown');
  } catch {
    return false;
  }
}
