/** What is used of a WebSocket: that of browsers and that of `ws` both have it. */
export interface WebSocketLike {
  binaryType: string;
  readonly readyState: number;
  readonly bufferedAmount: number;
  addEventListener(type: 'open', listener: () => void): void;
  addEventListener(type: 'message', listener: (event: { readonly data: unknown }) => void): void;
  addEventListener(type: 'error', listener: (event: unknown) => void): void;
  addEventListener(type: 'close', listener: (event: CloseInfo) => void): void;
  send(data: Uint8Array<ArrayBuffer>): void;
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
