import { crc32 } from 'node:zlib';
import {
  attributionRange,
  chunkRange,
  chunkRecordsKey,
  keyFrameKey,
  keyFramePartRange,
  keyFrameRange,
  logRange,
  numberOfKey,
  retentionKey,
  snapshotPartRange,
  versionRange,
} from '../level-keys.ts';
import { corruptDocument, decode, type LevelView } from '../level-view.ts';
import type { LogRecord } from '../log-record.ts';
import { decodeLogRecord } from '../record-codec.ts';
import { unpackBody } from '../snapshot-body.ts';
import { type ChunkHeader, decodeChunkHeader, decodeChunkRecords, readRecords } from './chunk-codec.ts';
import {
  decodeAttribution,
  decodeKeyFrameHeader,
  decodeRetention,
  decodeVersion,
  type KeyFrameHeader,
} from './history-codec.ts';
import type { AttributedRange, HistoryOutline, KeyFrame, NamedVersion, RecordBlock } from './history-store.ts';
import type { Retention } from './retention-policy.ts';

/** Records of the tail in one block, at most; and bytes, unless a single record has more. */
const BLOCK_RECORDS = 2_000;
const BLOCK_BYTES = 1024 * 1024;

const KEEP_EVERYTHING: Retention = {
  keepAllMs: Number.MAX_SAFE_INTEGER,
  tiers: [],
  maxBytes: Number.MAX_SAFE_INTEGER,
};

/** Reads the history of documents from one read view. */
export class LevelHistoryReader {
  readonly #view: LevelView;

  constructor(view: LevelView) {
    this.#view = view;
  }

  async outline(documentName: string, storeRetention: Retention): Promise<HistoryOutline | undefined> {
    const record = await this.#view.record(documentName);
    if (record === undefined) return undefined;
    const { id } = record;
    const header = await this.#view.snapshotHeader(documentName, id);
    const snapshotSequence = header?.sequence ?? 0;
    const [sequence, chunks, keyFrames, versions, retention] = await Promise.all([
      this.#view.lastSequence(id, snapshotSequence),
      this.chunks(documentName, id),
      this.keyFrames(id),
      this.versions(id),
      this.ownRetention(id),
    ]);
    return {
      sequence,
      snapshotSequence,
      snapshotStoredBytes: header?.packedBytes ?? 0,
      spans: chunks.map(({ after, last, records, firstMs, lastMs, bytes, packedBytes }) => ({
        after,
        last,
        records,
        firstMs,
        lastMs,
        bytes,
        storedBytes: packedBytes,
      })),
      keyFrames: keyFrames.map(({ sequence: at, timeMs, authors, bytes, packedBytes }) => ({
        sequence: at,
        timeMs,
        authors,
        bytes,
        storedBytes: packedBytes,
      })),
      versions,
      retention: retention ?? storeRetention,
      hasOwnRetention: retention !== undefined,
    };
  }

  /** The next records after a sequence: of one chunk, or of the tail. */
  async block(documentName: string, after: number, upTo: number): Promise<RecordBlock | undefined> {
    const record = await this.#view.record(documentName);
    if (record === undefined || after >= upTo) return undefined;
    const { id } = record;
    const [chunk] = await this.chunks(documentName, id, after + 1, 1);
    if (chunk === undefined) return this.#tailBlock(documentName, id, after, upTo);
    if (chunk.after >= upTo) return undefined;
    const records = await this.chunkRecords(documentName, id, chunk);
    return {
      after: Math.max(after, chunk.after),
      last: Math.min(upTo, chunk.last),
      records: records.filter(({ sequence }) => sequence > after && sequence <= upTo),
    };
  }

  async keyFrame(documentName: string, sequence: number): Promise<KeyFrame | undefined> {
    const record = await this.#view.record(documentName);
    if (record === undefined) return undefined;
    const { id } = record;
    const snapshot = await this.#view.snapshotHeader(documentName, id);
    if (snapshot !== undefined && snapshot.sequence === sequence) {
      const { packedBytes, updateBytes: bytes } = snapshot;
      const [chunk] = await this.chunks(documentName, id, sequence, 1);
      const timeMs = chunk?.last === sequence ? chunk.lastMs : snapshot.timeMs;
      const body = { documentName, what: 'the snapshot', range: snapshotPartRange(id), packedBytes, bytes };
      return { sequence, timeMs, authors: [], update: await this.#view.body(body) };
    }
    const value = await this.#view.get(keyFrameKey(id, sequence));
    if (value === undefined) return undefined;
    const what = `key frame ${sequence}`;
    const header = decode(documentName, what, () => decodeKeyFrameHeader(value, sequence));
    const { timeMs, authors } = header;
    const update = await this.#view.body({ documentName, what, range: keyFramePartRange(id, sequence), ...header });
    return { sequence, timeMs, authors, update };
  }

  async attribution(documentName: string): Promise<readonly AttributedRange[]> {
    const record = await this.#view.record(documentName);
    if (record === undefined) return [];
    const entries = await this.#view.entries(attributionRange(record.id));
    return entries.flatMap(([, value]) => decode(documentName, 'its attribution', () => decodeAttribution(value)));
  }

  /** Headers of the chunks with records from `firstSequence` on: those that can be read. */
  async chunks(
    documentName: string,
    id: number,
    firstSequence = 0,
    limit = Number.POSITIVE_INFINITY,
  ): Promise<readonly ChunkHeader[]> {
    const entries = await this.#view.entries({ ...chunkRange(id, firstSequence), ...limited(limit) });
    const chunks = entries.flatMap(([key, value]) => chunkHeader(key, value) ?? []);
    const last = entries.at(-1);
    if (chunks.length > 0 || last === undefined) return chunks;
    return this.chunks(documentName, id, numberOfKey(last[0]) + 1, limit);
  }

  async lastChunk(id: number): Promise<ChunkHeader | undefined> {
    const [entry] = await this.#view.entries({ ...chunkRange(id), reverse: true, limit: 1 });
    return entry && chunkHeader(...entry);
  }

  /** @throws HW_STORE_CORRUPT */
  async chunkRecords(documentName: string, id: number, chunk: ChunkHeader): Promise<readonly LogRecord[]> {
    const what = `history of records ${chunk.after + 1} to ${chunk.last}`;
    const value = await this.#view.get(chunkRecordsKey(id, chunk.last));
    if (value === undefined) throw corruptDocument(documentName, `the ${what} is missing`);
    const packed = decode(documentName, what, () => decodeChunkRecords(value));
    if (crc32(packed) !== chunk.checksum) throw corruptDocument(documentName, `the ${what} has another checksum`);
    try {
      return readRecords(await unpackBody(packed, chunk.rawBytes));
    } catch (cause) {
      throw corruptDocument(documentName, `the ${what} cannot be unpacked: ${(cause as Error).message}`, cause);
    }
  }

  /** Those whose header can be read: one that cannot is done without, as one with a damaged body is. */
  async keyFrames(id: number): Promise<readonly KeyFrameHeader[]> {
    const entries = await this.#view.entries(keyFrameRange(id));
    return entries.flatMap(([key, value]) => ifDecodes(() => decodeKeyFrameHeader(value, numberOfKey(key))) ?? []);
  }

  async versions(id: number): Promise<readonly NamedVersion[]> {
    const entries = await this.#view.entries(versionRange(id));
    return entries
      .flatMap(([, value]) => ifDecodes(() => decodeVersion(value)) ?? [])
      .sort((a, b) => a.sequence - b.sequence || a.createdMs - b.createdMs);
  }

  /** One that cannot be read may have been to keep more than the store's does: then everything is kept. */
  async ownRetention(id: number): Promise<Retention | undefined> {
    const value = await this.#view.get(retentionKey(id));
    return value && (ifDecodes(() => decodeRetention(value)) ?? KEEP_EVERYTHING);
  }

  async #tailBlock(documentName: string, id: number, after: number, upTo: number): Promise<RecordBlock | undefined> {
    const header = await this.#view.snapshotHeader(documentName, id);
    const start = Math.max(after, header?.sequence ?? 0);
    if (start >= upTo) return undefined;
    const records: LogRecord[] = [];
    let bytes = 0;
    const range = { gte: logRange(id, start + 1).gte, lt: logRange(id).lt, limit: BLOCK_RECORDS };
    for await (const page of this.#view.pages(range)) {
      for (const [key, value] of page) {
        const sequence = numberOfKey(key);
        bytes += value.byteLength;
        if (sequence > upTo || (records.length > 0 && bytes > BLOCK_BYTES)) break;
        records.push(decode(documentName, `log record ${sequence}`, () => decodeLogRecord(value, sequence)));
      }
      if (bytes > BLOCK_BYTES) break;
    }
    const last = records.at(-1)?.sequence;
    return last === undefined ? undefined : { after: start, last, records };
  }
}

function chunkHeader(key: Uint8Array, value: Uint8Array): ChunkHeader | undefined {
  return ifDecodes(() => decodeChunkHeader(value, numberOfKey(key)));
}

/** What is damaged here is done without, so that it costs nothing else. */
function ifDecodes<T>(decodeIt: () => T): T | undefined {
  try {
    return decodeIt();
  } catch {
    return undefined;
  }
}

function limited(limit: number): { limit?: number } {
  return Number.isFinite(limit) ? { limit } : {};
}
