import { MessageType } from '@headwater/protocol';
import type { Framing, OutgoingKind } from './framing.ts';
import { binaryHeaderLength, writeBinaryHeader } from './websocket-frame.ts';

const SYNC_KIND = { 'sync-step-1': 0, 'sync-step-2': 1, update: 2 } as const;

/** A payload as a finished WebSocket frame. */
export function finishedFrame(payload: Uint8Array): Buffer {
  const buffer = Buffer.allocUnsafe(binaryHeaderLength(payload.length) + payload.length);
  buffer.set(payload, writeBinaryHeader(buffer, 0, payload.length));
  return buffer;
}

/** One message per WebSocket frame: perhaps an address, the message type, the sync kind where there is one, the body. */
export class MessageFraming implements Framing {
  readonly name: string;
  readonly isShared: boolean;
  readonly #address: Uint8Array;

  /** @param isShared - whether many sessions have it, so that frames made with it are worth keeping */
  constructor(name: string, address: Uint8Array, isShared: boolean) {
    this.name = name;
    this.#address = address;
    this.isShared = isShared;
  }

  prefixLength(kind: OutgoingKind, bodyLength: number): number {
    const head = this.#headLength(kind, bodyLength);
    return binaryHeaderLength(head + bodyLength) + head;
  }

  writePrefix(target: Buffer, offset: number, kind: OutgoingKind, bodyLength: number): number {
    let at = writeBinaryHeader(target, offset, this.#headLength(kind, bodyLength) + bodyLength);
    for (let i = 0; i < this.#address.length; i++) target[at++] = this.#address[i] as number;
    if (kind === 'awareness') {
      target[at++] = MessageType.Awareness;
    } else {
      target[at++] = MessageType.Sync;
      target[at++] = SYNC_KIND[kind];
    }
    return writeVarUint(target, at, bodyLength);
  }

  #headLength(kind: OutgoingKind, bodyLength: number): number {
    return this.#address.length + (kind === 'awareness' ? 1 : 2) + varUintLength(bodyLength);
  }
}

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
