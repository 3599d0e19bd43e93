import { beforeEach, describe, expect, test } from 'vitest';
import { logKey, snapshotHeaderKey, snapshotPartKey } from '../../persistence/src/level-keys.ts';
import { LevelStore } from '../../persistence/src/level-store.ts';
import { packBody } from '../../persistence/src/snapshot-body.ts';
import { TIME_MS, text, texts, withLevel } from './level-fixtures.ts';
import { temporaryDirectory } from './temporary-directory.ts';

/** What {@link packBody} makes of three bytes. */
const PACKED_BYTES = (await packBody(Uint8Array.of(1, 2, 3))).byteLength;

/** Document 1, `doc`: a snapshot that reaches to 2, and records 3 to 5. Document 2, `other`: one record. */
let directory: string;

beforeEach(async () => {
  directory = await temporaryDirectory();
  await using store = await LevelStore.open(directory);
  for (let n = 1; n <= 5; n += 1) await store.append('doc', text(`${n}`)).written;
  await store.append('other', text('fine')).written;
  await store.replaceSnapshot('doc', {
    sequence: 2,
    update: Uint8Array.of(1, 2, 3),
    stateVector: Uint8Array.of(0),
    deleteSet: Uint8Array.of(0),
    timeMs: TIME_MS,
  });
});

describe('a damaged document', () => {
  test.each([
    ['without its snapshot body', snapshotPartKey(1, 0), undefined, /no body/],
    ['without its snapshot header', snapshotHeaderKey(1), undefined, /no header|starts at record 3/],
    ['with a shortened snapshot body', snapshotPartKey(1, 0), Uint8Array.of(1, 9), /1 bytes instead of \d/],
    ['with a part too many', snapshotPartKey(1, 1), Uint8Array.of(1, 9), /2 parts instead of 1/],
    [
      'with other bytes in its snapshot body',
      snapshotPartKey(1, 0),
      Uint8Array.of(1, ...new Uint8Array(PACKED_BYTES).fill(255)),
      /cannot be unpacked/,
    ],
    ['with a snapshot body of an unknown format', snapshotPartKey(1, 0), Uint8Array.of(99, 1, 2, 3), /format 99/],
    ['with a snapshot header that does not decode', snapshotHeaderKey(1), Uint8Array.of(1, 2), /snapshot header/],
    ['with a record that does not decode', logKey(1, 4), Uint8Array.of(1, 255), /log record 4/],
    ['with an empty record', logKey(1, 4), new Uint8Array(), /log record 4/],
  ])('%s is reported by name, and its neighbours are not', async (_, key, value, message) => {
    await withLevel(directory, (db) => (value === undefined ? db.del(key) : db.put(key, value)));

    await using store = await LevelStore.open(directory);
    const loading = store.load('doc');

    await expect(loading).rejects.toMatchObject({ code: 'HW_STORE_CORRUPT' });
    await expect(loading).rejects.toThrow(message);
    await expect(loading).rejects.toThrow('"doc"');
    expect(await texts(store, 'other')).toEqual(['fine']);
    expect(await store.append('other', text('more')).durable).toBe(2);
  });

  test('without any snapshot but with later records is reported', async () => {
    await withLevel(directory, (db) =>
      db.batch([
        { type: 'del', key: snapshotHeaderKey(1) },
        { type: 'del', key: snapshotPartKey(1, 0) },
      ]),
    );

    await using store = await LevelStore.open(directory);

    await expect(store.load('doc')).rejects.toThrow(/starts at record 3/);
  });

  test('can still be listed, and deleted', async () => {
    await withLevel(directory, (db) => db.put(logKey(1, 5), Uint8Array.of(1, 255)));

    await using store = await LevelStore.open(directory);

    expect(await store.info('doc')).toMatchObject({ sequence: 5, tailRecords: 3 });
    expect(await store.delete('doc')).toBe(true);
    expect(await store.info('doc')).toBeUndefined();
  });

  test('refuses changes when its position cannot be read, and the store stays healthy', async () => {
    await withLevel(directory, (db) => db.put(snapshotHeaderKey(1), Uint8Array.of(1, 2)));

    await using store = await LevelStore.open(directory);
    const { written, durable } = store.append('doc', text('more'));

    await expect(written).rejects.toMatchObject({ code: 'HW_STORE_CORRUPT' });
    await expect(durable).rejects.toMatchObject({ code: 'HW_STORE_CORRUPT' });
    expect(store.health).toEqual({ status: 'ok', unsavedBytes: 0 });
  });

  test('a hole in the log, as a power cut may leave one, is no damage', async () => {
    await withLevel(directory, (db) => db.del(logKey(1, 4)));

    await using store = await LevelStore.open(directory);

    expect(await texts(store, 'doc')).toEqual(['3', '5']);
    expect(await store.append('doc', text('6')).durable).toBe(6);
  });
});
