import { HeadwaterError } from '@headwater/protocol';
import { expect, onTestFinished, test } from 'vitest';
import { clearedKey, logKey, META_KEYS, nameKey } from '../../persistence/src/level-keys.ts';
import { encodeMeta } from '../../persistence/src/level-meta.ts';
import { LevelStore } from '../../persistence/src/level-store.ts';
import { encodeDocumentRecord, encodeLogRecord } from '../../persistence/src/record-codec.ts';
import { IMPATIENT, openFaulty, TIME_MS, text, texts } from './level-fixtures.ts';
import { connectTo, serve } from './remote-fixtures.ts';
import { temporaryDirectory } from './temporary-directory.ts';

const NEW_ID = 39;

/** What another process does that deletes a document and begins one of the same name. */
const SOMEBODY_ELSE = [
  { type: 'put', key: META_KEYS.owner, value: encodeMeta('somebody else') },
  { type: 'put', key: META_KEYS.nextId, value: encodeMeta(NEW_ID + 1) },
  { type: 'put', key: nameKey('doc'), value: encodeDocumentRecord({ id: NEW_ID, createdMs: TIME_MS }) },
  { type: 'put', key: clearedKey(1), value: new Uint8Array() },
  { type: 'put', key: logKey(NEW_ID, 1), value: encodeLogRecord(TIME_MS, text('new 1').entries) },
  { type: 'put', key: logKey(NEW_ID, 2), value: encodeLogRecord(TIME_MS, text('new 2').entries) },
] as const;

test('a snapshot that waits for its look-up does not get into a document that another process began meanwhile', async () => {
  const directory = await temporaryDirectory();
  const first = await LevelStore.open(directory);
  for (const content of ['old 1', 'old 2']) await first.append('doc', text(content)).durable;
  await first.close();
  const { store, disk, takeovers } = await openFaulty(directory, { clock: IMPATIENT });
  await store.load('other'); // whose append then reads nothing
  const read = disk.read.bind(disk);
  let reads = 0;
  let isAway = false;
  disk.read = async (work) => {
    reads += 1;
    // The first read is for the compaction's history, the second is the look-up: then the outage begins.
    if (reads === 2) {
      isAway = true;
      void store.append('other', text('x')).durable.catch(() => {});
    }
    if (isAway && takeovers() === 0) throw new HeadwaterError('HW_STORE_UNAVAILABLE', 'away');
    return read(work);
  };
  disk.failTimes('write', 1);
  disk.beforeReopen = async () => {
    disk.beforeReopen = undefined;
    await read((db) => db.batch([...SOMEBODY_ELSE]));
  };

  const empty = Uint8Array.of(0);
  const update = Uint8Array.of(0, 0);
  const replaced = store.replaceSnapshot('doc', {
    sequence: 2,
    timeMs: 1,
    update,
    stateVector: empty,
    deleteSet: empty,
  });

  await expect(replaced).rejects.toMatchObject({ code: 'HW_STORE_UNAVAILABLE' });
  expect(await texts(store, 'doc')).toEqual(['new 1', 'new 2']);
  expect((await store.load('doc')).snapshot).toBeUndefined();
  await store.close();
}, 20_000);

test('a host whose store another process had for a while greets its clients anew, in another epoch', async () => {
  const { store: own, disk } = await openFaulty(await temporaryDirectory());
  const { address } = await serve(own);
  const store = await connectTo(address.port);
  onTestFinished(() => own.close());
  await store.append('doc', text('one')).durable;
  const { epoch } = store;
  disk.failTimes('write', 1);
  disk.beforeReopen = async () => {
    disk.beforeReopen = undefined;
    await disk.read((db) =>
      db.batch([
        { type: 'put', key: META_KEYS.owner, value: encodeMeta('somebody else') },
        { type: 'put', key: logKey(1, 2), value: encodeLogRecord(TIME_MS, text('theirs').entries) },
      ]),
    );
  };

  const mine = store.append('doc', text('mine'));

  expect(await mine.durable).toBe(3);
  expect(store.epoch).toBe(epoch + 1);
  expect(await texts(store, 'doc')).toEqual(['one', 'theirs', 'mine']);
});
