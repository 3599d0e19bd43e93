import type { RedisConnection } from './redis-connection.ts';
import { RedisProgram } from './redis-program.ts';

/** Entries a stream keeps, about. */
export const STREAM_MAX_ENTRIES = 512;
/** A stream nobody wrote to for this long is gone. */
export const STREAM_WINDOW_MS = 120_000;
/** Entries read with one command, and streams read at a time. */
const READ_ENTRIES = 128;
const READ_STREAMS = 256;

/** One command and one round trip for a batch: kept, and pushed to whoever listens, together with the id it was kept under. */
const ADD = `local id = redis.call('XADD', KEYS[1], 'MAXLEN', '~', ${STREAM_MAX_ENTRIES}, '*', 'e', ARGV[1])
redis.call('PEXPIRE', KEYS[1], ${STREAM_WINDOW_MS})
redis.call('PUBLISH', KEYS[1], id .. '\\n' .. ARGV[1])
return id`;

/** A stream, and how far it was read. */
export interface ReadStream {
  readonly key: string;
  lastId: string | undefined;
  readonly resumeAfter: string | undefined;
}

/** The streams in which Redis keeps the batches of a short time. */
export class RetainedBatches {
  readonly #connection: RedisConnection;
  readonly #add: RedisProgram;

  constructor(connection: RedisConnection) {
    this.#connection = connection;
    this.#add = new RedisProgram(connection.client, ADD);
  }

  /** Keeps and pushes a batch. @throws ReplyError when Redis says no, and another error when it says nothing */
  async add(key: string, bytes: Uint8Array): Promise<void> {
    await this.#add.run(key, Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength));
  }

  /** Keeps nothing of a stream. */
  async forget(key: string): Promise<void> {
    await this.#connection.client.unlink(key);
  }

  /** Reads what is kept, from where each stream was left. */
  async read<T extends ReadStream>(
    streams: readonly T[],
    onEntry: (stream: T, bytes: Uint8Array) => void,
  ): Promise<void> {
    for (let at = 0; at < streams.length; at += READ_STREAMS) {
      await Promise.all(streams.slice(at, at + READ_STREAMS).map((stream) => this.#readOne(stream, onEntry)));
    }
  }

  async #readOne<T extends ReadStream>(stream: T, onEntry: (stream: T, bytes: Uint8Array) => void): Promise<void> {
    let after = stream.resumeAfter;
    for (;;) {
      const from = after === undefined ? '-' : `(${after}`;
      const { client } = this.#connection;
      const entries = await client.xrangeBuffer(stream.key, from, '+', 'COUNT', READ_ENTRIES);
      for (const [id, fields] of entries) {
        after = id.toString('latin1');
        const bytes = fields[1];
        if (bytes !== undefined) onEntry(stream, bytes);
      }
      if (entries.length < READ_ENTRIES) return;
    }
  }
}
