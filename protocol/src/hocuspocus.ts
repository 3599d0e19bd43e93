import { ByteReader } from './byte-reader.ts';
import { type ClientMessage, decodeFrame, MessageType, readSync } from './messages.ts';

/**
 * First varUint behind the address in a frame of `@hocuspocus/provider` 4. These belong to Hocuspocus: never renumber.
 * 0 to 3 mean what they mean in y-websocket, but that clients send 2, too.
 */
export const HocuspocusType = {
  Sync: 0,
  Awareness: 1,
  Auth: 2,
  QueryAwareness: 3,
  SyncReply: 4,
  Stateless: 5,
  BroadcastStateless: 6,
  Close: 7,
  SyncStatus: 8,
} as const;

/** First varUint of an auth body: of a client's, and of a server's answers. */
export const HocuspocusAuth = { Token: 0, AskForToken: 0, Denied: 1, Accepted: 2 } as const;

/** The two frames without address: a server asks, a client answers. */
export const HOCUSPOCUS_PING = Uint8Array.of(9);
export const HOCUSPOCUS_PONG = Uint8Array.of(10);

/** One message of a Hocuspocus client about one document. Byte fields are views into the frame. */
export type HocuspocusMessage =
  | ClientMessage
  | { readonly kind: 'token'; readonly token: string }
  | { readonly kind: 'stateless'; readonly payload: string }
  | { readonly kind: 'close' };

/** A frame, taken apart. */
export type HocuspocusFrame =
  | { readonly kind: 'pong' }
  | {
      readonly kind: 'message';
      /** To be put in front of every answer, as it came: the document's name, and perhaps that of a session. */
      readonly address: string;
      readonly documentName: string;
      readonly message: HocuspocusMessage;
    };

/** A document's name takes 1,024 bytes; this leaves room for that of a session. */
const MAX_ADDRESS_BYTES = 1_024 + 128;

/** Between the document's name and that of a session, where a provider has `sessionAwareness` on. */
const SESSION_MARK = '\u0000';

const decoder = new TextDecoder('utf-8', { fatal: true, ignoreBOM: true });

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
  const address = readText(reader, 'address', MAX_ADDRESS_BYTES);
  const mark = address.indexOf(SESSION_MARK);
  const documentName = mark === -1 ? address : address.slice(0, mark);
  return { kind: 'message', address, documentName, message: readMessage(reader) };
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

function readMessage(reader: ByteReader): HocuspocusMessage {
  const type = reader.varUint('message type');
  switch (type) {
    case HocuspocusType.Sync:
      return readSync(reader);
    case HocuspocusType.Awareness:
      return { kind: 'awareness', update: reader.view('awareness update') };
    case HocuspocusType.Auth: {
      const at = reader.pos;
      if (reader.varUint('auth kind') !== HocuspocusAuth.Token) reader.fail('unknown auth kind', at);
      return { kind: 'token', token: readText(reader, 'token') };
    }
    case HocuspocusType.QueryAwareness:
      return { kind: 'query-awareness' };
    case HocuspocusType.Stateless:
      return { kind: 'stateless', payload: readText(reader, 'payload') };
    case HocuspocusType.Close:
      return { kind: 'close' };
    default:
      // among them what servers say to each other
      return { kind: 'unknown', type };
  }
}

function readText(reader: ByteReader, what: string, maxBytes = Number.POSITIVE_INFINITY): string {
  const at = reader.pos;
  const bytes = reader.view(what);
  if (bytes.length > maxBytes) reader.fail(`${what} is longer than ${maxBytes} bytes`, at);
  try {
    return decoder.decode(bytes);
  } catch {
    return reader.fail(`${what} is not UTF-8`, at);
  }
}
