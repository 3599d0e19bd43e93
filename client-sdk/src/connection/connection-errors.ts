import { type ErrorCode, HeadwaterError } from '@headwater/protocol';
import type { CloseInfo } from './web-socket.ts';

/** An error as the server calls it. Its code may be newer than this package. */
export function saidByServer(code: string, message: string): HeadwaterError {
  return new HeadwaterError(code as ErrorCode, message);
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
    `cannot connect to ${url}: is the address right, and the server running?${how} Trying again.`,
  );
}

export function silentServer(url: string): HeadwaterError {
  return new HeadwaterError(
    'HW_SERVER_INCOMPATIBLE',
    `${url} accepts connections and says nothing: is it a Headwater server? Trying again.`,
  );
}

export function incompatible(url: string, cause?: unknown): HeadwaterError {
  return new HeadwaterError(
    'HW_SERVER_INCOMPATIBLE',
    `${url} is no Headwater server, or an older one: give the address of one, without a document's name`,
    { cause },
  );
}

/** The server closed for good. Its reason is a code, a colon and what it is about. */
export function stoppedBy({ code, reason = '' }: CloseInfo): HeadwaterError {
  const [, name = 'HW_ACCESS_DENIED', what = reason] = /^(HW_\w+): (.*)$/s.exec(reason) ?? [];
  return saidByServer(name, `the server closed for good (${code}): ${what}`);
}
