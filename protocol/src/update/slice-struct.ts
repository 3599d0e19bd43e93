import { ByteReader } from '../byte-reader.ts';
import { ByteWriter } from '../byte-writer.ts';
import { StructRef, skipAnyValue, skipJsonValue } from './scan-content.ts';
import { skipString } from './skip.ts';

const HAS_ORIGIN = 0x80;
const HAS_RIGHT_ORIGIN = 0x40;
const HAS_PARENT_KEY = 0x20;
const REF = 0x1f;

/** UTF-8 of U+FFFD, which Yjs puts in place of a surrogate pair that was cut in two. */
const REPLACEMENT = Uint8Array.of(0xef, 0xbf, 0xbd);

/**
 * The struct at `at` without its first `offset` clocks, as Yjs encodes it: its origin becomes the clock before the cut.
 *
 * Yjs could be left to find out that it knows the beginning. But it then trusts the struct about where it lives, and throws in
 * the middle of a transaction when the part it knows has been garbage-collected and the struct names another parent.
 *
 * @param update - Checked before by `scanUpdate`.
 * @returns The bytes of the shortened struct, and the offset behind the original.
 */
export function sliceStruct(
  update: Uint8Array,
  at: number,
  clientId: number,
  clock: number,
  offset: number,
): { readonly bytes: Uint8Array; readonly behind: number } {
  const reader = new ByteReader(update, 'HW_UPDATE_MALFORMED', 'update');
  reader.pos = at;
  const writer = new ByteWriter();
  const info = reader.byte('struct');
  if (info === StructRef.GC) {
    writer.byte(info);
    writer.varUint(reader.varUint('struct length') - offset);
    return { bytes: writer.finish(), behind: reader.pos };
  }
  if ((info & HAS_ORIGIN) !== 0) skipId(reader);
  const rightOriginAt = reader.pos;
  if ((info & HAS_RIGHT_ORIGIN) !== 0) skipId(reader);
  const rightOrigin = update.subarray(rightOriginAt, reader.pos);
  if ((info & (HAS_ORIGIN | HAS_RIGHT_ORIGIN)) === 0) {
    if (reader.varUint('parent') === 1) skipString(reader, 'root name');
    else skipId(reader);
    if ((info & HAS_PARENT_KEY) !== 0) skipString(reader, 'parent key');
  }
  writer.byte(info | HAS_ORIGIN);
  writer.varUint(clientId);
  writer.varUint(clock + offset - 1);
  writer.raw(rightOrigin);
  sliceContent(reader, writer, info & REF, offset);
  return { bytes: writer.finish(), behind: reader.pos };
}

function skipId(reader: ByteReader): void {
  reader.varUint('client id');
  reader.varUint('clock');
}

function sliceContent(reader: ByteReader, writer: ByteWriter, ref: number, offset: number): void {
  switch (ref) {
    case StructRef.Deleted:
      writer.varUint(reader.varUint('deleted length') - offset);
      return;
    case StructRef.String:
      sliceText(reader.view('text'), writer, offset);
      return;
    case StructRef.Json:
      sliceValues(reader, writer, offset, skipJsonValue);
      return;
    case StructRef.Any:
      sliceValues(reader, writer, offset, skipAnyValue);
      return;
    default:
      // every other content takes one clock, which cannot be known in part
      reader.fail('content that cannot be cut');
  }
}

function sliceValues(reader: ByteReader, writer: ByteWriter, offset: number, skip: (reader: ByteReader) => void): void {
  const count = reader.varUint('number of values');
  for (let i = 0; i < offset; i++) skip(reader);
  const keptAt = reader.pos;
  for (let i = offset; i < count; i++) skip(reader);
  writer.varUint(count - offset);
  writer.raw(reader.bytes.subarray(keptAt, reader.pos));
}

/** Cuts UTF-8 text after a number of UTF-16 units. */
function sliceText(text: Uint8Array, writer: ByteWriter, offset: number): void {
  let units = 0;
  let pos = 0;
  while (units < offset) {
    const lead = text[pos] as number;
    pos += lead < 0x80 ? 1 : lead < 0xe0 ? 2 : lead < 0xf0 ? 3 : 4;
    units += lead < 0xf0 ? 1 : 2;
  }
  const isPairCut = units > offset;
  const kept = text.subarray(pos);
  writer.varUint(kept.length + (isPairCut ? REPLACEMENT.length : 0));
  if (isPairCut) writer.raw(REPLACEMENT);
  writer.raw(kept);
}
