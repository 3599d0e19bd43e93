import type { HeadwaterError, RetryHint } from '@headwater/protocol';
import type { Authenticate, Visitor } from '../access/access.ts';
import type { Reauthentication } from '../access/reauthentication.ts';
import type { OnStateless } from '../access/stateless.ts';
import type { DocumentRegistry } from '../documents/registry.ts';
import type { Logger } from '../logging/logger.ts';
import type { ResolvedServerOptions } from '../options.ts';

/** What one family of clients says over a connection, and which sessions it has there. */
export interface Dialect {
  /** The document, for the log; `undefined` while there is none, or more than one. */
  readonly documentName: string | undefined;
  /** Whether it has a session. A connection that goes without one for a minute is closed. */
  readonly hasSession: boolean;
  /** A finished ping and a message that changes nothing: what an idle client needs to know that we are there. */
  readonly heartbeat: Uint8Array;

  /** Does what a frame says. @throws HeadwaterError when it ends the connection */
  handle(frame: Uint8Array): void;

  /** What its client is told before a connection is closed that it may come back to, if it understands such. */
  farewell?(hint: RetryHint): Uint8Array;

  /** The connection was full and has sent everything. */
  drained(): void;

  /** The client was not heard for too long: nobody is to see it any more. */
  silence(): void;

  /** The connection is gone, or about to go. */
  leave(): void;
}

/** A connection, as its dialect sees it. */
export interface Link {
  /** Names the connection in the log of its documents. */
  readonly author: string;
  readonly visitor: Visitor;

  /** Whether it holds as many unsent bytes as it may. */
  readonly isFull: boolean;

  /** See `Session.send`. */
  send(buffers: readonly Uint8Array[]): boolean;

  close(error: HeadwaterError): void;

  /** Whether its client answers right now; resolves within a few seconds. */
  isResponsive(): Promise<boolean>;

  /** Begins to handle frames. */
  release(): void;
}

/** What a dialect needs of the house around it. */
export interface DialectSurroundings {
  readonly registry: DocumentRegistry;
  readonly authenticate: Authenticate | undefined;
  /** Where there is somebody to ask. */
  readonly reauthentication: Reauthentication | undefined;
  readonly onStateless: OnStateless | undefined;
  readonly options: ResolvedServerOptions;
  readonly logger: Logger;
  /** Milliseconds since the epoch. */
  readonly now: () => number;
}
