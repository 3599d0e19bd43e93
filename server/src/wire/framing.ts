/** The messages a server sends that consist of a few leading bytes and a body. */
export type OutgoingKind = 'sync-step-1' | 'sync-step-2' | 'update' | 'awareness';

/**
 * How one family of clients frames messages. Everything a document sends is leading bytes (WebSocket header, address,
 * message type, length) followed by a body that is the same for all families, so that a snapshot of megabytes goes
 * out as it lies and only the leading bytes are made.
 */
export interface Framing {
  readonly name: string;
  /** Whether many sessions have it, so that frames made with it are worth keeping. */
  readonly isShared: boolean;
  /** Leading bytes of a message whose body has this length. */
  prefixLength(kind: OutgoingKind, bodyLength: number): number;
  /** Writes them; returns the offset behind them. */
  writePrefix(target: Buffer, offset: number, kind: OutgoingKind, bodyLength: number): number;
}

/** A body below this is copied behind its leading bytes; a larger one is written as it lies. */
const COPY_BELOW_BYTES = 16 * 1024;

/** One message as buffers to be written one after another. */
export function frameMessage(framing: Framing, kind: OutgoingKind, body: Uint8Array): Uint8Array[] {
  const prefixLength = framing.prefixLength(kind, body.length);
  if (body.length >= COPY_BELOW_BYTES) {
    const prefix = Buffer.allocUnsafe(prefixLength);
    framing.writePrefix(prefix, 0, kind, body.length);
    return [prefix, body];
  }
  const buffer = Buffer.allocUnsafe(prefixLength + body.length);
  buffer.set(body, framing.writePrefix(buffer, 0, kind, body.length));
  return [buffer];
}

/** Several updates as one buffer, and each update as a view of it (so that the tail keeps no second copy). */
export function frameUpdates(
  framing: Framing,
  updates: readonly Uint8Array[],
): { readonly buffer: Buffer; readonly views: readonly Uint8Array[] } {
  let length = 0;
  for (const update of updates) length += framing.prefixLength('update', update.length) + update.length;

  const buffer = Buffer.allocUnsafe(length);
  const views: Uint8Array[] = [];
  let offset = 0;
  for (const update of updates) {
    offset = framing.writePrefix(buffer, offset, 'update', update.length);
    buffer.set(update, offset);
    views.push(buffer.subarray(offset, offset + update.length));
    offset += update.length;
  }
  return { buffer, views };
}
