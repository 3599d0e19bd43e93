import { brotliCompress, brotliDecompress, constants } from 'node:zlib';

/** The least zlib makes an output buffer of. */
const MIN_CHUNK_BYTES = 64;

/** 1 MiB to look back in: unpacking takes that much more memory, in each thread of the pool, and keeps it. */
const WINDOW_BITS = 20;

/**
 * 40 ms of a pool thread for each megabyte, a fraction of the compaction before it. Level 3 takes 10 ms and makes it a tenth
 * to a half longer; from level 6 on it takes much longer and saves nothing.
 */
const QUALITY = 5;

/**
 * The update of a snapshot as it lies on the disk: compressed as a whole, which finds what blocks of a few kilobytes
 * cannot. That is a third of the length, where LevelDB's own compression makes half of it; and what LevelDB has
 * read stays mapped into memory, so it counts as long as the store is open.
 */
export function packBody(update: Uint8Array): Promise<Uint8Array> {
  const params = {
    [constants.BROTLI_PARAM_QUALITY]: QUALITY,
    [constants.BROTLI_PARAM_LGWIN]: WINDOW_BITS,
    [constants.BROTLI_PARAM_SIZE_HINT]: update.byteLength,
  };
  return new Promise((resolve, reject) => {
    brotliCompress(update, { params }, (error, packed) => {
      if (error === null) resolve(packed);
      else reject(error);
    });
  });
}

/**
 * The update, in a buffer of its own: it is kept for as long as the document is open.
 *
 * @throws Error when `packed` does not decode, or not to this length
 */
export function unpackBody(packed: Uint8Array, updateBytes: number): Promise<Uint8Array> {
  return new Promise((resolve, reject) => {
    const maxOutputLength = Math.max(updateBytes, 1);
    // One byte to spare: when its buffer is full, zlib makes another one to see whether there is more.
    const chunkSize = Math.max(updateBytes + 1, MIN_CHUNK_BYTES);
    brotliDecompress(packed, { chunkSize, maxOutputLength }, (error, update) => {
      if (error !== null) reject(error);
      else if (update.byteLength === updateBytes)
        resolve(new Uint8Array(update.buffer, update.byteOffset, updateBytes));
      else reject(new Error(`${update.byteLength} bytes instead of ${updateBytes}`));
    });
  });
}
