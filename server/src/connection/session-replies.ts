import type { HeadwaterError } from '@headwater/protocol';
import type { Granted } from '../access/access.ts';

/** A message that is an edit. */
export type EditKind = 'update' | 'sync-step-2';

/**
 * What the client of a session is told beside what its document sends: the part of a dialect in which it differs from the
 * others with addresses.
 */
export interface SessionReplies {
  /** Its token was accepted. */
  granted(access: Granted): void;

  /** It has to bring another token soon. */
  expiresSoon(): void;

  /** Whether this can be said about one document; else it ends the connection, and its client comes back. */
  canDeny(error: HeadwaterError): boolean;

  /** Its token was not accepted, or the document cannot be had. */
  denied(error: HeadwaterError): void;

  /** It sent a SyncStep1. @returns whether it counts on being asked for what it has */
  asked(): boolean;

  /** An edit is about to be taken up; it will be saved, or is refused at once. */
  received(kind: EditKind): void;

  /** Edits that came while it may not, or before it was let in, are not looked at. */
  dropped?(count: number): void;

  /** The oldest `count` edits that were received are on disk. */
  saved(count: number): void;

  /** The edit received last is not taken up. @throws the error, when that ends the connection */
  refused(error: HeadwaterError): void;

  /** The connection was full and has room again. */
  drained(): void;
}
