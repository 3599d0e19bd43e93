import { expect, onTestFinished, test, vi } from 'vitest';
import { clearedKey, META_KEYS, nameKey, tombstoneKey } from '../../persistence/src/level-keys.ts';
import { encodeMeta } from '../../persistence/src/level-meta.ts';
import { LevelStore } from '../../persistence/src/level-store.ts';
import { ReadOnlyStore } from '../../persistence/src/read-only-store.ts';
import { encodeTombstone } from '../../persistence/src/record-codec.ts';
import { TcpProxy } from '../support/tcp-proxy.ts';
import { openFaulty, TIME_MS, text, texts, withLevel } from './level-fixtures.ts';
import { connectTo, serve } from './remote-fixtures.ts';
import { temporaryDirectory } from './temporary-directory.ts';

const DELETED = { code: 'HW_DOCUMENT_DELETED' };

test('a deletion is remembered for good: over restarts, and after the store has forgotten where documents stand', async () => {
  const directory = await temporaryDirectory();
  const first = await LevelStore.open(directory);
  await first.append('doc', text('one')).durable;
  await first.delete('doc');
  await first.close();

  await using store = await LevelStore.open(directory, { maxCachedDocuments: 1 });
  for (const name of ['a', 'b', 'c']) await store.append(name, text('x')).durable;

  await expect(store.append('doc', text('late')).durable).rejects.toMatchObject(DELETED);
  await expect(store.load('doc')).rejects.toMatchObject(DELETED);
  await store.close();
  await using opened = await ReadOnlyStore.open(directory);
  await expect(opened.load('doc')).rejects.toMatchObject(DELETED);
  const names: string[] = [];
  for await (const { documentName } of opened.listDeleted()) names.push(documentName);
  expect(names).toEqual(['doc']);
});

test('it costs two keys and a tombstone in one batch, however much the document holds', async () => {
  const { store, disk } = await openFaulty(await temporaryDirectory());
  for (let n = 1; n <= 50; n += 1) await store.append('doc', text(`${n}`)).written;
  disk.calls.length = 0;

  await store.delete('doc');

  expect(disk.calls.find(({ step }) => step === 'write')?.operations).toBe(3);
  await store.close();
});

test('while the disk fails a deletion keeps its place: edits before it go with the document, those after it are refused', async () => {
  const directory = await temporaryDirectory();
  const { store, disk } = await openFaulty(directory);
  await store.append('doc', text('one')).durable;
  disk.fail('write', () => new Error('EIO: write'));
  const before = store.append('doc', text('before'));
  await expect(before.written).rejects.toMatchObject({ code: 'HW_STORE_WRITE_FAILED' });

  const deleting = store.delete('doc');
  const after = store.append('doc', text('after'));
  await expect(after.durable).rejects.toMatchObject(DELETED);
  disk.repair();

  expect(await before.durable).toBe(2);
  expect(await deleting).toBe(true);
  expect(store.health).toEqual({ status: 'ok', unsavedBytes: 0 });
  await store.close();
  await using again = await LevelStore.open(directory);
  await expect(again.load('doc')).rejects.toMatchObject(DELETED);
});

test('an edit that waits for a disk which another process has is refused when that process deletes its document', async () => {
  const { store, disk } = await openFaulty(await temporaryDirectory());
  await store.append('doc', text('one')).durable;
  disk.failTimes('write', 1);
  disk.beforeReopen = async () => {
    disk.beforeReopen = undefined;
    await disk.read((db) =>
      db.batch([
        { type: 'put', key: META_KEYS.owner, value: encodeMeta('somebody else') },
        { type: 'del', key: nameKey('doc') },
        { type: 'put', key: clearedKey(1), value: new Uint8Array() },
        { type: 'put', key: tombstoneKey('doc'), value: encodeTombstone(TIME_MS) },
      ]),
    );
  };

  const { durable } = store.append('doc', text('mine'));

  await expect(durable).rejects.toMatchObject(DELETED);
  await vi.waitFor(() => expect(store.health).toEqual({ status: 'ok', unsavedBytes: 0 }));
  expect(await store.info('doc')).toBeUndefined();
  await store.close();
});

test('a document beside its tombstone, as a power cut may leave one, is there, and deleting it leaves one tombstone', async () => {
  const directory = await temporaryDirectory();
  const first = await LevelStore.open(directory);
  await first.append('doc', text('one')).durable;
  await first.close();
  await withLevel(directory, (db) => db.put(tombstoneKey('doc'), encodeTombstone(TIME_MS)));

  await using store = await LevelStore.open(directory);

  expect(await texts(store, 'doc')).toEqual(['one']);
  expect(await store.append('doc', text('two')).durable).toBe(2);
  await store.delete('doc');
  await expect(store.load('doc')).rejects.toMatchObject(DELETED);
  await store.delete('doc', { allowReuse: true });
  expect(await texts(store, 'doc')).toEqual([]);
});

test('an instance that was cut off while a document was deleted brings none of its edits back', async () => {
  const level = await LevelStore.open(await temporaryDirectory());
  onTestFinished(() => level.close());
  const { address } = await serve(level);
  await using proxy = await TcpProxy.start(address.port);
  const store = await connectTo(proxy.port);
  await store.append('doc', text('one')).durable;
  proxy.cut();
  const late = ['two', 'three'].map((value) => store.append('doc', text(value)));

  await level.delete('doc');

  for (const { durable } of late) await expect(durable).rejects.toMatchObject(DELETED);
  expect(store.health).toEqual({ status: 'ok', unsavedBytes: 0 });
  expect(await level.info('doc')).toBeUndefined();
});
