import { ByteReader } from './byte-reader.ts';

/** First varUint of every y-websocket message. These belong to y-protocols: never renumber, only append. */
export const MessageType = { Sync: 0, Awareness: 1, Auth: 2, QueryAwareness: 3 } as const;

/** First varUint of a sync body. */
export const SyncKind = { Step1: 0, Step2: 1, Update: 2 } as const;

/**
 * The version of everything this package puts on a wire. A change of any golden byte in `messages.test.ts` or `headwater.test.ts` asks for a new
 * number and a line in the history table of `docs/protocol.md`.
 */
export const PROTOCOL_VERSION = 2;

/** Messages in one frame. Clients send one; a frame of a million one-byte questions must not become a million objects. */
export const MAX_MESSAGES_PER_FRAME = 1_024;

/** A message with which documents are brought to the same state. */
export type SyncMessage =
  | { readonly kind: 'sync-step-1'; readonly stateVector: Uint8Array }
  | { readonly kind: 'sync-step-2' | 'update'; readonly update: Uint8Array };

/** One message of a client. Byte fields are views into the frame. */
export type ClientMessage =
  | SyncMessage
  | { readonly kind: 'awareness'; readonly update: Uint8Array }
  | { readonly kind: 'query-awareness' }
  /** A type we do not speak: its length is unknown, so it is the last message of its frame. Ignore it, as clients do. */
  | { readonly kind: 'unknown'; readonly type: number };

/** An update without structs and deletions. Do not write into it. */
export const EMPTY_UPDATE = Uint8Array.of(0, 0);

/** The state vector of a document without content. Do not write into it. */
export const EMPTY_STATE_VECTOR = Uint8Array.of(0);

/** An awareness message about nobody: keeps a stock client, which closes after 30 s of silence, connected. */
export const KEEP_ALIVE = Uint8Array.of(MessageType.Awareness, 1, 0);

/**
 * Takes a y-websocket frame apart. A frame may carry several messages, one after another.
 *
 * @returns At least one message; views into `frame`, no copies.
 * @throws HeadwaterError `HW_FRAME_MALFORMED` for an empty frame, a length past the end, a sync kind that does not exist,
 * more than {@link MAX_MESSAGES_PER_FRAME} messages.
 */
export function decodeFrame(frame: Uint8Array): ClientMessage[] {
  const reader = new ByteReader(frame, 'HW_FRAME_MALFORMED', 'frame');
  const messages: ClientMessage[] = [];
  do {
    if (messages.length === MAX_MESSAGES_PER_FRAME) reader.fail('too many messages');
    const type = reader.varUint('message type');
    switch (type) {
      case MessageType.Sync:
        messages.push(readSync(reader));
        break;
      case MessageType.Awareness:
        messages.push({ kind: 'awareness', update: reader.view('awareness update') });
        break;
      case MessageType.QueryAwareness:
        messages.push({ kind: 'query-awareness' });
        break;
      default:
        // includes Auth, which only servers send: a client that sends it is odd, not dangerous
        messages.push({ kind: 'unknown', type });
        return messages;
    }
  } while (reader.remaining > 0);
  return messages;
}

/** Reads a sync body: of y-protocols, and so the same for every family of clients. */
export function readSync(reader: ByteReader): SyncMessage {
  const at = reader.pos;
  const kind = reader.varUint('sync kind');
  switch (kind) {
    case SyncKind.Step1:
      return { kind: 'sync-step-1', stateVector: reader.view('state vector') };
    case SyncKind.Step2:
      return { kind: 'sync-step-2', update: reader.view('update') };
    case SyncKind.Update:
      return { kind: 'update', update: reader.view('update') };
    default:
      return reader.fail('unknown sync kind', at);
  }
}
