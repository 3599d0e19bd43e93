import { HeadwaterError } from '@headwater/protocol';

/** What whoever asks for a deleted document, or wants to write to it, is told by every store. */
export function documentDeleted(documentName: string, deletedMs: number): HeadwaterError {
  const when = new Date(deletedMs).toISOString();
  return new HeadwaterError(
    'HW_DOCUMENT_DELETED',
    `"${documentName}" was deleted at ${when}, and its name is not free`,
  );
}
