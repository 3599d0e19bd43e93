import * as encoding from 'lib0/encoding';
import { clientFrame } from './frames.ts';

/**
 * The two ways to say which document is meant: stock `y-websocket` clients name it in the URL, those of Hocuspocus in
 * front of every message, after they have shown a token for it.
 */
export type Dialect = 'y-websocket' | 'hocuspocus';

/** Of Hocuspocus' messages, the one about access; and its kinds: the client's token, and the server's consent. */
const AUTH = 2;
const TOKEN = 0;
const AUTHENTICATED = 2;

/** A document as a client has to address it. */
export class DocumentAddress {
  /** Path of the URL to connect to. */
  readonly urlPath: string;
  /** What stands in front of every message, in both directions. */
  readonly prefix: Uint8Array;
  /** Sent before anything else; the server's answer to it lets the conversation begin. */
  readonly introduction: Buffer | undefined;

  /** @param path - the document's name with a slash in front */
  constructor(path: string, dialect: Dialect = 'y-websocket') {
    const isNamedInUrl = dialect === 'y-websocket';
    this.urlPath = isNamedInUrl ? path : '/';
    this.prefix = isNamedInUrl
      ? new Uint8Array(0)
      : encoding.encode((encoder) => {
          encoding.writeVarString(encoder, path.slice(1));
        });
    this.introduction = isNamedInUrl ? undefined : this.frame(tokenMessage());
  }

  /** A message as a finished frame of a client. */
  frame(message: Uint8Array): Buffer {
    if (this.prefix.length === 0) return clientFrame(message);
    const addressed = new Uint8Array(this.prefix.length + message.length);
    addressed.set(this.prefix);
    addressed.set(message, this.prefix.length);
    return clientFrame(addressed);
  }

  /** Whether a message of the server (its part behind the prefix) says that the token is accepted. */
  isWelcome(bytes: Uint8Array, start: number): boolean {
    return this.introduction !== undefined && bytes[start] === AUTH && bytes[start + 1] === AUTHENTICATED;
  }
}

function tokenMessage(): Uint8Array {
  return encoding.encode((encoder) => {
    encoding.writeVarUint(encoder, AUTH);
    encoding.writeVarUint(encoder, TOKEN);
    encoding.writeVarString(encoder, 'a token');
  });
}
