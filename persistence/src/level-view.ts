import { crc32 } from 'node:zlib';
import { HeadwaterError } from '@headwater/protocol';
import { type KeyRange, lastNumberOfKey, logRange, nameKey, numberOfKey, snapshotHeaderKey } from './level-keys.ts';
import type { LevelDatabase } from './level-open.ts';
import type { OneAtATime } from './one-at-a-time.ts';
import {
  type DocumentRecord,
  decodeDocumentRecord,
  decodeSnapshotHeader,
  decodeSnapshotPart,
  type SnapshotHeader,
  snapshotPartCount,
} from './record-codec.ts';
import { unpackBody } from './snapshot-body.ts';

/** Bytes LevelDB hands over at once; its own default (16 KiB) makes a big tail hundreds of trips to a thread. */
const READ_AHEAD_BYTES = 1024 * 1024;

/** A page is made objects of in one go, on the event loop; between two pages others have their turn. */
const PAGE_ENTRIES = 128;

/** Of a body in parts, which is copied out at once: little, so that little has to be in memory twice. */
const BODY_READ_AHEAD_BYTES = 256 * 1024;
const PARTS_AT_ONCE = 4;

/** An update that lies packed and in parts. */
interface StoredBody {
  readonly documentName: string;
  /** Whose body it is, for what is said of damage. */
  readonly what: string;
  /** Where its parts are. */
  readonly range: KeyRange;
  readonly packedBytes: number;
  /** CRC-32 of the packed bytes, for a body that is stored with one. */
  readonly checksum?: number | undefined;
}

type ReadView = ReturnType<LevelDatabase['snapshot']>;
type Entry = [key: Uint8Array, value: Uint8Array];

/** One read view of LevelDB, in the words the readers of a store use. */
export class LevelView {
  readonly #db: LevelDatabase;
  readonly #view: ReadView;
  readonly #largeReads: OneAtATime;

  /** @param largeReads - shared by all views of a store: what they hold in memory on the way does not add up */
  constructor(db: LevelDatabase, view: ReadView, largeReads: OneAtATime) {
    this.#db = db;
    this.#view = view;
    this.#largeReads = largeReads;
  }

  get(key: Uint8Array): Promise<Uint8Array | undefined> {
    return this.#db.get(key, { snapshot: this.#view });
  }

  /** What a document's name leads to. */
  async record(documentName: string): Promise<DocumentRecord | undefined> {
    const value = await this.get(nameKey(documentName));
    return value && decode(documentName, 'its record', () => decodeDocumentRecord(value));
  }

  async snapshotHeader(documentName: string, id: number): Promise<SnapshotHeader | undefined> {
    const value = await this.get(snapshotHeaderKey(id));
    return value && decode(documentName, 'the snapshot header', () => decodeSnapshotHeader(value));
  }

  /**
   * The last sequence of a log whose snapshot reaches to another one. First whether there is a tail: LevelDB walks backwards
   * over everything that was removed, until it has cleared that away, and only a record behind it ends that at once.
   */
  async lastSequence(id: number, snapshotSequence: number): Promise<number> {
    const tail = logRange(id, snapshotSequence + 1);
    const [first] = await this.keys({ ...tail, limit: 1 });
    if (first === undefined) return snapshotSequence;
    const [last] = await this.keys({ ...tail, reverse: true, limit: 1 });
    return numberOfKey(last ?? first);
  }

  entries(range: KeyRange & { readonly reverse?: boolean; readonly limit?: number }): Promise<Entry[]> {
    const options = { ...range, snapshot: this.#view, highWaterMarkBytes: READ_AHEAD_BYTES };
    return this.#db.iterator(options).all();
  }

  keys(range: {
    gte?: Uint8Array;
    gt?: Uint8Array;
    lt: Uint8Array;
    reverse?: boolean;
    limit?: number;
  }): Promise<Uint8Array[]> {
    return this.#db.keys({ ...range, snapshot: this.#view }).all();
  }

  /** The entries of a range, a page at a time; what is read once need not be cached. */
  async *pages(range: KeyRange & { readonly limit?: number }): AsyncGenerator<Entry[]> {
    const options = { ...range, snapshot: this.#view, fillCache: false, highWaterMarkBytes: READ_AHEAD_BYTES };
    const iterator = this.#db.iterator(options);
    try {
      for (let page = await iterator.nextv(PAGE_ENTRIES); page.length > 0; page = await iterator.nextv(PAGE_ENTRIES)) {
        yield page;
      }
    } finally {
      await iterator.close();
    }
  }

  /**
   * The packed body whose parts lie in a range.
   *
   * @throws HW_STORE_CORRUPT when there are more or less parts or bytes
   */
  async packedBody({ documentName, what, range, packedBytes }: StoredBody): Promise<Uint8Array> {
    const damaged = (problem: string): HeadwaterError => corruptDocument(documentName, `${what} ${problem}`);
    // The last part comes first: how much there is decides whether a buffer of the length in the header is made.
    const [lastKey] = await this.keys({ ...range, reverse: true, limit: 1 });
    const parts = lastKey === undefined ? 0 : lastNumberOfKey(lastKey) + 1;
    if (parts === 0) throw damaged('has no body');
    if (parts !== snapshotPartCount(packedBytes)) {
      throw damaged(`body has ${parts} parts instead of ${snapshotPartCount(packedBytes)}`);
    }
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
          const piece = decode(documentName, `${what} body`, () => decodeSnapshotPart(value));
          if (length + piece.byteLength <= packedBytes) packed.set(piece, length);
          length += piece.byteLength;
        }
      }
    } finally {
      await values.close();
    }
    if (length !== packedBytes) throw damaged(`body has ${length} bytes instead of ${packedBytes}`);
    return packed;
  }

  /**
   * The update that a range holds the packed parts of. Large ones are read one after the other.
   *
   * @throws HW_STORE_CORRUPT
   */
  async body(body: StoredBody & { readonly bytes: number }): Promise<Uint8Array> {
    const read = async (): Promise<Uint8Array> => {
      const packed = await this.packedBody(body);
      if (body.checksum !== undefined && crc32(packed) !== body.checksum) {
        throw corruptDocument(body.documentName, `${body.what} body has another checksum`);
      }
      try {
        return await unpackBody(packed, body.bytes);
      } catch (cause) {
        const problem = `${body.what} body cannot be unpacked: ${(cause as Error).message}`;
        throw corruptDocument(body.documentName, problem, cause);
      }
    };
    return snapshotPartCount(body.packedBytes) === 1 ? read() : this.#largeReads.run(read);
  }
}

/** Runs `read`, and names the document and what of it is damaged when that throws. @throws HW_STORE_CORRUPT */
export function decode<T>(documentName: string, what: string, read: () => T): T {
  try {
    return read();
  } catch (cause) {
    throw corruptDocument(documentName, `${what} cannot be decoded: ${(cause as Error).message}`, cause);
  }
}

export function corruptDocument(documentName: string, problem: string, cause?: unknown): HeadwaterError {
  return corrupt(`document "${documentName}"`, problem, cause);
}

export function corrupt(what: string, problem: string, cause?: unknown): HeadwaterError {
  return new HeadwaterError('HW_STORE_CORRUPT', `${what} is damaged: ${problem}`, { cause });
}
