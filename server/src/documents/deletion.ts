import { HeadwaterError } from '@headwater/protocol';

/** What whoever has a document open, or asks for it, is told when it was deleted. */
export function documentDeleted(cause?: unknown): HeadwaterError {
  return new HeadwaterError('HW_DOCUMENT_DELETED', 'the document was deleted', { cause });
}

/** Whether the store says that a document was deleted, and that none may come after it. */
export function isDeletion(error: unknown): error is HeadwaterError {
  return error instanceof HeadwaterError && error.code === 'HW_DOCUMENT_DELETED';
}
