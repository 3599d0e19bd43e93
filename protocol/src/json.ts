import { utf8Decoder } from './utf8.ts';

/**
 * How deep arrays and objects may lie in each other. Parsers take any depth, but serializers recurse: a value of 10,000
 * brackets arrives in a document and then throws in everybody who has to encode that document.
 */
export const MAX_NESTING = 512;

/** The value of JSON bytes, or `undefined` (which no JSON means) when they are not JSON or too deep. */
export function parseJson(bytes: Uint8Array, start: number, end: number): unknown {
  if (isTooDeep(bytes, start, end)) return undefined;
  try {
    return JSON.parse(utf8Decoder.decode(bytes.subarray(start, end)));
  } catch {
    return undefined;
  }
}

/** Whether `bytes[start, end)` is exactly `text`, which must be ASCII. */
export function isAscii(bytes: Uint8Array, start: number, end: number, text: string): boolean {
  if (end - start !== text.length) return false;
  for (let i = 0; i < text.length; i++) if (bytes[start + i] !== text.charCodeAt(i)) return false;
  return true;
}

function isTooDeep(bytes: Uint8Array, start: number, end: number): boolean {
  if (end - start <= MAX_NESTING) return false;
  let depth = 0;
  let isInString = false;
  for (let pos = start; pos < end; pos++) {
    const byte = bytes[pos] as number;
    if (byte === 0x22) isInString = !isInString;
    // a backslash hides the character after it, and stands in strings only
    else if (byte === 0x5c) pos++;
    else if (isInString) continue;
    else if (byte === 0x5b || byte === 0x7b) {
      if (++depth > MAX_NESTING) return true;
    } else if (byte === 0x5d || byte === 0x7d) depth--;
  }
  return false;
}
