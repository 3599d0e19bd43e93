import { HeadwaterError } from '@headwater/protocol';

/** Longest document name, in bytes of UTF-8. */
export const MAX_NAME_BYTES = 1024;

/**
 * The document a request path names: everything behind the first slash, percent-decoded, without the query. A name is
 * a key, never a path: `..` and `a/b` are names like any other.
 *
 * @throws HW_NAME_INVALID with one line why
 */
export function documentNameOf(requestTarget: string): string {
  const path = requestTarget.split('?', 1)[0] ?? '';
  if (!path.startsWith('/')) throw invalid('the request path must start with "/"');
  let name: string;
  try {
    name = decodeURIComponent(path.slice(1));
  } catch {
    throw invalid('the document name is not valid percent-encoded UTF-8');
  }
  if (name === '') throw invalid('the document name is empty: connect to /NAME');
  if (name.includes('\0')) throw invalid('the document name contains a NUL character');
  if (Buffer.byteLength(name) > MAX_NAME_BYTES) {
    throw invalid(`the document name is longer than ${MAX_NAME_BYTES} bytes`);
  }
  return name;
}

function invalid(why: string): HeadwaterError {
  return new HeadwaterError('HW_NAME_INVALID', why);
}
