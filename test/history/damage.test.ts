import { DocumentHistory, LevelStore } from '@headwater/persistence';
import { describe, expect, test } from 'vitest';
import { encodedStateOf } from '../../persistence/src/history/historic-state.ts';
import {
  chunkKey,
  chunkRange,
  chunkRecordsKey,
  documentRange,
  keyFrameKey,
  keyFramePartKey,
  keyFrameRange,
  logKey,
  numberOfKey,
  retentionKey,
  versionKey,
} from '../../persistence/src/level-keys.ts';
import type { LevelDatabase } from '../../persistence/src/level-open.ts';
import { visibleContent } from '../content/visible-content.ts';
import { withLevel } from '../persistence/level-fixtures.ts';
import { temporaryDirectory } from '../persistence/temporary-directory.ts';
import { compact, recordSession } from './session.ts';

const COUNT = 120;
const session = recordSession(21, COUNT, { bulk: true });

interface Written {
  readonly directory: string;
  /** Sequences of its key frames, and of the ends of its chunks. */
  readonly frames: readonly number[];
  readonly chunks: readonly number[];
}

/** Document 1, `doc`, compacted every ten records, with key frames in between. */
async function writtenStore(): Promise<Written> {
  const directory = await temporaryDirectory();
  const store = await LevelStore.open(directory);
  for (const { timeMs, entries, sequence } of session.records) {
    await store.append('doc', { timeMs, entries }).written;
    if (sequence % 10 === 0 && sequence < COUNT) await compact(store, 'doc');
  }
  await store.close();
  return withLevel(directory, async (db) => {
    const frames = (await db.keys(keyFrameRange(1)).all()).map(numberOfKey);
    const chunks = (await db.keys(chunkRange(1)).all()).map(numberOfKey);
    expect(frames.length).toBeGreaterThanOrEqual(2);
    expect(chunks.length).toBeGreaterThanOrEqual(3);
    return { directory, frames, chunks };
  });
}

describe('of a damaged history', () => {
  test.each([
    ['retention', retentionKey(1)],
    ['version', versionKey(1, 'some-id')],
  ])('a %s of its own that cannot be read costs nothing else', async (_, key) => {
    const { directory } = await writtenStore();
    await withLevel(directory, (db) => db.put(key, Uint8Array.of(1, 255)));

    await using store = await LevelStore.open(directory);
    await compact(store, 'doc');

    await expectStates(store, 0, COUNT);
    expect((await store.history('doc'))?.sequence).toBe(COUNT);
  });

  test('a chunk without its header costs the moments in it, and no others', async () => {
    const { directory, frames, chunks } = await writtenStore();
    const first = chunks[0] ?? 0;
    await withLevel(directory, (db) => db.put(chunkKey(1, first), Uint8Array.of(1, 255)));

    await using store = await LevelStore.open(directory);

    await expectStates(store, frames.find((frame) => frame >= first) ?? COUNT, COUNT);
    await compact(store, 'doc');
    await expectStates(store, COUNT, COUNT);
    expect((await store.history('doc'))?.snapshotSequence).toBe(COUNT);
  });

  test('a state that does not load is no empty document', () => {
    const broken = Uint8Array.of(1, 1, 20, 0, 0x84, 9, 0, 1, 120, 0).subarray(0, 6);

    expect(() => encodedStateOf([broken])).toThrow(expect.objectContaining({ code: 'HW_STORE_CORRUPT' }));
    expect(encodedStateOf([Uint8Array.of(0, 0), broken])).toEqual(Uint8Array.of(0, 0));
  });

  test.each([
    ['with a part missing', (db: LevelDatabase, frame: number) => db.del(keyFramePartKey(1, frame, 0))],
    ['with a bit flipped', (db: LevelDatabase, frame: number) => flip(db, keyFramePartKey(1, frame, 0))],
    [
      'with a damaged header',
      (db: LevelDatabase, frame: number) => db.put(keyFrameKey(1, frame), Uint8Array.of(1, 255)),
    ],
    ['that is gone', (db: LevelDatabase, frame: number) => db.del(keyFrameKey(1, frame))],
  ])('a key frame %s is done without: an older one leads to every moment', async (_, damage) => {
    const { directory, frames } = await writtenStore();
    const frame = frames.at(-1) ?? 0;
    await withLevel(directory, (db) => damage(db, frame));

    await using store = await LevelStore.open(directory);

    await expectStates(store, frame, COUNT);
    expect((await store.load('doc')).tail).toHaveLength(10);
  });

  test('every key frame may be damaged', async () => {
    const { directory, frames } = await writtenStore();
    await withLevel(directory, async (db) => {
      for (const frame of frames) await flip(db, keyFramePartKey(1, frame, 0));
    });

    await using store = await LevelStore.open(directory);

    for (const frame of frames) {
      await expect(store.keyFrame('doc', frame)).rejects.toMatchObject({ code: 'HW_STORE_CORRUPT' });
    }
    await expectStates(store, 0, COUNT);
  });

  test.each([
    ['with a bit flipped', (db: LevelDatabase, last: number) => flip(db, chunkRecordsKey(1, last)), /checksum/],
    ['without its records', (db: LevelDatabase, last: number) => db.del(chunkRecordsKey(1, last)), /is missing/],
  ])('a chunk %s costs the moments in it, by name, and no others', async (_, damage, message) => {
    const { directory, frames, chunks } = await writtenStore();
    const last = chunks.find((end) => end > (frames[0] ?? 0)) ?? 0;
    const nextFrame = frames.find((frame) => frame >= last) ?? COUNT - 10;
    const frameBefore = frames.findLast((frame) => frame < last) ?? 0;
    const first = (chunks.findLast((end) => end < last) ?? 0) + 1;
    await withLevel(directory, (db) => damage(db, last));

    await using store = await LevelStore.open(directory);
    const history = new DocumentHistory(store);

    await expectStates(store, 0, first - 1);
    await expectStates(store, nextFrame, COUNT);
    for (let moment = Math.max(first, frameBefore + 1); moment < nextFrame; moment += 1) {
      const going = history.stateAt('doc', moment);
      await expect(going).rejects.toMatchObject({ code: 'HW_STORE_CORRUPT' });
      await expect(going).rejects.toThrow(message);
      await expect(going).rejects.toThrow('"doc"');
    }
  });

  test.each([
    ['the header of a key frame', (frames: readonly number[]) => keyFrameKey(1, frames.at(-1) ?? 0)],
    ['the header of the last chunk', (_: unknown, chunks: readonly number[]) => chunkKey(1, chunks.at(-1) ?? 0)],
    [
      'the records of the last chunk',
      (_: unknown, chunks: readonly number[]) => chunkRecordsKey(1, chunks.at(-1) ?? 0),
    ],
  ])('%s does not keep the document from being compacted', async (_, keyOf) => {
    const { directory, frames, chunks } = await writtenStore();
    await withLevel(directory, (db) => db.put(keyOf(frames, chunks), Uint8Array.of(1, 255)));
    await using store = await LevelStore.open(directory);

    await compact(store, 'doc');

    const { snapshot, tail } = await store.load('doc');
    expect([snapshot?.sequence, tail]).toEqual([COUNT, []]);
    const records: number[] = [];
    for await (const block of store.recordBlocks('doc', { after: COUNT - 10 })) {
      records.push(...block.records.map(({ sequence }) => sequence));
    }
    expect(records).toEqual(Array.from({ length: 10 }, (__, index) => COUNT - 9 + index));
  });

  test('a log record that cannot be read does not keep the document from being compacted, nor the rest from history', async () => {
    const { directory } = await writtenStore();
    const { store, last } = await withDamagedRecord(directory, 115);

    await store.replaceSnapshot('doc', { ...last, sequence: COUNT });
    await store.append('doc', { timeMs: 1, entries: [] }).written;

    const history = new DocumentHistory(store);
    await expectStates(store, 0, 114);
    await expectStates(store, COUNT, COUNT);
    await expect(history.stateAt('doc', 117)).rejects.toMatchObject({ code: 'HW_MOMENT_UNKNOWN' });
    await store.close();
  });
});

test('a store from before there was history opens, and its history begins with its snapshot', async () => {
  const { directory } = await writtenStore();
  await withLevel(directory, async (db) => {
    for await (const key of db.keys(documentRange(1))) if ('acfoprv'.includes(kindOf(key))) await db.del(key);
  });

  await using store = await LevelStore.open(directory);
  const history = new DocumentHistory(store);
  const start = COUNT - 10;
  expect(await store.history('doc')).toMatchObject({ spans: [], keyFrames: [], versions: [], snapshotSequence: start });
  await expectStates(store, start, COUNT);
  await expect(history.stateAt('doc', start - 1)).rejects.toThrow(`next to it are 0 and ${start}`);

  await compact(store, 'doc', COUNT - 5);
  await compact(store, 'doc', COUNT);

  expect((await store.history('doc'))?.keyFrames.map(({ sequence }) => sequence)).toContain(start);
  await expectStates(store, start, COUNT);
  expect((await history.moments('doc')).map(({ sequence, kind }) => [sequence, kind])).toEqual([
    [start, 'state'],
    ...Array.from({ length: 10 }, (_, index) => [start + 1 + index, 'record']),
  ]);
});

async function withDamagedRecord(directory: string, sequence: number) {
  const whole = await LevelStore.open(directory);
  const state = await new DocumentHistory(whole).stateAt('doc', COUNT);
  const last = { update: state.update, stateVector: new Uint8Array(1), deleteSet: new Uint8Array(1), timeMs: 1 };
  await whole.close();
  await withLevel(directory, (db) => db.put(logKey(1, sequence), Uint8Array.of(1, 255)));
  return { store: await LevelStore.open(directory), last };
}

async function expectStates(store: LevelStore, from: number, to: number): Promise<void> {
  const history = new DocumentHistory(store);
  for (let moment = from; moment <= to; moment += 1) {
    const state = await history.stateAt('doc', moment);
    expect(visibleContent(state.doc()), `moment ${moment}`).toEqual(session.contents[moment]);
  }
}

/** In the middle, so that it is no length and no format number. */
async function flip(db: LevelDatabase, key: Uint8Array): Promise<void> {
  const value = await db.get(key);
  if (value === undefined) throw new Error('there is nothing to damage');
  const damaged = Uint8Array.from(value);
  const at = damaged.length >> 1;
  damaged[at] = (damaged[at] ?? 0) ^ 0x10;
  await db.put(key, damaged);
}

function kindOf(key: Uint8Array): string {
  return String.fromCharCode(key[7] ?? 0);
}
