/** What the network, or a process with too many files open, says instead of an answer. */
const CODES: ReadonlySet<string> = new Set(
  (
    'ECONNREFUSED ECONNRESET ECONNABORTED EPIPE ETIMEDOUT ENOTFOUND EAI_AGAIN ' +
    'EHOSTUNREACH EHOSTDOWN ENETUNREACH ENETDOWN EMFILE ENFILE'
  ).split(' '),
);
/** What an `AbortSignal` ends a request with. */
const NAMES: ReadonlySet<string> = new Set(['AbortError', 'TimeoutError']);
/** `fetch` says what it failed of as a cause; nobody wraps an error more often than this. */
const MAX_CAUSES = 5;

/**
 * Whether an error says that somebody could not be asked, in which case it says nothing about the question. Any other error of
 * a program that was written to refuse by throwing is a refusal, also a mistake in it: `user.mayRead` of a user who does not exist.
 */
export function isUnreachable(error: unknown): boolean {
  let each = error;
  for (let depth = 0; depth < MAX_CAUSES && each instanceof Error; depth++) {
    const code = 'code' in each ? each.code : undefined;
    if (NAMES.has(each.name)) return true;
    if (typeof code === 'string' && (CODES.has(code) || code.startsWith('UND_ERR_'))) return true;
    each = each.cause;
  }
  return false;
}
