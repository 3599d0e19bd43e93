import type { ByteReader } from '../byte-reader.ts';
import { isAscii, MAX_NESTING, parseJson } from '../json.ts';
import { skipString, skipVarInt } from './skip.ts';

/** Low five bits of a struct's info byte. */
export const StructRef = {
  GC: 0,
  Deleted: 1,
  Json: 2,
  Binary: 3,
  String: 4,
  Embed: 5,
  Format: 6,
  Type: 7,
  Any: 8,
  Doc: 9,
  Skip: 10,
} as const;

/** Type refs: array, map, text, XML element (with a name), XML fragment, XML hook (with a name), XML text. */
const LAST_TYPE_REF = 6;
const NAMED_TYPE_REFS: readonly number[] = [3, 5];

/** Tags of lib0's `any` encoding. */
const AnyTag = { Bytes: 116, Array: 117, Object: 118, String: 119, Integer: 125 } as const;
const FIXED_ANY_SIZES: Readonly<Record<number, number>> = { 120: 0, 121: 0, 122: 8, 123: 8, 124: 4, 126: 0, 127: 0 };

/**
 * Steps over the content of an item and returns how many clocks it takes, which may be 0 where Yjs would read an empty
 * content. Everything that Yjs decodes here is checked: an update is applied by many, long after its author has gone.
 */
export function skipContent(reader: ByteReader, ref: number, infoAt: number): number {
  switch (ref) {
    case StructRef.String:
      return skipString(reader, 'text');
    case StructRef.Deleted:
      return reader.varUint('deleted length');
    case StructRef.Json:
      return skipJsonValues(reader);
    case StructRef.Any:
      return skipAnyValues(reader);
    case StructRef.Binary:
      reader.skip(reader.varUint('binary length'), 'binary');
      return 1;
    case StructRef.Embed:
      skipJson(reader, 'embed');
      return 1;
    case StructRef.Format:
      skipString(reader, 'format key');
      skipJson(reader, 'format value');
      return 1;
    case StructRef.Type:
      skipType(reader);
      return 1;
    case StructRef.Doc:
      skipString(reader, 'subdocument guid');
      skipDocOptions(reader);
      return 1;
    default:
      return reader.fail('unknown content', infoAt);
  }
}

/** One value of a JSON content, in which Yjs spells `undefined` as it is in JavaScript. */
export function skipJsonValue(reader: ByteReader): void {
  skipJson(reader, 'JSON value', 'undefined');
}

function skipJsonValues(reader: ByteReader): number {
  const count = reader.count('number of JSON values', 2);
  for (let i = 0; i < count; i++) skipJsonValue(reader);
  return count;
}

function skipJson(reader: ByteReader, what: string, alsoAllowed?: string): void {
  const at = reader.pos;
  const length = reader.varUint(what);
  const start = reader.pos;
  reader.skip(length, what);
  // a third of all formats are ends of a format, which are null
  if (isAscii(reader.bytes, start, reader.pos, 'null')) return;
  if (alsoAllowed !== undefined && isAscii(reader.bytes, start, reader.pos, alsoAllowed)) return;
  if (parseJson(reader.bytes, start, reader.pos) === undefined) reader.fail(`${what} is not JSON`, at);
}

function skipType(reader: ByteReader): void {
  const at = reader.pos;
  const ref = reader.varUint('type');
  if (ref > LAST_TYPE_REF) reader.fail('unknown type', at);
  if (NAMED_TYPE_REFS.includes(ref)) skipString(reader, 'type name');
}

/**
 * Yjs spreads these options into `new Y.Doc`, so they must be an object (`opts.shouldLoad` of null throws), and two keys that
 * no Yjs writes are refused: `guid` would replace the guid (and throws at every encode when it is no string), and `gcFilter`
 * would be called.
 */
function skipDocOptions(reader: ByteReader): void {
  const at = reader.pos;
  if (reader.byte('subdocument options') !== AnyTag.Object) reader.fail('subdocument options are no object', at);
  skipObject(reader, 1, ['guid', 'gcFilter']);
}

function skipAnyValues(reader: ByteReader): number {
  const count = reader.count('number of values', 1);
  for (let i = 0; i < count; i++) skipAny(reader, 0);
  return count;
}

/** One value in lib0's `any` encoding. */
export function skipAnyValue(reader: ByteReader): void {
  skipAny(reader, 0);
}

function skipAny(reader: ByteReader, depth: number): void {
  const at = reader.pos;
  if (depth > MAX_NESTING) reader.fail('value is nested too deep', at);
  const tag = reader.byte('value');
  switch (tag) {
    case AnyTag.String:
      skipString(reader, 'string value');
      return;
    case AnyTag.Integer:
      skipVarInt(reader, 'integer value');
      return;
    case AnyTag.Object:
      skipObject(reader, depth + 1, []);
      return;
    case AnyTag.Array: {
      const count = reader.count('array length', 1);
      for (let i = 0; i < count; i++) skipAny(reader, depth + 1);
      return;
    }
    case AnyTag.Bytes:
      reader.skip(reader.varUint('bytes length'), 'bytes value');
      return;
    default: {
      const size = FIXED_ANY_SIZES[tag];
      if (size === undefined) reader.fail('unknown kind of value', at);
      reader.skip(size, 'value');
    }
  }
}

function skipObject(reader: ByteReader, depth: number, refusedKeys: readonly string[]): void {
  const count = reader.count('number of keys', 2);
  for (let i = 0; i < count; i++) {
    const at = reader.pos;
    skipString(reader, 'key');
    const { bytes, stringStart, pos } = reader;
    for (const key of refusedKeys) {
      if (isAscii(bytes, stringStart, pos, key)) reader.fail('key is not allowed here', at);
    }
    // lib0 sets the prototype with this one, and an object that inherits from a Uint8Array throws whenever it is encoded
    if (bytes[pos] === AnyTag.Bytes && isAscii(bytes, stringStart, pos, '__proto__')) {
      reader.fail('bytes cannot be a prototype', at);
    }
    skipAny(reader, depth);
  }
}
