import { KEEP_ALIVE, MessageType } from '@headwater/protocol';
import type { Framing, OutgoingKind } from './framing.ts';
import { binaryHeaderLength, PING_FRAME, writeBinaryHeader } from './websocket-frame.ts';

const SYNC_KIND = { 'sync-step-1': 0, 'sync-step-2': 1, update: 2 } as const;

function varUintLength(value: number): number {
  let length = 1;
  for (let rest = value; rest >= 128; rest = Math.floor(rest / 128)) length++;
  return length;
}

function writeVarUint(target: Buffer, offset: number, value: number): number {
  let at = offset;
  let rest = value;
  for (; rest >= 128; rest = Math.floor(rest / 128)) target[at++] = (rest % 128) | 128;
  target[at++] = rest;
  return at;
}

/** Message type, sync kind where there is one, and the length of the body. */
function messageHeadLength(kind: OutgoingKind, bodyLength: number): number {
  return (kind === 'awareness' ? 1 : 2) + varUintLength(bodyLength);
}

function finished(payload: Uint8Array): Buffer {
  const buffer = Buffer.allocUnsafe(binaryHeaderLength(payload.length) + payload.length);
  buffer.set(payload, writeBinaryHeader(buffer, 0, payload.length));
  return buffer;
}

/** Stock `y-websocket`: one message per WebSocket frame, no address (docs/protocol.md, "Framing"). */
export const yWebsocketFraming: Framing = {
  name: 'y-websocket',

  prefixLength(kind, bodyLength) {
    const head = messageHeadLength(kind, bodyLength);
    return binaryHeaderLength(head + bodyLength) + head;
  },

  writePrefix(target, offset, kind, bodyLength) {
    let at = writeBinaryHeader(target, offset, messageHeadLength(kind, bodyLength) + bodyLength);
    if (kind === 'awareness') {
      target[at++] = MessageType.Awareness;
    } else {
      target[at++] = MessageType.Sync;
      target[at++] = SYNC_KIND[kind];
    }
    return writeVarUint(target, at, bodyLength);
  },

  // A stock client does not count pings: 30 s without a message and it reconnects, so an empty awareness goes along.
  heartbeat: Buffer.concat([PING_FRAME, finished(KEEP_ALIVE)]),

  acknowledgement: () => undefined,
};
