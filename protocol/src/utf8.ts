/** As lib0 decodes: broken sequences are refused, and a byte order mark is a character like any other. */
export const utf8Decoder = new TextDecoder('utf-8', { fatal: true, ignoreBOM: true });

export const utf8Encoder = new TextEncoder();

/**
 * The length in UTF-16 units of the text in `bytes[start, end)`, or -1 where `TextDecoder` in fatal mode would throw:
 * stray and missing continuation bytes, overlong forms, surrogates, anything past U+10FFFF.
 *
 * Counting beats decoding: a keystroke costs no string, and a pasted page no copy.
 */
export function utf16Length(bytes: Uint8Array, start: number, end: number): number {
  let units = end - start;
  let pos = start;
  while (pos < end) {
    const lead = bytes[pos++] as number;
    if (lead < 0x80) continue;
    if (lead < 0xc2 || lead > 0xf4 || pos >= end) return -1;
    const second = bytes[pos++] as number;
    if (lead < 0xe0) {
      if ((second & 0xc0) !== 0x80) return -1;
      units -= 1;
      continue;
    }
    if (!isSecondByte(lead, second) || pos >= end || !isContinuation(bytes[pos++] as number)) return -1;
    units -= 2;
    // three bytes are one unit and four are two, so both take two off
    if (lead >= 0xf0 && (pos >= end || !isContinuation(bytes[pos++] as number))) return -1;
  }
  return units;
}

function isContinuation(byte: number): boolean {
  return (byte & 0xc0) === 0x80;
}

/** The second byte of a long sequence is where overlong forms, surrogates and too large code points show. */
function isSecondByte(lead: number, second: number): boolean {
  if (lead === 0xe0) return second >= 0xa0 && second <= 0xbf;
  if (lead === 0xed) return second >= 0x80 && second <= 0x9f;
  if (lead === 0xf0) return second >= 0x90 && second <= 0xbf;
  if (lead === 0xf4) return second >= 0x80 && second <= 0x8f;
  return isContinuation(second);
}
