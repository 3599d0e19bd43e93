import type {
  DocumentStore,
  HistoryChange,
  KeyFrame,
  LogRecord,
  NamedVersion,
  RecordBlock,
  Retention,
  Snapshot,
} from '@headwater/persistence';
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';

/** Opens a fresh, empty store. */
type OpenStore = (options?: { readonly retention?: Retention }) => Promise<DocumentStore>;

const TIME_MS = 1_700_000_000_000;

/** What every store keeps to as a `HistoryStore`. It never looks into an update, so these are any bytes. */
export function describeHistoryStore(storeName: string, open: OpenStore): void {
  describe(`${storeName} as a history store`, () => {
    test('a compaction keeps the records as they came, and what was appended since follows them', async () => {
      await using store = await open();
      const records = await append(store, 7);

      await store.replaceSnapshot('doc', snapshot(3));
      await store.replaceSnapshot('doc', snapshot(5));

      expect((await store.load('doc')).tail.map(({ sequence }) => sequence)).toEqual([6, 7]);
      const blocks = await blocksOf(store, { after: 0 });
      expect(blocks.flatMap((block) => block.records)).toEqual(records);
      expectGapless(blocks, 0, 7);
      expect(await store.history('doc')).toMatchObject({ sequence: 7, snapshotSequence: 5, keyFrames: [] });
    });

    test('the outline says what is in each stretch', async () => {
      await using store = await open();
      await append(store, 4);
      await store.replaceSnapshot('doc', snapshot(4));

      const { spans = [], versions, hasOwnRetention } = (await store.history('doc')) ?? {};

      const updateBytes = 2 * (1 + 2 + 3 + 4);
      expect(spans).toMatchObject([
        { after: 0, last: 4, records: 4, firstMs: TIME_MS + 1, lastMs: TIME_MS + 4, bytes: updateBytes },
      ]);
      expect(spans[0]?.storedBytes).toBeGreaterThan(0);
      expect(versions).toEqual([]);
      expect(hasOwnRetention).toBe(false);
    });

    test('any range gives the records in it, wherever they lie', async () => {
      await using store = await open();
      const records = await append(store, 30);
      for (const upTo of [4, 5, 17, 22]) await store.replaceSnapshot('doc', snapshot(upTo));

      await fc.assert(
        fc.asyncProperty(fc.nat({ max: 32 }), fc.option(fc.nat({ max: 32 })), async (after, upTo) => {
          const blocks = await blocksOf(store, { after, upTo: upTo ?? undefined });

          const end = Math.min(upTo ?? 30, 30);
          const wanted = records.filter(({ sequence }) => sequence > after && sequence <= end);
          expect(blocks.flatMap((block) => block.records)).toEqual(wanted);
          if (wanted.length > 0) expectGapless(blocks, after, end);
        }),
      );
    });

    test('compactions that run at once keep every record once', async () => {
      await using store = await open();
      const count = 40;
      const appended = append(store, count);
      const switches = Array.from({ length: count }, (_, index) => store.replaceSnapshot('doc', snapshot(index + 1)));

      const records = await appended;
      await Promise.all(switches);

      expect((await store.load('doc')).snapshot?.sequence).toBe(count);
      expect((await blocksOf(store, { after: 0 })).flatMap((block) => block.records)).toEqual(records);
    });

    test('a reader that is in the middle while the store compacts misses nothing', async () => {
      await using store = await open();
      const records = await append(store, 20);
      await store.replaceSnapshot('doc', snapshot(4));

      const seen: LogRecord[] = [];
      for await (const block of store.recordBlocks('doc', { after: 0 })) {
        seen.push(...block.records);
        await store.replaceSnapshot('doc', snapshot(Math.min(20, (seen.at(-1)?.sequence ?? 0) + 6)));
      }

      expect(seen).toEqual(records);
    });

    test('the snapshot can be had as a key frame, with the time of its last record', async () => {
      await using store = await open();
      await append(store, 3);
      await store.replaceSnapshot('doc', snapshot(2, bytes(8, 8)));

      expect(await store.keyFrame('doc', 2)).toEqual({
        sequence: 2,
        timeMs: TIME_MS + 2,
        authors: [],
        update: bytes(8, 8),
      });
      expect(await store.keyFrame('doc', 1)).toBeUndefined();
    });

    test('a snapshot becomes a key frame once the log before it has outgrown it, and not before', async () => {
      await using store = await open();
      const big = new Uint8Array(20_000);
      const frames = async (): Promise<number[] | undefined> =>
        (await store.history('doc'))?.keyFrames.map(({ sequence }) => sequence);

      await append(store, 1, big);
      await store.replaceSnapshot('doc', snapshot(1, bytes(1)));
      await append(store, 1, big);
      await store.replaceSnapshot('doc', snapshot(2, bytes(2)));
      expect(await frames()).toEqual([]); // 20 kB are quicker applied than a key frame is read

      await append(store, 1, big);
      await store.replaceSnapshot('doc', snapshot(3, new Uint8Array(90_000).fill(3)));
      expect(await frames()).toEqual([2]);

      await append(store, 1, big);
      await store.replaceSnapshot('doc', snapshot(4, bytes(4)));
      expect(await frames()).toEqual([2]); // 20 kB of log since
      expect(await store.keyFrame('doc', 2)).toMatchObject({ timeMs: TIME_MS + 1, update: bytes(2) });
    });

    test('with a retention of none a compaction keeps nothing, and history begins again with the snapshot', async () => {
      await using store = await open({ retention: 'none' });
      await append(store, 3);
      await store.replaceSnapshot('doc', snapshot(2, bytes(2)));
      expect(await store.history('doc')).toMatchObject({ spans: [], keyFrames: [], retention: 'none' });

      await store.changeHistory('doc', { retention: { keepAllMs: 1, tiers: [], maxBytes: 10 } });
      await append(store, 1);
      await store.replaceSnapshot('doc', snapshot(4));

      const outline = await store.history('doc');
      expect(outline).toMatchObject({ hasOwnRetention: true, retention: { keepAllMs: 1, tiers: [], maxBytes: 10 } });
      expect(outline?.spans.map(({ after, last }) => [after, last])).toEqual([[2, 4]]);
      expect(await store.keyFrame('doc', 2)).toMatchObject({ update: bytes(2) });

      await store.changeHistory('doc', { retention: null });
      expect(await store.history('doc')).toMatchObject({ hasOwnRetention: false, retention: 'none' });
    });

    test('a document may have no history although its neighbours have', async () => {
      await using store = await open();
      await append(store, 2);
      await append(store, 2, undefined, 'other');
      await store.changeHistory('doc', { retention: 'none' });

      await store.replaceSnapshot('doc', snapshot(2));
      await store.replaceSnapshot('other', snapshot(2));

      expect(await store.history('doc')).toMatchObject({ spans: [], retention: 'none', hasOwnRetention: true });
      expect((await store.history('other'))?.spans).toHaveLength(1);
    });

    test('key frames are added and removed, one of any length', async () => {
      await using store = await open();
      await append(store, 5);
      const big = frame(
        4,
        Uint8Array.from({ length: 200_000 }, (_, index) => (index * index * 31) >> 7),
      );

      await store.changeHistory('doc', { addKeyFrames: [frame(2, bytes(2), ['ada', 'bob']), big] });
      expect(await store.keyFrame('doc', 2)).toEqual(frame(2, bytes(2), ['ada', 'bob']));
      expect(await store.keyFrame('doc', 4)).toEqual(big);

      await store.changeHistory('doc', { addKeyFrames: [frame(4, bytes(4))], removeKeyFrames: [2] });
      expect(await store.keyFrame('doc', 2)).toBeUndefined();
      expect(await store.keyFrame('doc', 4)).toEqual(frame(4, bytes(4)));
      expect((await store.history('doc'))?.keyFrames.map(({ sequence }) => sequence)).toEqual([4]);
    });

    test('the caller may reuse the buffer of a key frame', async () => {
      await using store = await open();
      await append(store, 2);
      const updates = [bytes(1), bytes(2)];

      const changing = store.changeHistory('doc', {
        addKeyFrames: updates.map((update, index) => frame(index + 1, update)),
      });
      for (const update of updates) update.fill(9);
      await changing;

      expect((await store.keyFrame('doc', 1))?.update).toEqual(bytes(1));
      expect((await store.keyFrame('doc', 2))?.update).toEqual(bytes(2));
    });

    test('records go up to a sequence, in whole stretches, and show as a gap', async () => {
      await using store = await open();
      await append(store, 2);
      await store.replaceSnapshot('doc', snapshot(2));
      await store.changeHistory('doc', { addKeyFrames: [frame(2)] }); // where a stretch ends
      await append(store, 3);
      await store.replaceSnapshot('doc', snapshot(5));
      await append(store, 1);

      await store.changeHistory('doc', { removeRecordsThrough: 3 });

      const blocks = await blocksOf(store, { after: 0 });
      expect(blocks[0]?.after).toBe(2);
      expectGapless(blocks, 2, 6);
    });

    test('a named version keeps its key frame until it is deleted', async () => {
      await using store = await open();
      await append(store, 3);
      await store.changeHistory('doc', {
        addKeyFrames: [frame(1), frame(2)],
        addVersions: [version('v2', 2), version('v1', 1)],
      });
      expect((await store.history('doc'))?.versions).toEqual([version('v1', 1), version('v2', 2)]);

      await store.changeHistory('doc', { removeKeyFrames: [1, 2], removeVersions: ['v1'] });

      const outline = await store.history('doc');
      expect(outline?.versions).toEqual([version('v2', 2)]);
      expect(outline?.keyFrames.map(({ sequence }) => sequence)).toEqual([2]);
    });

    test('a version is renamed; renaming one that is gone brings nothing back', async () => {
      await using store = await open();
      await append(store, 1);
      await store.changeHistory('doc', { addKeyFrames: [frame(1)], addVersions: [version('v', 1), version('w', 1)] });
      await store.changeHistory('doc', { removeVersions: ['w'] });

      await store.changeHistory('doc', {
        renameVersions: new Map([
          ['v', 'new'],
          ['w', 'x'],
        ]),
      });

      expect((await store.history('doc'))?.versions).toEqual([{ ...version('v', 1), label: 'new' }]);
    });

    test('a change that cannot be is refused, and none of it is made', async () => {
      await using store = await open();
      await append(store, 2);
      const refused: readonly (readonly [HistoryChange, string])[] = [
        [{ addKeyFrames: [frame(1), frame(3)] }, 'HW_MOMENT_UNKNOWN'],
        [{ addKeyFrames: [frame(1)], addVersions: [version('v', 2)] }, 'HW_MOMENT_UNKNOWN'],
      ];

      for (const [change, code] of refused) {
        await expect(store.changeHistory('doc', change)).rejects.toMatchObject({ code });
      }

      expect(await store.history('doc')).toMatchObject({ keyFrames: [], versions: [] });
      await expect(store.changeHistory('nobody', {})).rejects.toMatchObject({ code: 'HW_DOCUMENT_UNKNOWN' });
    });

    test('attribution adds up, and goes when it is told to', async () => {
      await using store = await open();
      await append(store, 4);
      const early = { client: 1, clock: 0, length: 5, author: 'ada', timeMs: TIME_MS };
      const late = { client: 2 ** 31, clock: 5, length: 2, author: 'bob 😀', timeMs: TIME_MS - 7 };

      await store.changeHistory('doc', { removeRecordsThrough: 1, addAttribution: [early, late] });
      await store.changeHistory('doc', { removeRecordsThrough: 2, addAttribution: [late] });
      expect(await store.attribution('doc')).toEqual([early, late, late]);

      await store.changeHistory('doc', { removeAttribution: true });
      expect(await store.attribution('doc')).toEqual([]);
    });

    test('nothing of a deleted document is left for the next one of its name', async () => {
      await using store = await open();
      await append(store, 2);
      await store.replaceSnapshot('doc', snapshot(2));
      await store.changeHistory('doc', {
        addKeyFrames: [frame(1)],
        addVersions: [version('v', 1)],
        addAttribution: [{ client: 1, clock: 0, length: 1, author: 'ada', timeMs: TIME_MS }],
        retention: 'none',
      });

      await store.delete('doc', { allowReuse: true });
      expect(await store.history('doc')).toBeUndefined();
      const records = await append(store, 1);

      expect(await store.history('doc')).toMatchObject({ spans: [], keyFrames: [], versions: [], sequence: 1 });
      expect(await store.history('doc')).toMatchObject({ hasOwnRetention: false });
      expect(await store.attribution('doc')).toEqual([]);
      expect((await blocksOf(store, { after: 0 })).flatMap((block) => block.records)).toEqual(records);
    });

    test('a change on its way to a document that is deleted does not reach the next one', async () => {
      await using store = await open();
      await append(store, 1);

      const changing = store.changeHistory('doc', { addKeyFrames: [frame(1)] }).catch((error: unknown) => error);
      const deleting = store.delete('doc', { allowReuse: true });
      await append(store, 1);
      await Promise.all([changing, deleting]);

      expect((await store.history('doc'))?.keyFrames).toEqual([]);
    });

    test('a document nobody wrote has no history', async () => {
      await using store = await open();

      expect(await store.history('never')).toBeUndefined();
      expect(await blocksOf(store, { after: 0 }, 'never')).toEqual([]);
      expect(await store.keyFrame('never', 0)).toBeUndefined();
      expect(await store.attribution('never')).toEqual([]);
    });

    test('a bad name and a closed store are refused everywhere', async () => {
      const store = await open();
      const calls = (name: string): Promise<unknown>[] => [
        store.history(name),
        blocksOf(store, { after: 0 }, name),
        store.keyFrame(name, 1),
        store.attribution(name),
        store.changeHistory(name, {}),
      ];

      for (const call of calls('')) await expect(call).rejects.toMatchObject({ code: 'HW_NAME_INVALID' });
      await store.close();
      for (const call of calls('doc')) await expect(call).rejects.toMatchObject({ code: 'HW_STORE_CLOSED' });
    });
  });
}

/** Appends records that can be told apart: of two entries each, longer with every record. */
async function append(store: DocumentStore, count: number, update?: Uint8Array, name = 'doc'): Promise<LogRecord[]> {
  const appends = Array.from({ length: count }, async (_, index): Promise<LogRecord> => {
    const of = update ?? new Uint8Array(index + 1).fill(index);
    const entries = [
      { update: of, author: `author ${index % 3}` },
      ...(update === undefined ? [{ update: of, author: 'ada 😀' }] : []),
    ];
    const timeMs = TIME_MS + index + 1;
    return { sequence: await store.append(name, { timeMs, entries }).written, timeMs, entries };
  });
  return Promise.all(appends);
}

async function blocksOf(
  store: DocumentStore,
  range: Parameters<DocumentStore['recordBlocks']>[1],
  name = 'doc',
): Promise<RecordBlock[]> {
  const blocks: RecordBlock[] = [];
  for await (const block of store.recordBlocks(name, range)) blocks.push(block);
  return blocks;
}

function expectGapless(blocks: readonly RecordBlock[], after: number, last: number): void {
  expect(blocks.map((block) => block.after)).toEqual([after, ...blocks.map((block) => block.last)].slice(0, -1));
  expect(blocks.at(-1)?.last).toBe(last);
}

function bytes(...values: number[]): Uint8Array {
  return Uint8Array.from(values);
}

function frame(sequence: number, update: Uint8Array = bytes(0, 0), authors: readonly string[] = []): KeyFrame {
  return { sequence, timeMs: TIME_MS + sequence, authors, update };
}

function version(id: string, sequence: number): NamedVersion {
  return { id, label: `label of ${id}`, author: 'ada', createdMs: TIME_MS, sequence };
}

function snapshot(sequence: number, update: Uint8Array = bytes(0, 0)): Snapshot {
  return { sequence, update, stateVector: bytes(0), deleteSet: bytes(0), timeMs: TIME_MS + 50_000 };
}
