/**
 * First varUint behind the address in what Headwater's own dialect adds to the messages of {@link AddressedType}: never
 * renumber, only append. The first four are about the connection, whose address is empty.
 */
export const HeadwaterType = {
  Hello: 64,
  Ping: 65,
  Pong: 66,
  Retry: 67,
  Granted: 68,
  Denied: 69,
  Saved: 70,
  Refused: 71,
} as const;

/** Bits of the flags of Granted. */
export const GrantedFlag = { ReadOnly: 1 } as const;

/** The address of what is about the connection. */
export const CONNECTION_ADDRESS = '';

/**
 * Whether the first frame of a connection is a Hello, and its client speaks Headwater's own dialect. Nobody else begins so: a
 * Hocuspocus address is never empty, and behind the 0 of y-websocket comes a 0, 1 or 2.
 */
export function isHeadwaterHello(frame: Uint8Array): boolean {
  return frame[0] === 0 && frame[1] === HeadwaterType.Hello;
}
