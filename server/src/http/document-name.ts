import { checkDocumentName } from '@headwater/persistence';
import { HeadwaterError } from '@headwater/protocol';

/**
 * The document a request path names: everything behind the first slash, percent-decoded, without the query. A name is
 * a key, never a path: `..` and `a/b` are names like any other.
 *
 * @returns `undefined` for the bare path, which names none
 * @throws HW_NAME_INVALID with one line why
 */
export function documentNameOf(requestTarget: string): string | undefined {
  const path = requestTarget.split('?', 1)[0] ?? '';
  if (path === '' || path === '/') return undefined;
  if (!path.startsWith('/')) throw invalid('the request path must start with "/"');
  let documentName: string;
  try {
    documentName = decodeURIComponent(path.slice(1));
  } catch {
    throw invalid('the document name is not valid percent-encoded UTF-8');
  }
  checkDocumentName(documentName);
  return documentName;
}

function invalid(why: string): HeadwaterError {
  return new HeadwaterError('HW_NAME_INVALID', why);
}
