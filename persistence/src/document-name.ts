import { HeadwaterError } from '@headwater/protocol';

/** The longest document name, in bytes of UTF-8. */
export const MAX_DOCUMENT_NAME_BYTES = 1024;

/** Half of a surrogate pair: with the `u` flag a whole pair is one character and does not match. */
const LONE_SURROGATE = /\p{Surrogate}/u;

/**
 * A document name as the bytes a store orders and keys it by.
 *
 * Lone surrogates are refused because UTF-8 has no form for them: two different names would become one document.
 *
 * @throws HW_NAME_INVALID for an empty name, one over {@link MAX_DOCUMENT_NAME_BYTES}, or one with a lone surrogate
 *
 * @example
 * ```ts
 * encodeDocumentName('notes/😀').byteLength; // 10
 * ```
 */
export function encodeDocumentName(documentName: string): Uint8Array {
  if (documentName.length === 0) throw new HeadwaterError('HW_NAME_INVALID', 'a document name must not be empty');
  // Cheap before exact: a UTF-16 unit is at least one byte, so a huge name is not encoded just to be measured.
  if (documentName.length <= MAX_DOCUMENT_NAME_BYTES && !LONE_SURROGATE.test(documentName)) {
    const bytes = new TextEncoder().encode(documentName);
    if (bytes.byteLength <= MAX_DOCUMENT_NAME_BYTES) return bytes;
  }
  throw new HeadwaterError(
    'HW_NAME_INVALID',
    LONE_SURROGATE.test(documentName)
      ? 'a document name must not contain half a surrogate pair'
      : `a document name must be at most ${MAX_DOCUMENT_NAME_BYTES} bytes of UTF-8`,
  );
}
