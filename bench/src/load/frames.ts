import { randomBytes } from 'node:crypto';

/** The WebSocket opcodes the harness meets (RFC 6455, 5.2). */
export const Opcode = { Continuation: 0, Text: 1, Binary: 2, Close: 8, Ping: 9, Pong: 10 } as const;

const FIN = 0x80;
const MASKED = 0x80;

/** Writes the length field of a frame header at `offset` and returns where the header goes on. */
function writeLength(header: Buffer, length: number, maskBit: number): number {
  if (length < 126) {
    header[1] = maskBit | length;
    return 2;
  }
  if (length < 65_536) {
    header[1] = maskBit | 126;
    header.writeUInt16BE(length, 2);
    return 4;
  }
  header[1] = maskBit | 127;
  header.writeBigUInt64BE(BigInt(length), 2);
  return 10;
}

/** Bytes of a frame header without a mask for a payload of `length` bytes. */
const headerBytes = (length: number): number => (length < 126 ? 2 : length < 65_536 ? 4 : 10);

/** A whole unmasked frame, as a server sends it. */
export function serverFrame(payload: Uint8Array, opcode: number = Opcode.Binary): Buffer {
  const header = headerBytes(payload.length);
  const frame = Buffer.allocUnsafe(header + payload.length);
  frame[0] = FIN | opcode;
  writeLength(frame, payload.length, 0);
  frame.set(payload, header);
  return frame;
}

/**
 * A whole masked frame, as a client sends it. The mask is random and not zero: servers skip the work of unmasking a
 * zero mask, and a benchmark must not spare them what every browser makes them do.
 */
export function clientFrame(payload: Uint8Array, opcode: number = Opcode.Binary): Buffer {
  const header = headerBytes(payload.length);
  const frame = Buffer.allocUnsafe(header + 4 + payload.length);
  frame[0] = FIN | opcode;
  writeLength(frame, payload.length, MASKED);
  const mask = randomMask();
  frame.set(mask, header);
  const body = header + 4;
  for (let i = 0; i < payload.length; i++) frame[body + i] = (payload[i] ?? 0) ^ (mask[i & 3] ?? 0);
  return frame;
}

let pool = Buffer.alloc(0);
let poolAt = 0;

function randomMask(): Buffer {
  if (poolAt + 4 > pool.length) {
    pool = randomBytes(4096);
    poolAt = 0;
  }
  const mask = pool.subarray(poolAt, poolAt + 4);
  poolAt += 4;
  return mask[0] === 0 ? randomMask() : mask;
}
