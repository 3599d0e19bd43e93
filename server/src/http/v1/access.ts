import { createHash, timingSafeEqual } from 'node:crypto';
import type { IncomingHttpHeaders } from 'node:http';
import { isIP } from 'node:net';
import { HeadwaterError } from '@headwater/protocol';

/** What there is to know of who asks. */
export interface Asker {
  /** The other end of the socket; `undefined` when that is gone. */
  readonly remoteAddress: string | undefined;
  readonly headers: IncomingHttpHeaders;
}

/** To whom something is open, see the option `api`. */
export interface AccessRule {
  readonly scope: 'local' | 'on' | 'off';
  /** Empty: none is needed. */
  readonly token: string;
  /**
   * Where it is open to this machine only: what programs of the server's own user find in its data directory. A proxy on this
   * machine looks like this machine, and may not say whom it speaks for; it does not know the secret.
   */
  readonly secret?: string | undefined;
  /** Whether a program on this machine needs no secret: in development. */
  readonly isOpenLocally?: boolean | undefined;
}

/** A proxy on this machine connects from loopback, whoever is behind it; these give it away. */
const FORWARDING = ['forwarded', 'x-forwarded-for', 'x-forwarded-host', 'x-forwarded-proto', 'x-real-ip', 'via'];

/**
 * Lets in whom the rule means, and says no to everybody else.
 *
 * @throws HW_API_REFUSED, HW_API_TOKEN_WRONG
 */
export function admit({ scope, token, secret, isOpenLocally = true }: AccessRule, asker: Asker): void {
  if (scope === 'off') throw new HeadwaterError('HW_API_REFUSED', 'the API of this server is off');
  if (secret !== undefined && bears(asker, secret)) return;
  if (scope === 'local' && !isLocal(asker)) {
    throw new HeadwaterError('HW_API_REFUSED', 'the API of this server is for its own machine only (option "api")');
  }
  if (scope === 'local' && !isOpenLocally && token === '') {
    const problem =
      'in production the API answers the commands of this machine, and with option "apiToken" whoever has the token';
    throw new HeadwaterError('HW_API_REFUSED', problem);
  }
  if (token !== '' && !bears(asker, token)) {
    throw new HeadwaterError(
      'HW_API_TOKEN_WRONG',
      'this needs "Authorization: Bearer" with the apiToken of the server',
    );
  }
}

/**
 * Whether somebody on this machine asks, by a name of this machine. The name counts because a web page may have its own
 * name point at 127.0.0.1, and its browser then asks on behalf of whoever made the page (DNS rebinding).
 */
export function isLocal({ remoteAddress, headers }: Asker): boolean {
  if (remoteAddress === undefined || !isLoopbackAddress(remoteAddress)) return false;
  if (FORWARDING.some((name) => headers[name] !== undefined)) return false;
  // A page from elsewhere has a browser here ask for it; a link that somebody followed is another thing.
  if (headers['sec-fetch-site'] === 'cross-site' && headers['sec-fetch-mode'] !== 'navigate') return false;
  return isLoopbackName(hostNameOf(headers.host ?? ''));
}

/** Whether a host that is listened on can only be reached from this machine. */
export function isLoopbackName(host: string): boolean {
  return host === 'localhost' || host.endsWith('.localhost') || isLoopbackAddress(host);
}

function isLoopbackAddress(address: string): boolean {
  const v4 = address.startsWith('::ffff:') ? address.slice('::ffff:'.length) : address;
  return (isIP(v4) === 4 && v4.startsWith('127.')) || address === '::1';
}

/** Without the port, and without the brackets of IPv6. */
function hostNameOf(host: string): string {
  const [, v6, name] = /^(?:\[([^\]]*)\]|([^:]*))(?::\d+)?$/.exec(host.toLowerCase()) ?? [];
  return v6 ?? name ?? '';
}

/** Takes the same time wherever the tokens differ, and whatever their lengths. */
function bears({ headers }: Asker, token: string): boolean {
  const [, given] = /^bearer +(.*)$/i.exec(headers.authorization ?? '') ?? [];
  return given !== undefined && timingSafeEqual(digest(given), digest(token));
}

function digest(text: string): Buffer {
  return createHash('sha256').update(text).digest();
}
