import * as decoding from 'lib0/decoding';
import * as encoding from 'lib0/encoding';
import { decodeRecord, encodeRecord, readMany } from '../value-format.ts';
import type { AttributedRange, KeyFrameInfo, NamedVersion } from './history-store.ts';
import type { Retention } from './retention-policy.ts';

/** Formats of the values of a history that are no chunks, as `RECORD_FORMATS` has them for all others. */
export const HISTORY_FORMATS = { keyFrame: 1, version: 1, attribution: 1, retention: 1 };

/** A key frame without its body. Its sequence is in the key. */
export interface KeyFrameHeader extends Omit<KeyFrameInfo, 'storedBytes'> {
  /** Length of what lies in its parts, and its CRC-32. */
  readonly packedBytes: number;
  readonly checksum: number;
}

export function encodeKeyFrameHeader(header: KeyFrameHeader): Uint8Array {
  return encodeRecord(HISTORY_FORMATS.keyFrame, (encoder) => {
    encoding.writeVarUint(encoder, header.timeMs);
    encoding.writeVarUint(encoder, header.bytes);
    encoding.writeVarUint(encoder, header.packedBytes);
    encoding.writeVarUint(encoder, header.checksum);
    encoding.writeVarUint(encoder, header.authors.length);
    for (const author of header.authors) encoding.writeVarString(encoder, author);
  });
}

export function decodeKeyFrameHeader(bytes: Uint8Array, sequence: number): KeyFrameHeader {
  return decodeRecord(bytes, HISTORY_FORMATS.keyFrame, (decoder) => ({
    sequence,
    timeMs: decoding.readVarUint(decoder),
    bytes: decoding.readVarUint(decoder),
    packedBytes: decoding.readVarUint(decoder),
    checksum: decoding.readVarUint(decoder),
    authors: readMany(decoder, () => decoding.readVarString(decoder)),
  }));
}

export function encodeVersion(version: NamedVersion): Uint8Array {
  return encodeRecord(HISTORY_FORMATS.version, (encoder) => {
    encoding.writeVarString(encoder, version.id);
    encoding.writeVarString(encoder, version.label);
    encoding.writeVarString(encoder, version.author);
    encoding.writeVarUint(encoder, version.createdMs);
    encoding.writeVarUint(encoder, version.sequence);
  });
}

export function decodeVersion(bytes: Uint8Array): NamedVersion {
  return decodeRecord(bytes, HISTORY_FORMATS.version, (decoder) => ({
    id: decoding.readVarString(decoder),
    label: decoding.readVarString(decoder),
    author: decoding.readVarString(decoder),
    createdMs: decoding.readVarUint(decoder),
    sequence: decoding.readVarUint(decoder),
  }));
}

/** Each author once; times as differences. */
export function encodeAttribution(ranges: readonly AttributedRange[]): Uint8Array {
  const authors = [...new Set(ranges.map(({ author }) => author))];
  const indexes = new Map(authors.map((author, index) => [author, index]));
  return encodeRecord(HISTORY_FORMATS.attribution, (encoder) => {
    encoding.writeVarUint(encoder, authors.length);
    for (const author of authors) encoding.writeVarString(encoder, author);
    encoding.writeVarUint(encoder, ranges.length);
    let before = 0;
    for (const { client, clock, length, author, timeMs } of ranges) {
      encoding.writeVarUint(encoder, client);
      encoding.writeVarUint(encoder, clock);
      encoding.writeVarUint(encoder, length);
      encoding.writeVarUint(encoder, indexes.get(author) ?? 0);
      encoding.writeVarInt(encoder, timeMs - before);
      before = timeMs;
    }
  });
}

export function decodeAttribution(bytes: Uint8Array): readonly AttributedRange[] {
  return decodeRecord(bytes, HISTORY_FORMATS.attribution, (decoder) => {
    const authors = readMany(decoder, () => decoding.readVarString(decoder));
    let timeMs = 0;
    return readMany(decoder, () => {
      const client = decoding.readVarUint(decoder);
      const clock = decoding.readVarUint(decoder);
      const length = decoding.readVarUint(decoder);
      const author = authors[decoding.readVarUint(decoder)];
      if (author === undefined) throw new Error('range of an unknown author');
      timeMs += decoding.readVarInt(decoder);
      return { client, clock, length, author, timeMs };
    });
  });
}

export function encodeRetention(retention: Retention): Uint8Array {
  return encodeRecord(HISTORY_FORMATS.retention, (encoder) => {
    encoding.writeVarString(encoder, JSON.stringify(retention));
  });
}

export function decodeRetention(bytes: Uint8Array): Retention {
  return decodeRecord(bytes, HISTORY_FORMATS.retention, (decoder) => JSON.parse(decoding.readVarString(decoder)));
}
