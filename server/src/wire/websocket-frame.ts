/**
 * Server-to-client WebSocket frames, written by hand so that one finished buffer can go to every socket
 * (RFC 6455 §5.2: FIN and opcode, then a 7, 16 or 64 bit length; the server does not mask).
 *
 * Writing beside `ws` on the same socket is sound because `ws` hands whole frames to the socket synchronously as long
 * as per-message compression is off, and it always is here.
 */

const FIN_BINARY = 0x82;
const FIN_PING = 0x89;

/** Bytes of the header of a binary frame with this payload. */
export function binaryHeaderLength(payloadLength: number): number {
  if (payloadLength < 126) return 2;
  return payloadLength < 65_536 ? 4 : 10;
}

/** Writes the header of a binary frame; returns the offset behind it. */
export function writeBinaryHeader(target: Buffer, offset: number, payloadLength: number): number {
  target[offset] = FIN_BINARY;
  if (payloadLength < 126) {
    target[offset + 1] = payloadLength;
    return offset + 2;
  }
  if (payloadLength < 65_536) {
    target[offset + 1] = 126;
    target.writeUInt16BE(payloadLength, offset + 2);
    return offset + 4;
  }
  target[offset + 1] = 127;
  target.writeUInt32BE(Math.floor(payloadLength / 2 ** 32), offset + 2);
  target.writeUInt32BE(payloadLength >>> 0, offset + 6);
  return offset + 10;
}

/** A ping without payload. */
export const PING_FRAME: Uint8Array = Uint8Array.of(FIN_PING, 0);

/** The payloads of finished frames as they are written here: whole, binary, unmasked. */
export function* framePayloads(buffers: readonly Uint8Array[]): Generator<Uint8Array, void, undefined> {
  const bytes = Buffer.concat(buffers);
  for (let at = 0; at < bytes.length; ) {
    const short = bytes.readUInt8(at + 1);
    let start = at + 2;
    let length = short;
    if (short === 126) {
      length = bytes.readUInt16BE(start);
      start += 2;
    } else if (short === 127) {
      length = Number(bytes.readBigUInt64BE(start));
      start += 8;
    }
    at = start + length;
    yield bytes.subarray(start, at);
  }
}
