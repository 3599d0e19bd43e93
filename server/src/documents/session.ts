import type { HeadwaterError } from '@headwater/protocol';
import type { Framing } from '../wire/framing.ts';

/**
 * One client's view of one document, as the document sees it. The connection behind it may be a WebSocket, may carry
 * other sessions, or may be a test.
 */
export interface Session {
  /** Who its edits are attributed to: the verified user when there is one, else the connection. */
  readonly author: string;
  readonly framing: Framing;
  /** Whether its edits are refused. */
  readonly isReadOnly: boolean;

  /**
   * Hands buffers to the connection, in order, never waiting.
   *
   * @returns false once the connection holds more unsent bytes than it may: send nothing further until the
   * document is told that it drained
   */
  send(buffers: readonly Uint8Array[]): boolean;

  /**
   * The next `count` updates of this session, in the order they were received, are fsynced: in the log record with this
   * number, unless they brought nothing new.
   */
  acknowledge(count: number, sequence: number | undefined): void;

  /** An update of this session was not taken up: it may not edit. */
  refuse(): void;

  /** Sends text that is no part of the document, to a client that knows such. */
  stateless?(payload: string): void;

  /** Ends the session and says why: with the close code of the error, where that ends its connection. */
  close(error: HeadwaterError): void;

  /** Whether its client answers right now; resolves within a few seconds. */
  isResponsive(): Promise<boolean>;
}
