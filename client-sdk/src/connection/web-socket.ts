/** What is used of a WebSocket: that of browsers and that of `ws` both have it. */
export interface WebSocketLike {
  binaryType: string;
  readonly readyState: number;
  readonly bufferedAmount: number;
  /** Once messages can be sent. */
  addEventListener(type: 'open', listener: () => void): void;
  /** With every message; its data is an `ArrayBuffer`. */
  addEventListener(type: 'message', listener: (event: { readonly data: unknown }) => void): void;
  /** When something failed; the end comes next, and the reason is in the console. */
  addEventListener(type: 'error', listener: (event: unknown) => void): void;
  /** Once it is over. */
  addEventListener(type: 'close', listener: (event: CloseInfo) => void): void;
  /** Sends one binary message, or keeps it until the network takes it. */
  send(data: Uint8Array<ArrayBuffer>): void;
  /** Ends it; `close` follows. */
  close(code?: number, reason?: string): void;
}

/** A class of WebSockets. */
export type WebSocketClass = new (url: string, protocols?: string[]) => WebSocketLike;

/** How a connection ended, as far as we look at it; some polyfills leave the fields out. */
export interface CloseInfo {
  readonly code?: number | undefined;
  readonly reason?: string | undefined;
}

/** `readyState` of one that can be written to: the classes of some polyfills lack the constant. */
export const WEB_SOCKET_OPEN = 1;
