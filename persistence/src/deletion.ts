import { HeadwaterError } from '@headwater/protocol';

/**
 * Whether the name of a document may become free.
 *
 * @param deletedMs - when the document was deleted
 * @throws HW_DOCUMENT_EXISTS while there is one, HW_DOCUMENT_DELETED when it was deleted too short a time ago
 */
export function checkNameMayBeFree(
  documentName: string,
  { exists, deletedMs }: { readonly exists: boolean; readonly deletedMs: number | undefined },
  deletedForMs: number,
  nowMs: number,
): void {
  if (deletedForMs === 0) return;
  if (exists) {
    const then = `delete it first, and make its name free ${seconds(deletedForMs)} later`;
    throw new HeadwaterError('HW_DOCUMENT_EXISTS', `"${documentName}" is there: ${then}`);
  }
  const leftMs = deletedMs === undefined ? 0 : deletedMs + deletedForMs - nowMs;
  if (leftMs <= 0) return;
  throw new HeadwaterError(
    'HW_DOCUMENT_DELETED',
    `"${documentName}" was deleted just now, and may be in the memory of an instance: make its name free in ${seconds(leftMs)}`,
  );
}

/** What whoever asks for a deleted document, or wants to write to it, is told by every store. */
export function documentDeleted(documentName: string, deletedMs: number): HeadwaterError {
  const when = new Date(deletedMs).toISOString();
  return new HeadwaterError(
    'HW_DOCUMENT_DELETED',
    `"${documentName}" was deleted at ${when}, and its name is not free`,
  );
}

function seconds(ms: number): string {
  return `${Math.ceil(ms / 1_000)} s`;
}
