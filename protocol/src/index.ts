export { type AddressedMessage, addressOf, encodeAddressedMessage, type OutgoingMessage } from './addressed.ts';
export {
  type AwarenessEntry,
  decodeAwareness,
  encodeAwarenessUpdate,
  isNullState,
  MAX_AWARENESS_ENTRIES,
  validateState,
} from './awareness.ts';
export { ByteReader } from './byte-reader.ts';
export { ByteWriter } from './byte-writer.ts';
export {
  type ClientHello,
  decodeHeadwaterClientFrame,
  encodeClientHello,
  encodePing,
  type HeadwaterClientFrame,
} from './headwater/client-frames.ts';
export { isHeadwaterHello } from './headwater/message-type.ts';
export {
  decodeHeadwaterServerFrame,
  encodePong,
  encodeRetry,
  encodeServerHello,
  encodeServerMessage,
  type HeadwaterServerFrame,
  type HeadwaterServerMessage,
  type RetryHint,
  type ServerHello,
} from './headwater/server-frames.ts';

export { closeCodeOf, ERROR_CODES, type ErrorCode, HeadwaterError, isRetryable } from './headwater-error.ts';
export {
  decodeHocuspocusFrame,
  HOCUSPOCUS_PING,
  HOCUSPOCUS_PONG,
  HocuspocusAuth,
  type HocuspocusFrame,
  HocuspocusType,
  isHocuspocusHello,
} from './hocuspocus.ts';
export {
  type ClientMessage,
  decodeFrame,
  EMPTY_STATE_VECTOR,
  EMPTY_UPDATE,
  KEEP_ALIVE,
  MAX_MESSAGES_PER_FRAME,
  MessageType,
  PROTOCOL_VERSION,
  SyncKind,
  type SyncMessage,
} from './messages.ts';
export { type ClockRange, clockRangesOf } from './update/clock-ranges.ts';
export { MAX_UNSORTED_RANGES, updateOfDeleteSet } from './update/delete-set.ts';
export { deleteSetOf, diffUpdate } from './update/diff-update.ts';
export { joinUpdates } from './update/join-updates.ts';
export { type Admission, Knowledge } from './update/knowledge.ts';
export { covers, decodeStateVector, MAX_CLIENTS } from './update/state-vector.ts';
