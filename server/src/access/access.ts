import type { IncomingHttpHeaders } from 'node:http';
import { HeadwaterError } from '@headwater/protocol';
import { isUnreachable } from './unreachable.ts';

/** Who is at the other end of a connection, as far as its upgrade said. */
export interface Visitor {
  readonly headers: IncomingHttpHeaders;
  /** The query of the URL it connected to. */
  readonly parameters: URLSearchParams;
  readonly remoteAddress: string | undefined;
}

/** Somebody asks for a document. */
export interface AccessRequest extends Visitor {
  readonly documentName: string;
  /** What a Hocuspocus provider was given as `token`, or a y-websocket provider as `params.token`. */
  readonly token: string | undefined;
}

/** What somebody may do. */
export interface Access {
  /** Who it is: the author of their edits. @defaultValue a random name for each connection */
  readonly user?: string | undefined;
  /** Gets the document and everybody's edits, has a presence, and cannot edit. @defaultValue `false` */
  readonly isReadOnly?: boolean | undefined;
  /**
   * When this ends, in milliseconds since the epoch: a client that has not brought another token by then is out. A y-websocket client
   * is disconnected, and comes back with the parameters it has then. @defaultValue never
   */
  readonly expiresAt?: number | undefined;
}

/**
 * Decides who may have a document. Throw to refuse: the message is told to the client, so put nothing secret into it. Throw
 * a `HeadwaterError` of code `HW_ACCESS_UNDECIDED` when it cannot be decided now: the client comes back. An error that says that
 * somebody could not be reached (`fetch` that failed, ECONNREFUSED, a timeout) counts as that.
 *
 * Asked when a session begins, when its client brings another token, and again with the last one after `reauthenticate`, at whichever
 * instance, and when that may have been missed because Redis was away. Who is in stays so as long as it cannot be decided anew.
 *
 * @example
 * ```ts
 * const authenticate: Authenticate = async ({ token, documentName }) => {
 *   const { user, documents, expiresAt } = await verify(token);
 *   if (!documents.includes(documentName)) throw new Error('not one of your documents');
 *   return { user, expiresAt };
 * };
 * ```
 */
export type Authenticate = (request: AccessRequest) => Access | Promise<Access>;

/** Access, with nothing left out. */
export interface Granted {
  readonly user: string | undefined;
  readonly isReadOnly: boolean;
  /** In milliseconds since the epoch; `undefined`: never. */
  readonly expiresAt: number | undefined;
}

/**
 * Asks, if there is somebody to ask.
 *
 * @throws HW_ACCESS_DENIED with what was thrown, HW_ACCESS_UNDECIDED, HW_TOKEN_EXPIRED when what is granted is over already
 */
export async function accessOf(
  authenticate: Authenticate | undefined,
  request: AccessRequest,
  now: () => number,
): Promise<Granted> {
  if (authenticate === undefined) return { user: undefined, isReadOnly: false, expiresAt: undefined };
  let access: Granted;
  try {
    access = granted(await authenticate(request));
  } catch (cause) {
    if (cause instanceof HeadwaterError && cause.code === 'HW_ACCESS_UNDECIDED') throw cause;
    if (isUnreachable(cause)) {
      throw new HeadwaterError('HW_ACCESS_UNDECIDED', 'it cannot be decided at present who may have this', { cause });
    }
    const why = cause instanceof Error && cause.message !== '' ? cause.message : 'access denied';
    throw new HeadwaterError('HW_ACCESS_DENIED', why, { cause });
  }
  if (access.expiresAt !== undefined && access.expiresAt <= now()) throw tokenExpired();
  return access;
}

/** What an application in plain JavaScript gives may be anything, and a number for a user must not reach the log. */
function granted({ user, isReadOnly = false, expiresAt }: Access): Granted {
  const isName = user === undefined || (typeof user === 'string' && user !== '');
  const isTime = expiresAt === undefined || Number.isFinite(expiresAt);
  if (isName && isTime && typeof isReadOnly === 'boolean') return { user, isReadOnly, expiresAt };
  throw new Error(
    'authenticate has to give { user?: a string, isReadOnly?: true or false, expiresAt?: milliseconds since the epoch }',
  );
}

/** What a client is told whose token has ended. */
export function tokenExpired(): HeadwaterError {
  return new HeadwaterError('HW_TOKEN_EXPIRED', 'the token has expired: bring a new one');
}
