import { randomBytes } from 'node:crypto';
import fc from 'fast-check';
import { expect, test } from 'vitest';
import { snapshotPartRange } from '../../persistence/src/level-keys.ts';
import { LevelStore } from '../../persistence/src/level-store.ts';
import { packBody, unpackBody } from '../../persistence/src/snapshot-body.ts';
import { TIME_MS, text, texts, withLevel } from './level-fixtures.ts';
import { temporaryDirectory } from './temporary-directory.ts';

const PART_BYTES = 64 * 1024;

function snapshotOf(update: Uint8Array, sequence = 1): Parameters<LevelStore['replaceSnapshot']>[1] {
  return { sequence, update, stateVector: Uint8Array.of(0), deleteSet: Uint8Array.of(0), timeMs: TIME_MS };
}

test('any body unpacks to what was packed, and to nothing of another length', async () => {
  await fc.assert(
    fc.asyncProperty(fc.uint8Array({ maxLength: 300 }), async (update) => {
      const packed = await packBody(update);

      expect([...(await unpackBody(packed, update.byteLength))]).toEqual([...update]);
      await expect(unpackBody(packed, update.byteLength + 1)).rejects.toThrow(Error);
    }),
  );
});

test('an unpacked body keeps no memory but its own', async () => {
  const update = await unpackBody(await packBody(new Uint8Array(5_000_000).fill(7)), 5_000_000);

  expect(update.buffer.byteLength).toBeLessThanOrEqual(update.byteLength + 1);
});

test.each([0, 1, PART_BYTES - 10, PART_BYTES, 5 * PART_BYTES + 1])(
  'a snapshot of %i bytes that cannot be compressed is read as it was written',
  async (length) => {
    await using store = await LevelStore.open(await temporaryDirectory());
    await store.append('doc', text('1')).written;
    const update = randomBytes(length);

    await store.replaceSnapshot('doc', snapshotOf(update));

    const { snapshot } = await store.load('doc');
    expect(Buffer.from(snapshot?.update ?? []).equals(update)).toBe(true);
  },
);

test('a shorter snapshot leaves no parts of the one before it', async () => {
  const directory = await temporaryDirectory();
  {
    await using store = await LevelStore.open(directory);
    await store.append('doc', text('1')).written;
    await store.replaceSnapshot('doc', snapshotOf(randomBytes(5 * PART_BYTES)));
  }
  {
    await using store = await LevelStore.open(directory);
    await store.append('doc', text('2')).written;

    await store.replaceSnapshot('doc', snapshotOf(Uint8Array.of(1, 2), 2));

    expect([...((await store.load('doc')).snapshot?.update ?? [])]).toEqual([1, 2]);
  }

  expect(await withLevel(directory, (db) => db.keys(snapshotPartRange(1)).all())).toHaveLength(1);
});

test('a snapshot does not reach the document that took the place of its own', async () => {
  await using store = await LevelStore.open(await temporaryDirectory());
  await store.append('doc', text('old')).durable;

  const replacing = store.replaceSnapshot('doc', snapshotOf(Uint8Array.of(1, 2)));
  const deleting = store.delete('doc', { allowReuse: true });
  store.append('doc', text('new'));

  await expect(replacing).rejects.toMatchObject({ code: 'HW_DOCUMENT_UNKNOWN' });
  expect(await deleting).toBe(true);
  expect(await texts(store, 'doc')).toEqual(['new']);
});

test('a snapshot handed in just before the store closes is kept', async () => {
  const directory = await temporaryDirectory();
  const store = await LevelStore.open(directory);
  await store.append('doc', text('1')).written;

  const replacing = store.replaceSnapshot('doc', snapshotOf(Uint8Array.of(1, 2)));
  await store.close();
  await replacing;

  await using again = await LevelStore.open(directory);
  expect([...((await again.load('doc')).snapshot?.update ?? [])]).toEqual([1, 2]);
});
