import { crc32 } from 'node:zlib';
import { HeadwaterError } from '@headwater/protocol';
import {
  attributionKey,
  attributionRange,
  chunkKey,
  chunkRecordsKey,
  type KeyRange,
  keyFrameKey,
  keyFramePartKey,
  logRange,
  numberOfKey,
  retentionKey,
  snapshotPartRange,
  versionKey,
} from '../level-keys.ts';
import type { Operation } from '../level-open.ts';
import type { LevelView } from '../level-view.ts';
import { decodeLogRecord, encodeSnapshotParts, type SnapshotHeader, snapshotPartCount } from '../record-codec.ts';
import { packBody } from '../snapshot-body.ts';
import { type ChunkHeader, encodeChunkHeader, encodeChunkRecords } from './chunk-codec.ts';
import { CHUNK_BYTES, ChunkPacker } from './chunk-packer.ts';
import {
  encodeAttribution,
  encodeKeyFrameHeader,
  encodeRetention,
  encodeVersion,
  type KeyFrameHeader,
} from './history-codec.ts';
import type { HistoryChange, KeyFrame } from './history-store.ts';
import { isKeyFrameDue } from './key-frames.ts';
import type { LevelHistoryReader } from './level-history-reader.ts';
import type { Retention } from './retention-policy.ts';

/** A chunk with less than this is taken up into the next one, so that many small compactions make no many small chunks. */
const SMALL_CHUNK_BYTES = CHUNK_BYTES / 2;

/** A key frame whose body is packed. */
export type PackedKeyFrame = Omit<KeyFrame, 'update'> & { readonly bytes: number; readonly packed: Uint8Array };

/** What a compaction does to a document's history. */
export interface CompactionPlan {
  /** `undefined` when there is nothing to do. */
  readonly id: number | undefined;
  readonly operations: readonly Operation[];
  /** Bytes of the records that the compaction removes from the log. */
  readonly removedBytes: number;
}

const NOTHING: CompactionPlan = { id: undefined, operations: [], removedBytes: 0 };

interface SequenceRange {
  readonly after: number;
  readonly upTo: number;
}

/** Packs the bodies of key frames, before their change takes its place in the order of writes. */
export async function packKeyFrames(keyFrames: readonly KeyFrame[] = []): Promise<readonly PackedKeyFrame[]> {
  const copies = keyFrames.map((frame) => ({ ...frame, update: frame.update.slice() })); // callers reuse their buffers
  const all: PackedKeyFrame[] = [];
  for (const { update, ...rest } of copies) {
    all.push({ ...rest, bytes: update.byteLength, packed: await packBody(update) });
  }
  return all;
}

/** Turns what happens to a document's history into operations on keys. Reads one view, writes nothing. */
export class LevelHistoryWriter {
  readonly #view: LevelView;
  readonly #reader: LevelHistoryReader;

  constructor(view: LevelView, reader: LevelHistoryReader) {
    this.#view = view;
    this.#reader = reader;
  }

  /**
   * What a compaction adds: the records it takes out of the log, in chunks, and the snapshot it replaces, when that has to
   * become a key frame.
   */
  async compaction(documentName: string, upTo: number, storeRetention: Retention): Promise<CompactionPlan> {
    const record = await this.#view.record(documentName);
    if (record === undefined) return NOTHING;
    const { id } = record;
    const snapshot = await this.#view.snapshotHeader(documentName, id);
    const after = snapshot?.sequence ?? 0;
    if (upTo <= after) return NOTHING;
    const retention = (await this.#reader.ownRetention(id)) ?? storeRetention;
    if (retention === 'none') return { id, operations: [], removedBytes: await this.#bytesOf(id, { after, upTo }) };
    const keyFrames = await this.#reader.keyFrames(id);
    const retired = (snapshot && (await ifReadable(() => this.#retired(documentName, id, snapshot, keyFrames)))) ?? [];
    // Chunks end at key frames: what is read from one on holds nothing from before it, and what came since can be counted.
    const isChunkFinal = retired.length > 0 || keyFrames.some(({ sequence }) => sequence === after);
    const { operations, removedBytes } = await this.#recordsOf(documentName, id, { after, upTo }, isChunkFinal);
    return { id, operations: [...retired, ...operations], removedBytes };
  }

  /** @throws HW_DOCUMENT_UNKNOWN, HW_MOMENT_UNKNOWN */
  async change(
    documentName: string,
    change: HistoryChange,
    packed: readonly PackedKeyFrame[],
  ): Promise<readonly Operation[]> {
    const outline = await this.#reader.outline(documentName, 'none');
    const record = await this.#view.record(documentName);
    if (record === undefined || outline === undefined) {
      throw new HeadwaterError('HW_DOCUMENT_UNKNOWN', `there is no document "${documentName}"`);
    }
    if (change.whileSnapshot !== undefined && change.whileSnapshot !== outline.snapshotSequence) return [];
    const { id } = record;
    const operations: Operation[] = [];
    const frames = new Map(outline.keyFrames.map((frame) => [frame.sequence, frame.storedBytes]));

    for (const frame of packed) {
      if (frame.sequence > outline.sequence) {
        const problem = `"${documentName}" has ${outline.sequence} records, none of number ${frame.sequence}`;
        throw new HeadwaterError('HW_MOMENT_UNKNOWN', problem);
      }
      operations.push(...keyFrameOperations(id, frame, snapshotPartCount(frames.get(frame.sequence) ?? 0)));
      frames.set(frame.sequence, frame.packed.byteLength);
    }

    const versions = new Map(outline.versions.map((version) => [version.id, version]));
    for (const [versionId, label] of change.renameVersions ?? []) {
      const version = versions.get(versionId);
      if (version === undefined) continue;
      const renamed = { ...version, label };
      versions.set(versionId, renamed);
      operations.push({ type: 'put', key: versionKey(id, versionId), value: encodeVersion(renamed) });
    }
    for (const versionId of change.removeVersions ?? []) {
      versions.delete(versionId);
      operations.push({ type: 'del', key: versionKey(id, versionId) });
    }
    for (const version of change.addVersions ?? []) {
      if (!frames.has(version.sequence)) {
        const problem = `"${documentName}" has no key frame of record ${version.sequence} to name`;
        throw new HeadwaterError('HW_MOMENT_UNKNOWN', problem);
      }
      versions.set(version.id, version);
      operations.push({ type: 'put', key: versionKey(id, version.id), value: encodeVersion(version) });
    }

    const named = new Set([...versions.values()].map(({ sequence }) => sequence));
    for (const sequence of change.removeKeyFrames ?? []) {
      const storedBytes = frames.get(sequence);
      if (storedBytes === undefined || named.has(sequence)) continue;
      operations.push({ type: 'del', key: keyFrameKey(id, sequence) });
      for (let part = 0; part < snapshotPartCount(storedBytes); part += 1) {
        operations.push({ type: 'del', key: keyFramePartKey(id, sequence, part) });
      }
    }

    const through = change.removeRecordsThrough ?? 0;
    for (const { last } of outline.spans) {
      if (last <= through) operations.push(...chunkRemoval(id, last));
    }
    operations.push(...(await this.#attribution(id, change, through)));
    if (change.retention === null) operations.push({ type: 'del', key: retentionKey(id) });
    else if (change.retention !== undefined) {
      operations.push({ type: 'put', key: retentionKey(id), value: encodeRetention(change.retention) });
    }
    return operations;
  }

  async #attribution(
    id: number,
    { addAttribution = [], removeAttribution = false }: HistoryChange,
    through: number,
  ): Promise<readonly Operation[]> {
    const operations: Operation[] = [];
    if (removeAttribution) {
      for (const key of await this.#view.keys(attributionRange(id))) operations.push({ type: 'del', key });
    }
    if (addAttribution.length > 0) {
      operations.push({ type: 'put', key: attributionKey(id, through), value: encodeAttribution(addAttribution) });
    }
    return operations;
  }

  async #recordsOf(
    documentName: string,
    id: number,
    { after, upTo }: SequenceRange,
    isChunkFinal: boolean,
  ): Promise<{ operations: readonly Operation[]; removedBytes: number }> {
    const operations: Operation[] = [];
    let removedBytes = 0;
    const previous = await ifReadable(() => this.#reader.lastChunk(id));
    const packer = new ChunkPacker(after);
    const isSmall = previous?.last === after && previous.bytes < SMALL_CHUNK_BYTES;
    if (isSmall && !isChunkFinal) await this.#takeUp(documentName, id, previous, packer, operations);
    for await (const page of this.#view.pages(recordRange(id, { after, upTo }))) {
      for (const [key, value] of page) {
        const sequence = numberOfKey(key);
        removedBytes += key.byteLength + value.byteLength;
        const decoded = decodedOrLost(value, sequence);
        if (decoded === undefined) await packer.breakAt(sequence);
        else await packer.add(decoded);
      }
    }
    await packer.finish(upTo);
    for (const { header, packed } of packer.chunks) {
      operations.push(
        { type: 'put', key: chunkKey(id, header.last), value: encodeChunkHeader(header) },
        { type: 'put', key: chunkRecordsKey(id, header.last), value: encodeChunkRecords(packed) },
      );
    }
    return { operations, removedBytes };
  }

  async #bytesOf(id: number, range: SequenceRange): Promise<number> {
    let bytes = 0;
    for await (const page of this.#view.pages(recordRange(id, range))) {
      for (const [key, value] of page) bytes += key.byteLength + value.byteLength;
    }
    return bytes;
  }

  /** A small chunk goes and its records are packed again, with those that follow. A damaged one is left as it lies. */
  async #takeUp(
    documentName: string,
    id: number,
    chunk: ChunkHeader,
    packer: ChunkPacker,
    operations: Operation[],
  ): Promise<void> {
    const records = await ifReadable(() => this.#reader.chunkRecords(documentName, id, chunk));
    if (records === undefined) return;
    await packer.breakAt(chunk.after);
    for (const record of records) await packer.add(record);
    operations.push(...chunkRemoval(id, chunk.last));
  }

  /** The snapshot that is replaced, as a key frame if one is due. */
  async #retired(
    documentName: string,
    id: number,
    snapshot: SnapshotHeader,
    keyFrames: readonly KeyFrameHeader[],
  ): Promise<readonly Operation[]> {
    const { sequence, updateBytes: bytes, packedBytes } = snapshot;
    const before = keyFrames.findLast((frame) => frame.sequence <= sequence)?.sequence ?? 0;
    const chunks = await this.#reader.chunks(documentName, id, before + 1);
    if (!isKeyFrameDue({ sequence, storedBytes: packedBytes }, before, chunks)) return [];
    const packed = await this.#view.packedBody({
      documentName,
      what: 'the snapshot',
      range: snapshotPartRange(id),
      packedBytes,
    });
    const timeMs = chunks.find(({ last }) => last === sequence)?.lastMs ?? snapshot.timeMs;
    return keyFrameOperations(id, { sequence, timeMs, authors: [], bytes, packed }, 0);
  }
}

/** What is damaged in the past must not keep the document of today from being compacted: then there is less of it. */
async function ifReadable<T>(read: () => Promise<T>): Promise<T | undefined> {
  try {
    return await read();
  } catch (error) {
    if (error instanceof HeadwaterError && error.code === 'HW_STORE_CORRUPT') return undefined;
    throw error;
  }
}

function recordRange(id: number, { after, upTo }: SequenceRange): KeyRange {
  return { gte: logRange(id, after + 1).gte, lt: logRange(id, upTo + 1).gte };
}

/** A record that cannot be read any more must not keep the document from being compacted. */
function decodedOrLost(value: Uint8Array, sequence: number): ReturnType<typeof decodeLogRecord> | undefined {
  try {
    return decodeLogRecord(value, sequence);
  } catch {
    return undefined;
  }
}

function keyFrameOperations(id: number, frame: PackedKeyFrame, partsBefore: number): Operation[] {
  const { sequence, timeMs, authors, bytes, packed } = frame;
  const header = { sequence, timeMs, authors, bytes, packedBytes: packed.byteLength, checksum: crc32(packed) };
  const parts = encodeSnapshotParts(packed);
  const operations: Operation[] = [
    { type: 'put', key: keyFrameKey(id, sequence), value: encodeKeyFrameHeader(header) },
    ...parts.map((value, part): Operation => ({ type: 'put', key: keyFramePartKey(id, sequence, part), value })),
  ];
  for (let part = parts.length; part < partsBefore; part += 1) {
    operations.push({ type: 'del', key: keyFramePartKey(id, sequence, part) });
  }
  return operations;
}

function chunkRemoval(id: number, last: number): Operation[] {
  return [
    { type: 'del', key: chunkKey(id, last) },
    { type: 'del', key: chunkRecordsKey(id, last) },
  ];
}
