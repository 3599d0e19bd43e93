import { ERROR_CODES, type ErrorCode, HeadwaterError } from '@headwater/protocol';
import type { CloseInfo } from './web-socket.ts';

/** What the server calls its error, as far as this package knows it. */
export function knownCode(code: string | undefined, otherwise: ErrorCode): ErrorCode {
  return code !== undefined && Object.hasOwn(ERROR_CODES, code) ? (code as ErrorCode) : otherwise;
}

export function undialable(url: string, cause: unknown): HeadwaterError {
  const why = cause instanceof Error ? cause.message : String(cause);
  return new HeadwaterError(
    'HW_OPTIONS_INVALID',
    `url: no WebSocket opens to ${url}: ${why}; a page from https: needs wss:`,
    { cause },
  );
}

export function unreachable(url: string, { code, reason }: CloseInfo): HeadwaterError {
  const how = code === undefined || code === 1006 ? '' : ` It closed with ${code}${reason ? `: ${reason}` : ''}.`;
  return new HeadwaterError(
    'HW_SERVER_UNREACHABLE',
    `cannot connect to ${url}: is the address right, and the server running?${how} Trying on.`,
  );
}

export function silentServer(url: string): HeadwaterError {
  return new HeadwaterError(
    'HW_SERVER_INCOMPATIBLE',
    `${url} accepts connections and says nothing: is it a Headwater server? Trying on.`,
  );
}

export function incompatible(url: string, cause?: unknown): HeadwaterError {
  return new HeadwaterError(
    'HW_SERVER_INCOMPATIBLE',
    `${url} is no Headwater server, or an older one: give the address of one, without a document's name`,
    { cause },
  );
}

/** The server closed for good. Its reason begins with a code. */
export function stoppedBy({ code, reason = '' }: CloseInfo): HeadwaterError {
  const [name, ...what] = reason.split(': ');
  const explained = what.length > 0 ? what.join(': ') : reason;
  return new HeadwaterError(knownCode(name, 'HW_ACCESS_DENIED'), `the server closed for good (${code}): ${explained}`);
}
