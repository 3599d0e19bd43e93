import { HeadwaterError } from '@headwater/protocol';
import type {
  DocumentInfo,
  LogEntry,
  LogRecord,
  QuarantinedUpdate,
  Snapshot,
  StoredDocument,
} from './document-store.ts';
import {
  CLEARED_RANGE,
  documentRange,
  idOfKey,
  type KeyRange,
  logRange,
  NAME_RANGE,
  nameKey,
  nameOfKey,
  namePosition,
  numberOfKey,
  quarantineRange,
  snapshotHeaderKey,
  snapshotPartRange,
  waitingRange,
} from './level-keys.ts';
import { codeOf, type LevelDatabase } from './level-open.ts';
import type { OneAtATime } from './one-at-a-time.ts';
import {
  type DocumentRecord,
  decodeDocumentRecord,
  decodeLogRecord,
  decodeLogTime,
  decodeQuarantined,
  decodeSnapshotHeader,
  decodeSnapshotPart,
  decodeWaiting,
  type SnapshotHeader,
  snapshotPartCount,
} from './record-codec.ts';
import { unpackBody } from './snapshot-body.ts';

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
}

export const NO_DOCUMENT: WritePosition = {
  id: undefined,
  nextSequence: 1,
  snapshotSequence: -1,
  snapshotParts: 0,
  nextQuarantine: 1,
};

type ReadView = ReturnType<LevelDatabase['snapshot']>;

/** Bytes LevelDB hands over at once; its own default (16 KiB) makes a big tail hundreds of trips to a thread. */
const READ_AHEAD_BYTES = 1024 * 1024;

/** Of a snapshot's body, which is copied out at once: little, so that little has to be in memory twice. */
const BODY_READ_AHEAD_BYTES = 256 * 1024;
const PARTS_AT_ONCE = 4;

/**
 * Reads of one store, each from one read view of LevelDB: a snapshot switched in the middle is seen wholly or not at
 * all.
 */
export class LevelReader {
  readonly #db: LevelDatabase;
  readonly #view: ReadView;
  readonly #largeReads: OneAtATime;

  private constructor(db: LevelDatabase, view: ReadView, largeReads: OneAtATime) {
    this.#db = db;
    this.#view = view;
    this.#largeReads = largeReads;
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
      return await work(new LevelReader(db, view, largeReads));
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
    const record = await this.#record(documentName);
    if (record === undefined) {
      return { document: { snapshot: undefined, tail: [], waiting: [] }, position: NO_DOCUMENT };
    }
    const header = await this.#header(documentName, record.id);
    const [snapshot, tail, waiting] = await Promise.all([
      this.#snapshot(documentName, record.id, header),
      this.#tail(documentName, record.id, header),
      this.#waiting(documentName, record.id),
    ]);
    const sequence = tail.at(-1)?.sequence ?? header?.sequence ?? 0;
    return { document: { snapshot, tail, waiting }, position: positionOf(record.id, sequence, header) };
  }

  /** Like {@link document}, without reading what is in it. */
  async position(documentName: string): Promise<WritePosition> {
    const record = await this.#record(documentName);
    if (record === undefined) return NO_DOCUMENT;
    const header = await this.#header(documentName, record.id);
    const [lastKey] = await this.#keys({ ...logRange(record.id), reverse: true, limit: 1 });
    const lastSequence = lastKey === undefined ? 0 : numberOfKey(lastKey);
    return positionOf(record.id, Math.max(lastSequence, header?.sequence ?? 0), header);
  }

  async quarantined(documentName: string): Promise<readonly QuarantinedUpdate[]> {
    const record = await this.#record(documentName);
    if (record === undefined) return [];
    const entries = await this.#entries(quarantineRange(record.id));
    return entries.map(([key, value]) =>
      decode(documentName, `quarantined update ${numberOfKey(key)}`, () => decodeQuarantined(value)),
    );
  }

  /** A record that cannot be read is counted all the same: listing is how an operator finds the damage. */
  async info(documentName: string): Promise<DocumentInfo | undefined> {
    const record = await this.#record(documentName);
    if (record === undefined) return undefined;
    const header = await this.#header(documentName, record.id);
    const [tail, waiting, quarantine] = await Promise.all([
      this.#entries(logRange(record.id, (header?.sequence ?? 0) + 1)),
      this.#keys(waitingRange(record.id)),
      this.#keys(quarantineRange(record.id)),
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
    const keys = await this.#keys({ gt: namePosition(after), lt: NAME_RANGE.lt, limit });
    return keys.map(nameOfKey);
  }

  /** Keys of a document's range, for removing them. */
  async keysOf(id: number, limit: number): Promise<readonly Uint8Array[]> {
    return this.#keys({ ...documentRange(id), limit });
  }

  /** Deleted documents whose range is not cleared yet. */
  async clearedIds(): Promise<readonly number[]> {
    return (await this.#keys(CLEARED_RANGE)).map(idOfKey);
  }

  async #record(documentName: string): Promise<DocumentRecord | undefined> {
    const value = await this.#db.get(nameKey(documentName), { snapshot: this.#view });
    return value && decode(documentName, 'its record', () => decodeDocumentRecord(value));
  }

  async #header(documentName: string, id: number): Promise<SnapshotHeader | undefined> {
    const value = await this.#db.get(snapshotHeaderKey(id), { snapshot: this.#view });
    return value && decode(documentName, 'the snapshot header', () => decodeSnapshotHeader(value));
  }

  async #snapshot(documentName: string, id: number, header: SnapshotHeader | undefined): Promise<Snapshot | undefined> {
    const range = snapshotPartRange(id);
    // The last part comes first: how much there is decides whether a buffer of the length in the header is made.
    const [lastKey] = await this.#keys({ ...range, reverse: true, limit: 1 });
    const parts = lastKey === undefined ? 0 : numberOfKey(lastKey) + 1;
    if (header === undefined) {
      if (parts > 0) throw corruptDocument(documentName, 'the snapshot has no header');
      return undefined;
    }
    if (parts === 0) throw corruptDocument(documentName, 'the snapshot has no body');
    const { sequence, updateBytes, packedBytes, stateVector, deleteSet, timeMs } = header;
    if (parts !== snapshotPartCount(packedBytes)) {
      throw corruptDocument(
        documentName,
        `the snapshot body has ${parts} parts instead of ${snapshotPartCount(packedBytes)}`,
      );
    }
    const read = async (): Promise<Uint8Array> =>
      this.#unpack(documentName, await this.#body(documentName, range, packedBytes), updateBytes);
    const update = await (parts === 1 ? read() : this.#largeReads.run(read));
    return { sequence, update, stateVector, deleteSet, timeMs };
  }

  async #unpack(documentName: string, packed: Uint8Array, updateBytes: number): Promise<Uint8Array> {
    try {
      return await unpackBody(packed, updateBytes);
    } catch (cause) {
      throw corruptDocument(documentName, `the snapshot body cannot be unpacked: ${(cause as Error).message}`, cause);
    }
  }

  /** Part by part into one buffer. */
  async #body(documentName: string, range: KeyRange, packedBytes: number): Promise<Uint8Array> {
    const packed = new Uint8Array(packedBytes);
    let length = 0;
    const values = this.#db.values({
      ...range,
      snapshot: this.#view,
      fillCache: false, // it would push everything else out of the block cache, and is kept by who asked for it
      highWaterMarkBytes: BODY_READ_AHEAD_BYTES,
    });
    try {
      for (let some = await values.nextv(PARTS_AT_ONCE); some.length > 0; some = await values.nextv(PARTS_AT_ONCE)) {
        for (const value of some) {
          const piece = decode(documentName, 'the snapshot body', () => decodeSnapshotPart(value));
          if (length + piece.byteLength <= packedBytes) packed.set(piece, length);
          length += piece.byteLength;
        }
      }
    } finally {
      await values.close();
    }
    if (length !== packedBytes) {
      throw corruptDocument(documentName, `the snapshot body has ${length} bytes instead of ${packedBytes}`);
    }
    return packed;
  }

  /**
   * A missing number in the middle is no error: after a power cut the kernel may have kept a later, never acknowledged
   * write and lost an earlier one. Yjs takes that as an update whose dependencies have not arrived.
   */
  async #tail(documentName: string, id: number, header: SnapshotHeader | undefined): Promise<readonly LogRecord[]> {
    const entries = await this.#entries(logRange(id, (header?.sequence ?? 0) + 1));
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
    const entries = await this.#entries(waitingRange(id));
    return entries.map(([, value]) => decode(documentName, 'a waiting update', () => decodeWaiting(value)));
  }

  #entries(range: KeyRange): Promise<[Uint8Array, Uint8Array][]> {
    const options = { ...range, snapshot: this.#view, highWaterMarkBytes: READ_AHEAD_BYTES };
    return this.#db.iterator(options).all();
  }

  #keys(range: {
    gte?: Uint8Array;
    gt?: Uint8Array;
    lt: Uint8Array;
    reverse?: boolean;
    limit?: number;
  }): Promise<Uint8Array[]> {
    return this.#db.keys({ ...range, snapshot: this.#view }).all();
  }
}

function positionOf(id: number, sequence: number, header: SnapshotHeader | undefined): WritePosition {
  return {
    id,
    nextSequence: sequence + 1,
    snapshotSequence: header?.sequence ?? -1,
    snapshotParts: snapshotPartCount(header?.packedBytes ?? 0),
    nextQuarantine: header?.nextQuarantine ?? 1,
  };
}

function timeOf(logRecord: Uint8Array | undefined): number | undefined {
  try {
    return logRecord && decodeLogTime(logRecord);
  } catch {
    return undefined;
  }
}

function decode<T>(documentName: string, what: string, read: () => T): T {
  try {
    return read();
  } catch (cause) {
    throw corrupt(`document "${documentName}"`, `${what} cannot be decoded: ${(cause as Error).message}`, cause);
  }
}

function corruptDocument(documentName: string, problem: string, cause?: unknown): HeadwaterError {
  return corrupt(`document "${documentName}"`, problem, cause);
}

function corrupt(what: string, problem: string, cause?: unknown): HeadwaterError {
  return new HeadwaterError('HW_STORE_CORRUPT', `${what} is damaged: ${problem}`, { cause });
}
