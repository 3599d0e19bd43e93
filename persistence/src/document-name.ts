import { HeadwaterError } from '@headwater/protocol';

/** The longest document name, in bytes of UTF-8. */
export const MAX_DOCUMENT_NAME_BYTES = 1024;

/** Half of a surrogate pair: with the `u` flag a whole pair is one character and does not match. */
const LONE_SURROGATE = /\p{Surrogate}/u;

/**
 * Refuses what is no document name, with one line why.
 *
 * @throws HW_NAME_INVALID for an empty name, one over {@link MAX_DOCUMENT_NAME_BYTES}, or one with NUL or a lone surrogate
 */
export function checkDocumentName(documentName: string): void {
  encodeDocumentName(documentName);
}

/**
 * A document name as the bytes a store orders and keys it by. The rules for names are here and nowhere else.
 *
 * Lone surrogates are refused because UTF-8 has no form for them: two different names would become one document. NUL,
 * because it ends a name for much that is written in C, an argument of a command among it.
 *
 * @throws HW_NAME_INVALID for an empty name, one over {@link MAX_DOCUMENT_NAME_BYTES}, or one with NUL or a lone surrogate
 *
 * @example
 * ```ts
 * encodeDocumentName('notes/😀').byteLength; // 10
 * ```
 */
export function encodeDocumentName(documentName: string): Uint8Array {
  if (documentName.length === 0) throw invalid('must not be empty');
  // Cheap before exact: a UTF-16 unit is at least one byte, so a huge name is not searched or encoded just to be measured.
  if (documentName.length > MAX_DOCUMENT_NAME_BYTES) throw tooLong();
  if (documentName.includes('\0')) throw invalid('must not contain a NUL character');
  if (LONE_SURROGATE.test(documentName)) throw invalid('must not contain half a surrogate pair');
  const bytes = new TextEncoder().encode(documentName);
  if (bytes.byteLength > MAX_DOCUMENT_NAME_BYTES) throw tooLong();
  return bytes;
}

function tooLong(): HeadwaterError {
  return invalid(`must be at most ${MAX_DOCUMENT_NAME_BYTES} bytes of UTF-8`);
}

function invalid(rule: string): HeadwaterError {
  return new HeadwaterError('HW_NAME_INVALID', `a document name ${rule}`);
}
