import type { IncomingHttpHeaders } from 'node:http';
import { HeadwaterError } from '@headwater/protocol';

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
}

/**
 * Decides who may have a document. Throw to refuse: the message is told to the client, so put nothing secret into it.
 *
 * @example
 * ```ts
 * const authenticate: Authenticate = async ({ token, documentName }) => {
 *   const { user, documents } = await verify(token);
 *   if (!documents.includes(documentName)) throw new Error('not one of your documents');
 *   return { user };
 * };
 * ```
 */
export type Authenticate = (request: AccessRequest) => Access | Promise<Access>;

/** Asks, if there is somebody to ask. @throws HW_ACCESS_DENIED with what was thrown */
export async function accessOf(authenticate: Authenticate | undefined, request: AccessRequest): Promise<Access> {
  if (authenticate === undefined) return {};
  try {
    return await authenticate(request);
  } catch (cause) {
    const why = cause instanceof Error && cause.message !== '' ? cause.message : 'access denied';
    throw new HeadwaterError('HW_ACCESS_DENIED', why, { cause });
  }
}
