import { HeadwaterError } from '@headwater/protocol';
import { documentDeleted } from './deletion.ts';
import type {
  DeletedDocument,
  DocumentInfo,
  LogEntry,
  LogRecord,
  QuarantinedUpdate,
  Snapshot,
  StoredDocument,
} from './document-store.ts';
import { LevelHistoryReader } from './history/level-history-reader.ts';
import { LevelHistoryWriter } from './history/level-history-writer.ts';
import {
  CLEARED_RANGE,
  documentRange,
  idOfKey,
  logRange,
  NAME_RANGE,
  nameOfKey,
  namePosition,
  numberOfKey,
  quarantineRange,
  snapshotPartRange,
  TOMBSTONE_RANGE,
  tombstoneKey,
  tombstonePosition,
  waitingRange,
} from './level-keys.ts';
import { codeOf, type LevelDatabase } from './level-open.ts';
import { corrupt, corruptDocument, decode, LevelView } from './level-view.ts';
import type { OneAtATime } from './one-at-a-time.ts';
import {
  decodeLogRecord,
  decodeLogTime,
  decodeQuarantined,
  decodeTombstone,
  decodeWaiting,
  type SnapshotHeader,
  snapshotPartCount,
} from './record-codec.ts';

/** What a document's next write depends on. */
export interface WritePosition {
  /** `undefined` for a document that does not exist. */
  readonly id: number | undefined;
  readonly nextSequence: number;
  /** -1 without a snapshot. */
  readonly snapshotSequence: number;
  /** How many parts its body has. */
  readonly snapshotParts: number;
  readonly nextQuarantine: number;
  /** When the document of this name was deleted, if none may come after it. */
  readonly deletedMs: number | undefined;
}

export const NO_DOCUMENT: WritePosition = {
  id: undefined,
  nextSequence: 1,
  snapshotSequence: -1,
  snapshotParts: 0,
  nextQuarantine: 1,
  deletedMs: undefined,
};

/**
 * Reads of one store, each from one read view of LevelDB: a snapshot switched in the middle is seen wholly or not at
 * all.
 */
export class LevelReader {
  /** What there is of documents' pasts. */
  readonly history: LevelHistoryReader;
  /** What is to be done to them. */
  readonly historyWriter: LevelHistoryWriter;
  readonly #view: LevelView;

  private constructor(view: LevelView) {
    this.#view = view;
    this.history = new LevelHistoryReader(view);
    this.historyWriter = new LevelHistoryWriter(view, this.history);
  }

  /**
   * @param largeReads - shared by all readers of a store: what they hold in memory on the way does not add up
   * @throws HW_STORE_CORRUPT naming the document, HW_STORE_UNAVAILABLE when LevelDB cannot read
   */
  static async with<T>(
    db: LevelDatabase,
    { what, largeReads }: { readonly what: string; readonly largeReads: OneAtATime },
    work: (reader: LevelReader) => Promise<T>,
  ): Promise<T> {
    const view = db.snapshot();
    try {
      return await work(new LevelReader(new LevelView(db, view, largeReads)));
    } catch (error) {
      if (error instanceof HeadwaterError) throw error;
      const cause = error as Error;
      if (codeOf(cause) === 'LEVEL_CORRUPTION') throw corrupt(what, cause.message, cause);
      throw new HeadwaterError('HW_STORE_UNAVAILABLE', `cannot read ${what}: ${cause.message}`, { cause });
    } finally {
      await view.close();
    }
  }

  async document(documentName: string): Promise<{ document: StoredDocument; position: WritePosition }> {
    const record = await this.#view.record(documentName);
    if (record === undefined) {
      const deletedMs = await this.#deletedMs(documentName);
      if (deletedMs !== undefined) throw documentDeleted(documentName, deletedMs);
      return { document: { documentId: 0, snapshot: undefined, tail: [], waiting: [] }, position: NO_DOCUMENT };
    }
    const header = await this.#view.snapshotHeader(documentName, record.id);
    const [snapshot, tail, waiting] = await Promise.all([
      this.#snapshot(documentName, record.id, header),
      this.#tail(documentName, record.id, header),
      this.#waiting(documentName, record.id),
    ]);
    const sequence = tail.at(-1)?.sequence ?? header?.sequence ?? 0;
    const document = { documentId: record.id, snapshot, tail, waiting };
    return { document, position: positionOf(record.id, sequence, header) };
  }

  /** Like {@link document}, without reading what is in it. */
  async position(documentName: string): Promise<WritePosition> {
    const record = await this.#view.record(documentName);
    if (record === undefined) return { ...NO_DOCUMENT, deletedMs: await this.#deletedMs(documentName) };
    const header = await this.#view.snapshotHeader(documentName, record.id);
    const lastSequence = await this.#view.lastSequence(record.id, header?.sequence ?? 0);
    return positionOf(record.id, lastSequence, header);
  }

  async quarantined(documentName: string): Promise<readonly QuarantinedUpdate[]> {
    const record = await this.#view.record(documentName);
    if (record === undefined) return [];
    const entries = await this.#view.entries(quarantineRange(record.id));
    return entries.map(([key, value]) =>
      decode(documentName, `quarantined update ${numberOfKey(key)}`, () => decodeQuarantined(value)),
    );
  }

  /** A record that cannot be read is counted all the same: listing is how an operator finds the damage. */
  async info(documentName: string): Promise<DocumentInfo | undefined> {
    const record = await this.#view.record(documentName);
    if (record === undefined) return undefined;
    const header = await this.#view.snapshotHeader(documentName, record.id);
    const [tail, waiting, quarantine] = await Promise.all([
      this.#view.entries(logRange(record.id, (header?.sequence ?? 0) + 1)),
      this.#view.keys(waitingRange(record.id)),
      this.#view.keys(quarantineRange(record.id)),
    ]);
    const last = tail.at(-1);
    return {
      documentName,
      snapshotBytes: header?.updateBytes ?? 0,
      tailRecords: tail.length,
      tailBytes: tail.reduce((sum, [, value]) => sum + value.byteLength, 0),
      waitingUpdates: waiting.length,
      quarantinedUpdates: quarantine.length,
      sequence: last === undefined ? (header?.sequence ?? 0) : numberOfKey(last[0]),
      createdMs: record.createdMs,
      updatedMs: timeOf(last?.[1]) ?? header?.timeMs ?? record.createdMs,
    };
  }

  /** In the order of their UTF-8. */
  async names(after: string, limit: number): Promise<readonly string[]> {
    // A range cannot say "after the prefix that is the empty name" otherwise: the prefix itself is no document.
    const keys = await this.#view.keys({ gt: namePosition(after), lt: NAME_RANGE.lt, limit });
    return keys.map(nameOfKey);
  }

  /** Tombstones, in the order of the names' UTF-8. */
  async deleted(after: string, limit: number): Promise<readonly DeletedDocument[]> {
    const gte = tombstonePosition(`${after}\0`); // no key lies between the two
    const entries = await this.#view.entries({ gte, lt: TOMBSTONE_RANGE.lt, limit });
    return entries.map(([key, value]) => {
      const documentName = nameOfKey(key);
      return { documentName, deletedMs: decodeDeletedMs(documentName, value) };
    });
  }

  /** Keys of a document's range, for removing them. */
  async keysOf(id: number, limit: number): Promise<readonly Uint8Array[]> {
    return this.#view.keys({ ...documentRange(id), limit });
  }

  /** Deleted documents whose range is not cleared yet. */
  async clearedIds(): Promise<readonly number[]> {
    return (await this.#view.keys(CLEARED_RANGE)).map(idOfKey);
  }

  /** Only asked where there is no document: of one that is there, its record says so, and nothing more is read. */
  async #deletedMs(documentName: string): Promise<number | undefined> {
    const value = await this.#view.get(tombstoneKey(documentName));
    return value && decodeDeletedMs(documentName, value);
  }

  async #snapshot(documentName: string, id: number, header: SnapshotHeader | undefined): Promise<Snapshot | undefined> {
    const range = snapshotPartRange(id);
    if (header === undefined) {
      const [part] = await this.#view.keys({ ...range, limit: 1 });
      if (part !== undefined) throw corruptDocument(documentName, 'the snapshot has no header');
      return undefined;
    }
    const { sequence, updateBytes, packedBytes, stateVector, deleteSet, timeMs } = header;
    const body = { documentName, what: 'the snapshot', range, packedBytes, bytes: updateBytes };
    return { sequence, update: await this.#view.body(body), stateVector, deleteSet, timeMs };
  }

  /**
   * A missing number in the middle is no error: after a power cut the kernel may have kept a later, never acknowledged
   * write and lost an earlier one. Yjs takes that as an update whose dependencies have not arrived.
   */
  async #tail(documentName: string, id: number, header: SnapshotHeader | undefined): Promise<readonly LogRecord[]> {
    const entries = await this.#view.entries(logRange(id, (header?.sequence ?? 0) + 1));
    const tail = entries.map(([key, value]) => {
      const sequence = numberOfKey(key);
      return decode(documentName, `log record ${sequence}`, () => decodeLogRecord(value, sequence));
    });
    const first = tail[0]?.sequence ?? 1;
    if (header === undefined && first > 1) {
      throw corruptDocument(documentName, `its log starts at record ${first} and the snapshot before it is missing`);
    }
    return tail;
  }

  async #waiting(documentName: string, id: number): Promise<readonly LogEntry[]> {
    const entries = await this.#view.entries(waitingRange(id));
    return entries.map(([, value]) => decode(documentName, 'a waiting update', () => decodeWaiting(value)));
  }
}

function decodeDeletedMs(documentName: string, tombstone: Uint8Array): number {
  return decode(documentName, 'its tombstone', () => decodeTombstone(tombstone));
}

function positionOf(id: number, sequence: number, header: SnapshotHeader | undefined): WritePosition {
  return {
    id,
    nextSequence: sequence + 1,
    snapshotSequence: header?.sequence ?? -1,
    snapshotParts: snapshotPartCount(header?.packedBytes ?? 0),
    nextQuarantine: header?.nextQuarantine ?? 1,
    deletedMs: undefined,
  };
}

function timeOf(logRecord: Uint8Array | undefined): number | undefined {
  try {
    return logRecord && decodeLogTime(logRecord);
  } catch {
    return undefined;
  }
}
