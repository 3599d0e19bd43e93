import type {
  DeletedDocument,
  DocumentChange,
  DocumentInfo,
  DocumentStore,
  LogEntry,
  QuarantinedUpdate,
  Snapshot,
} from '@headwater/persistence';
import { HeadwaterError } from '@headwater/protocol';
import fc from 'fast-check';
import { afterAll, beforeAll, describe, expect, test, vi } from 'vitest';
import * as Y from 'yjs';
import { runs } from '../support/soak.ts';

/** Opens a fresh, empty store. */
export type OpenStore = () => Promise<DocumentStore>;

const AUTHOR = 'ada';
const TIME_MS = 1_700_000_000_000;

/** Names that are trouble for something that is not a plain map: paths, prefixes, separators, prototypes. */
const ODD_NAMES = [
  'a',
  'a/b',
  'a/b/../../c',
  'aa',
  'ab',
  '\u0001',
  'a\u0001',
  'a\u0001b',
  '\uffff',
  '\u{1f600}',
  'z\u{1f600}/x',
  'é',
  'e\u0301',
  ' ',
  '.',
  '..',
  '__proto__',
  'constructor',
  'meta/format',
  '\u{10ffff}',
  'x'.repeat(1024),
  '€'.repeat(341),
];

/**
 * What every {@link DocumentStore} keeps to. `open` gives a new, empty store each time; a property runs on many
 * documents of one store.
 */
export function describeDocumentStore(storeName: string, open: OpenStore): void {
  describe(`${storeName} as a document store`, () => {
    describe('appending', () => {
      test('a document nobody wrote is empty', async () => {
        await using store = await open();

        expect(await store.load('never')).toEqual({ documentId: 0, snapshot: undefined, tail: [], waiting: [] });
        expect(await store.info('never')).toBeUndefined();
        expect(await store.quarantined('never')).toEqual([]);
        expect(await store.delete('never')).toBe(false);
      });

      test('records are numbered from 1 in the order of the calls, in each document', async () => {
        await using store = await open();

        const sequences = await Promise.all(
          ['a', 'b', 'a', 'a', 'b'].map((name, index) => store.append(name, change([bytes(index)])).written),
        );

        expect(sequences).toEqual([1, 1, 2, 3, 2]);
        const { tail } = await store.load('a');
        expect(tail.map(({ sequence }) => sequence)).toEqual([1, 2, 3]);
        expect(tail.flatMap(({ entries }) => entries.map(({ update }) => [...update]))).toEqual([[0], [2], [3]]);
      });

      test('a record keeps its updates, their authors and its time', async () => {
        await using store = await open();
        const entries = [
          entry(bytes(1, 2), 'ada'),
          entry(bytes(), 'bob 😀'),
          entry(bytes(3), 'ada'),
          entry(bytes(4), ''),
        ];

        await store.append('doc', { timeMs: TIME_MS, entries }).durable;

        expect((await store.load('doc')).tail).toEqual([{ sequence: 1, timeMs: TIME_MS, entries }]);
      });

      test('durable resolves with the sequence that written resolved with', async () => {
        await using store = await open();
        await store.append('doc', change([bytes(1)])).durable;

        const { written, durable } = store.append('doc', change([bytes(2)]));

        expect(await written).toBe(2);
        expect(await durable).toBe(2);
      });

      test('loading sees what was appended before, written or not', async () => {
        await using store = await open();

        void store.append('doc', change([bytes(1)])).written;
        const first = store.load('doc');
        void store.append('doc', change([bytes(2)])).written;
        const second = store.load('doc');

        expect((await first).tail.length).toBeGreaterThanOrEqual(1);
        expect((await second).tail).toHaveLength(2);
      });

      test('the caller may reuse its buffers', async () => {
        await using store = await open();
        const update = bytes(1);
        const waitingUpdate = bytes(2);

        const { written } = store.append('doc', { ...change([update]), addWaiting: [entry(waitingUpdate)] });
        update.fill(9);
        waitingUpdate.fill(9);
        await written;

        const { tail, waiting } = await store.load('doc');
        expect(tail[0]?.entries[0]?.update).toEqual(bytes(1));
        expect(waiting[0]?.update).toEqual(bytes(2));
      });

      test('a change without entries adds no record and reports the last sequence', async () => {
        await using store = await open();

        expect(await store.append('nobody', change([])).written).toBe(0);
        expect(await store.info('nobody')).toBeUndefined();
        await store.append('doc', change([bytes(1)])).written;
        expect(await store.append('doc', change([])).durable).toBe(1);
      });

      test('a thousand documents of one turn are all stored', async () => {
        await using store = await open();
        const names = Array.from({ length: 1_000 }, (_, index) => `doc-${index}`);

        const appends = names.map((name) => store.append(name, change([bytes(1)])));

        expect(await Promise.all(appends.map(({ durable }) => durable))).toEqual(names.map(() => 1));
        expect(await listed(store)).toEqual([...names].sort());
        expect(store.health).toEqual({ status: 'ok', unsavedBytes: 0 });
      });
    });

    describe('updates that wait', () => {
      test('one added twice is stored once, and leaves by its bytes', async () => {
        await using store = await open();

        await store.append('doc', waits([bytes(1), bytes(2), bytes(1)])).written;
        await store.append('doc', waits([bytes(2)])).written;
        expect(waitingBytes((await store.load('doc')).waiting)).toEqual([[1], [2]]);

        await store.append('doc', { ...change([]), removeWaiting: [bytes(1), bytes(7)] }).written;
        const { waiting, tail } = await store.load('doc');
        expect(waiting).toEqual([entry(bytes(2))]);
        expect(tail).toEqual([]);
      });

      test('one that is added and removed by the same change does not wait', async () => {
        await using store = await open();

        await store.append('doc', { ...waits([bytes(1)]), removeWaiting: [bytes(1)] }).written;

        expect((await store.load('doc')).waiting).toEqual([]);
      });

      test('a document may consist of nothing else', async () => {
        await using store = await open();

        expect(await store.append('doc', waits([bytes(1)])).written).toBe(0);

        expect(await store.info('doc')).toMatchObject({ sequence: 0, waitingUpdates: 1, tailRecords: 0 });
        expect(await listed(store)).toEqual(['doc']);
      });

      test('they outlive a new snapshot', async () => {
        await using store = await open();
        await store.append('doc', { ...change([bytes(1)]), addWaiting: [entry(bytes(9))] }).written;

        await store.replaceSnapshot('doc', snapshot(1));

        expect(waitingBytes((await store.load('doc')).waiting)).toEqual([[9]]);
      });
    });

    describe('snapshots', () => {
      test('a new one takes the place of the records it contains', async () => {
        await using store = await open();
        for (let n = 1; n <= 5; n += 1) await store.append('doc', change([bytes(n)])).written;

        await store.replaceSnapshot('doc', snapshot(3, bytes(1, 2, 3)));

        const loaded = await store.load('doc');
        expect(loaded.snapshot).toEqual(snapshot(3, bytes(1, 2, 3)));
        expect(loaded.tail.map(({ sequence }) => sequence)).toEqual([4, 5]);
        expect(await store.append('doc', change([bytes(6)])).written).toBe(6);
      });

      test('sequences go on after one that contains the whole log', async () => {
        await using store = await open();
        await store.append('doc', change([bytes(1)])).written;
        await store.replaceSnapshot('doc', snapshot(1));

        expect(await store.append('doc', change([bytes(2)])).written).toBe(2);

        expect((await store.load('doc')).tail.map(({ sequence }) => sequence)).toEqual([2]);
      });

      test('an older one is ignored, with what it would put in quarantine; one of the same sequence is not', async () => {
        await using store = await open();
        for (let n = 1; n <= 3; n += 1) await store.append('doc', change([bytes(n)])).written;
        await store.replaceSnapshot('doc', snapshot(2, bytes(2)));

        await store.replaceSnapshot('doc', snapshot(1, bytes(1)), [quarantined('late')]);
        expect((await store.load('doc')).snapshot?.update).toEqual(bytes(2));
        expect(await store.quarantined('doc')).toEqual([]);

        await store.replaceSnapshot('doc', snapshot(2, bytes(22)));
        expect((await store.load('doc')).snapshot?.update).toEqual(bytes(22));
      });

      test('one that reaches past the log, or of a document that is gone, is refused', async () => {
        await using store = await open();
        await store.append('doc', change([bytes(1)])).written;

        await expect(store.replaceSnapshot('doc', snapshot(2))).rejects.toMatchObject({ code: 'HW_DOCUMENT_UNKNOWN' });
        await store.delete('doc');
        await expect(store.replaceSnapshot('doc', snapshot(1))).rejects.toMatchObject({ code: 'HW_DOCUMENT_UNKNOWN' });
        expect(await store.info('doc')).toBeUndefined();
      });

      test('a reader sees the old one with its tail or the new one with its own, never a mixture', async () => {
        await using store = await open();
        const count = 40;
        for (let n = 1; n <= count; n += 1) void store.append('doc', change([bytes(n)])).written;

        const switches = Array.from({ length: count }, (_, index) => store.replaceSnapshot('doc', snapshot(index + 1)));
        const seen = await Promise.all(
          Array.from({ length: count }, async () => {
            await new Promise(setImmediate);
            const { snapshot: found, tail } = await store.load('doc');
            return [found?.sequence ?? 0, ...tail.map(({ sequence }) => sequence)];
          }),
        );
        await Promise.all(switches);

        for (const [start = 0, ...rest] of seen) {
          expect(rest).toEqual(Array.from({ length: count - start }, (_, index) => start + 1 + index));
        }
      });

      test('what is quarantined with them adds up', async () => {
        await using store = await open();
        for (let n = 1; n <= 2; n += 1) await store.append('doc', change([bytes(n)])).written;

        await store.replaceSnapshot('doc', snapshot(1), [quarantined('one'), quarantined('two')]);
        await store.replaceSnapshot('doc', snapshot(2), [quarantined('three')]);

        expect(await store.quarantined('doc')).toEqual([quarantined('one'), quarantined('two'), quarantined('three')]);
        expect(await store.info('doc')).toMatchObject({ quarantinedUpdates: 3 });
      });
    });

    describe('listing', () => {
      let store: DocumentStore;
      const ordered = [...ODD_NAMES].sort((a, b) => Buffer.compare(Buffer.from(a), Buffer.from(b)));

      beforeAll(async () => {
        store = await open();
        await Promise.all(ODD_NAMES.map((name) => store.append(name, change([Buffer.from(name)])).written));
      });
      afterAll(() => store.close());

      test('documents come in the order of the UTF-8 of their names', async () => {
        expect(await listed(store)).toEqual(ordered);
      });

      test('every odd name has a document of its own', async () => {
        for (const name of ODD_NAMES) {
          const { tail } = await store.load(name);
          expect(tail.map(({ entries }) => Buffer.from(entries[0]?.update ?? bytes()).toString())).toEqual([name]);
        }
      });

      test('pages of any size add up to the whole list', async () => {
        for (const limit of [1, 3, ordered.length, 100]) {
          const names: string[] = [];
          let page = await listed(store, { limit });
          while (page.length > 0) {
            expect(page.length).toBeLessThanOrEqual(limit);
            names.push(...page);
            page = await listed(store, { limit, after: names.at(-1) });
          }
          expect(names).toEqual(ordered);
        }
      });

      test('a page may start after a name that does not exist, and have no room', async () => {
        expect(await listed(store, { after: 'a/a' })).toEqual(ordered.slice(ordered.indexOf('a/b')));
        expect(await listed(store, { after: '\u{10ffff}x' })).toEqual([]);
        expect(await listed(store, { limit: 0 })).toEqual([]);
      });

      test('a document says how big it is, and when it changed', async () => {
        for (let n = 1; n <= 4; n += 1)
          await store.append('sizes', { ...change([bytes(n)]), timeMs: n * 1_000 }).written;
        await store.replaceSnapshot('sizes', { ...snapshot(2, bytes(1, 2, 3, 4, 5)), timeMs: 9_000 });

        const info = await store.info('sizes');

        expect(info).toMatchObject({
          documentName: 'sizes',
          snapshotBytes: 5,
          tailRecords: 2,
          sequence: 4,
          createdMs: 1_000,
          updatedMs: 4_000,
          waitingUpdates: 0,
          quarantinedUpdates: 0,
        });
        expect(info?.tailBytes).toBeGreaterThanOrEqual(2);
        expect(await infos(store, { after: 'sizer', limit: 1 })).toEqual([info]);
        await store.delete('sizes');
      });
    });

    describe('how far logs reach', () => {
      test('each document has its own, in the order asked for; one nobody wrote has 0', async () => {
        await using store = await open();
        for (let n = 1; n <= 3; n += 1) await store.append('a', change([bytes(n)])).written;
        await store.append('b', waits([bytes(1)])).written;
        await store.append('c', change([bytes(1)])).written;
        await store.replaceSnapshot('a', snapshot(2));
        await store.replaceSnapshot('c', snapshot(1));

        expect(await lastSequences(store, ['c', 'never', 'a', 'b', 'a'])).toEqual([1, 0, 3, 0, 3]);
        expect(await lastSequences(store, [])).toEqual([]);
      });

      test('a deleted document starts again', async () => {
        await using store = await open();
        for (let n = 1; n <= 3; n += 1) await store.append('doc', change([bytes(n)])).written;

        await store.delete('doc', { allowReuse: true });
        expect(await lastSequences(store, ['doc'])).toEqual([0]);

        await store.append('doc', change([bytes(1)])).written;
        expect(await lastSequences(store, ['doc'])).toEqual([1]);
      });

      test('a document that is deleted and made anew is another one', async () => {
        await using store = await open();
        await store.append('doc', change([bytes(1)])).written;
        const { documentId } = await store.load('doc');
        expect(await store.logEnds(['doc'])).toMatchObject([{ documentId, sequence: 1 }]);
        await store.replaceSnapshot('doc', snapshot(1), [], documentId);

        await store.delete('doc', { allowReuse: true });
        expect(await store.logEnds(['doc'])).toMatchObject([{ documentId: 0, sequence: 0 }]);
        for (let n = 1; n <= 2; n += 1) await store.append('doc', change([bytes(n)])).written;

        const next = await store.load('doc');
        expect(next.documentId).not.toBe(documentId);
        expect(await store.logEnds(['doc'])).toMatchObject([{ documentId: next.documentId, sequence: 2 }]);
        const late = store.replaceSnapshot('doc', snapshot(2), [], documentId);
        await expect(late).rejects.toMatchObject({ code: 'HW_DOCUMENT_UNKNOWN' });
        expect(await store.load('doc')).toEqual(next);
      });

      test('what is asked while documents are written counts what was written before', async () => {
        await using store = await open();
        const names = Array.from({ length: 50 }, (_, index) => `doc-${index}`);
        await Promise.all(names.map((name) => store.append(name, change([bytes(1)])).written));

        const appends = names.map((name) => store.append(name, change([bytes(2)])).written);
        const found = await lastSequences(store, names);

        expect(found.every((sequence) => sequence === 1 || sequence === 2)).toBe(true);
        await Promise.all(appends);
        expect(await lastSequences(store, names)).toEqual(names.map(() => 2));
      });
    });

    describe('deleting', () => {
      test('nothing of a deleted document is left for the next one of its name', async () => {
        await using store = await open();
        await store.append('doc', { ...change([bytes(1)]), addWaiting: [entry(bytes(8))] }).written;
        await store.append('doc', change([bytes(2)])).written;
        await store.replaceSnapshot('doc', snapshot(1), [quarantined('old')]);

        expect(await store.delete('doc', { allowReuse: true })).toBe(true);
        expect(await store.info('doc')).toBeUndefined();
        expect(await listed(store)).toEqual([]);

        expect(await store.append('doc', change([bytes(3)])).written).toBe(1);
        const { snapshot: found, tail, waiting } = await store.load('doc');
        expect(found).toBeUndefined();
        expect(tail.map(({ entries }) => [...(entries[0]?.update ?? [])])).toEqual([[3]]);
        expect(waiting).toEqual([]);
        expect(await store.quarantined('doc')).toEqual([]);
      });

      test('it removes what was appended before the call and nothing that comes after', async () => {
        await using store = await open();

        void store.append('doc', change([bytes(1)])).written;
        const deleted = store.delete('doc', { allowReuse: true });
        const { written } = store.append('doc', change([bytes(2)]));

        expect(await deleted).toBe(true);
        expect(await written).toBe(1);
        expect((await store.load('doc')).tail.map(({ entries }) => [...(entries[0]?.update ?? [])])).toEqual([[2]]);
      });

      test('its neighbours stay', async () => {
        await using store = await open();
        for (const name of ['a', 'ab', 'b']) await store.append(name, change([bytes(1)])).written;

        await store.delete('a');

        expect(await listed(store)).toEqual(['ab', 'b']);
        expect((await store.load('ab')).tail).toHaveLength(1);
      });

      test('a deleted document cannot be brought back: it is no more there, and every later append is refused for good', async () => {
        await using store = await open();
        const deleted = { code: 'HW_DOCUMENT_DELETED' };
        await store.append('doc', { ...change([bytes(1)]), addWaiting: [entry(bytes(8))] }).written;
        await store.replaceSnapshot('doc', snapshot(1), [quarantined('old')]);

        expect(await store.delete('doc')).toBe(true);

        const unwaits: DocumentChange = { timeMs: TIME_MS, entries: [], removeWaiting: [bytes(8)] };
        for (const late of [change([bytes(2)]), waits([bytes(3)]), unwaits]) {
          const { written, durable } = store.append('doc', late);
          await expect(written).rejects.toMatchObject(deleted);
          await expect(durable).rejects.toMatchObject(deleted);
        }
        await expect(store.load('doc')).rejects.toMatchObject(deleted);
        expect(await store.logEnds(['doc', 'other'])).toMatchObject([
          { documentId: 0, sequence: 0, isDeleted: true },
          { documentId: 0, sequence: 0, isDeleted: false },
        ]);
        expect(await store.info('doc')).toBeUndefined();
        expect(await listed(store)).toEqual([]);
        expect(await store.quarantined('doc')).toEqual([]);
        expect(await store.history('doc')).toBeUndefined();
        const unknown = { code: 'HW_DOCUMENT_UNKNOWN' };
        await expect(store.replaceSnapshot('doc', snapshot(1))).rejects.toMatchObject(unknown);
        await expect(store.changeHistory('doc', { retention: 'none' })).rejects.toMatchObject(unknown);
        expect(store.health).toEqual({ status: 'ok', unsavedBytes: 0 });
      });

      test('of the edits of one turn, those before the deletion are removed, and those after it refused', async () => {
        await using store = await open();

        const before = store.append('doc', change([bytes(1)]));
        const deleting = store.delete('doc');
        const after = store.append('doc', change([bytes(2)]));
        const other = store.append('other', change([bytes(3)]));

        expect(await before.durable).toBe(1);
        await expect(after.durable).rejects.toMatchObject({ code: 'HW_DOCUMENT_DELETED' });
        expect(await other.durable).toBe(1);
        expect(await deleting).toBe(true);
        expect(await listed(store)).toEqual(['other']);
      });

      test('a name that nobody has used can be deleted, before somebody brings it', async () => {
        await using store = await open();

        expect(await store.delete('doc')).toBe(false);

        const { durable } = store.append('doc', change([bytes(1)]));
        await expect(durable).rejects.toMatchObject({ code: 'HW_DOCUMENT_DELETED' });
      });

      test('a name is free again when somebody allows that', async () => {
        await using store = await open();
        await store.append('doc', change([bytes(1)])).durable;
        await store.delete('doc');

        expect(await store.delete('doc', { allowReuse: true })).toBe(false);

        expect(await deletedNames(store)).toEqual([]);
        expect((await store.load('doc')).tail).toEqual([]);
        expect(await store.append('doc', change([bytes(2)])).durable).toBe(1);
        expect((await store.load('doc')).tail).toHaveLength(1);
      });

      test('a name becomes free only when its document was deleted as long ago as is asked for', async () => {
        await using store = await open();
        await store.append('doc', change([bytes(1)])).durable;
        const inAMinute = { allowReuse: true, deletedForMs: 60_000 };

        await expect(store.delete('doc', inAMinute)).rejects.toMatchObject({ code: 'HW_DOCUMENT_EXISTS' });
        expect((await store.load('doc')).tail).toHaveLength(1);

        await store.delete('doc');
        await expect(store.delete('doc', inAMinute)).rejects.toMatchObject({
          code: 'HW_DOCUMENT_DELETED',
          message: expect.stringMatching(/make its name free in (60|5\d) s$/),
        });
        expect(await deletedNames(store)).toEqual(['doc']);

        await vi.waitFor(() => store.delete('doc', { allowReuse: true, deletedForMs: 50 }));
        expect(await deletedNames(store)).toEqual([]);
        expect(await store.delete('never', inAMinute)).toBe(false);
      });

      test('what was deleted is listed by name, a part at a time, with the time of the first deletion', async () => {
        await using store = await open();
        const names = Array.from({ length: 120 }, (_, index) => `doc-${`${index}`.padStart(3, '0')}`);
        await Promise.all(names.map((name) => store.delete(name)));
        const [first] = await deletions(store, { limit: 1 });
        await store.delete('doc-000');
        await store.delete('doc-001', { allowReuse: true });
        await store.append('doc-0005', change([bytes(1)])).durable;

        expect(await deletedNames(store)).toEqual(names.filter((name) => name !== 'doc-001'));
        expect(await deletedNames(store, { after: 'doc-000x', limit: 2 })).toEqual(['doc-002', 'doc-003']);
        expect(await deletedNames(store, { after: 'doc-118' })).toEqual(['doc-119']);
        expect(await deletions(store, { limit: 1 })).toEqual([first]);
        expect(first?.deletedMs).toBeGreaterThan(0);
      });
    });

    describe('names', () => {
      test.each([
        ['an empty name', ''],
        ['a name over 1,024 bytes', 'x'.repeat(1025)],
        ['a name over 1,024 bytes of UTF-8', '€'.repeat(342)],
        ['half a surrogate pair', 'a\ud83d'],
        ['the other half', '\ude00b'],
        ['NUL', 'a\u0000b'],
      ])('%s is refused everywhere', async (_, name) => {
        await using store = await open();
        const invalid = { code: 'HW_NAME_INVALID' };

        const { written, durable } = store.append(name, change([bytes(1)]));

        await expect(written).rejects.toMatchObject(invalid);
        await expect(durable).rejects.toMatchObject(invalid);
        await expect(store.load(name)).rejects.toMatchObject(invalid);
        await expect(store.info(name)).rejects.toMatchObject(invalid);
        await expect(store.delete(name)).rejects.toMatchObject(invalid);
        await expect(store.quarantined(name)).rejects.toMatchObject(invalid);
        await expect(store.logEnds(['doc', name])).rejects.toMatchObject(invalid);
        await expect(store.replaceSnapshot(name, snapshot(1))).rejects.toMatchObject(invalid);
        expect(store.health.unsavedBytes).toBe(0);
      });
    });

    describe('closing', () => {
      test('everything appended before becomes durable', async () => {
        const store = await open();
        const appends = [1, 2, 3].map((n) => store.append(`doc-${n}`, change([bytes(n)])));

        await store.close();

        expect(await Promise.all(appends.map(({ durable }) => durable))).toEqual([1, 1, 1]);
      });

      test('a second close waits for the first', async () => {
        const store = await open();
        const { durable } = store.append('doc', change([bytes(1)]));
        let isDurable = false;
        void durable.then(() => {
          isDurable = true;
        });

        void store.close();
        await store.close();

        expect(isDurable).toBe(true);
        await store[Symbol.asyncDispose]();
      });

      test('a closed store refuses everything', async () => {
        const store = await open();
        await store.close();
        const closed = { code: 'HW_STORE_CLOSED' };

        const { written, durable } = store.append('doc', change([bytes(1)]));

        await expect(written).rejects.toMatchObject(closed);
        await expect(durable).rejects.toMatchObject(closed);
        await expect(store.load('doc')).rejects.toMatchObject(closed);
        await expect(store.info('doc')).rejects.toMatchObject(closed);
        await expect(store.delete('doc')).rejects.toMatchObject(closed);
        await expect(store.logEnds(['doc'])).rejects.toMatchObject(closed);
        await expect(listed(store)).rejects.toMatchObject(closed);
        await expect(deletions(store)).rejects.toMatchObject(closed);
        await expect(store.replaceSnapshot('doc', snapshot(1))).rejects.toBeInstanceOf(HeadwaterError);
      });
    });

    test('any order of edits, batches and snapshots loads to the state of one Y.Doc that saw every edit', async () => {
      await using store = await open();
      let documents = 0;

      await fc.assert(
        fc.asyncProperty(steps(), fc.infiniteStream(fc.nat()), async (plan, random) => {
          documents += 1;
          const name = `doc-${documents}`;
          const { updates, oracle } = record(plan);
          const order = shuffled(updates, random);
          while (order.length > 0) {
            const [size = 1, isAwaited = 0, compacts = 0] = [...random.take(3)].map((n) => n % 4);
            const { written } = store.append(name, change(order.splice(0, size + 1)));
            if (isAwaited === 0) await written;
            if (compacts === 0) await compact(store, name);
          }

          const loaded = await store.load(name);

          expect(docOf(loaded.snapshot, loaded.tail).toJSON()).toEqual(oracle.toJSON());
        }),
        { numRuns: runs(40) },
      );
    });
  });
}

interface Step {
  readonly replica: number;
  readonly position: number;
  readonly text: string;
  readonly deletes: number;
}

function steps(): fc.Arbitrary<Step[]> {
  return fc.array(
    fc.record({
      replica: fc.nat({ max: 2 }),
      position: fc.nat({ max: 30 }),
      text: fc.string({ minLength: 1, maxLength: 4 }),
      deletes: fc.nat({ max: 3 }),
    }),
    { minLength: 1, maxLength: 25 },
  );
}

/** Lets replicas type, each knowing only some of the others' edits; the oracle is a plain Y.Doc that saw them all. */
function record(plan: readonly Step[]): { updates: Uint8Array[]; oracle: Y.Doc } {
  const oracle = new Y.Doc();
  const updates: Uint8Array[] = [];
  const replicas = [1, 2, 3].map((clientId) => {
    const doc = new Y.Doc();
    doc.clientID = clientId;
    doc.on('update', (update, origin) => {
      if (origin !== 'sync') updates.push(update);
    });
    return doc;
  });
  oracle.getText('t');
  for (const { replica, position, text, deletes } of plan) {
    const doc = replicas[replica];
    if (doc === undefined) continue;
    if (position % 3 === 0) for (const update of updates.slice()) Y.applyUpdate(doc, update, 'sync');
    const target = doc.getText('t');
    doc.transact(() => {
      const at = Math.min(position, target.length);
      target.delete(at, Math.min(deletes, target.length - at));
      target.insert(at, text);
    });
  }
  for (const update of updates) Y.applyUpdate(oracle, update);
  return { updates, oracle };
}

function shuffled<T>(values: readonly T[], random: Iterable<number>): T[] {
  const numbers = random[Symbol.iterator]();
  return values
    .map((value) => ({ value, rank: numbers.next().value as number }))
    .sort((a, b) => a.rank - b.rank)
    .map(({ value }) => value);
}

/** As the server would: only up to the last record before which nothing is missing. */
async function compact(store: DocumentStore, documentName: string): Promise<void> {
  const { snapshot: previous, tail } = await store.load(documentName);
  for (let count = tail.length; count > 0; count -= 1) {
    const doc = docOf(previous, tail.slice(0, count));
    if (doc.store.pendingStructs !== null || doc.store.pendingDs !== null) continue;
    await store.replaceSnapshot(documentName, {
      ...snapshot(tail[count - 1]?.sequence ?? 0, Y.encodeStateAsUpdate(doc)),
      stateVector: Y.encodeStateVector(doc),
    });
    return;
  }
}

/**
 * Merged before it is applied: given one by one in an order in which they do not follow from each other, Yjs 13.6
 * leaves updates pending now and then although nothing is missing any more.
 */
function docOf(found: Snapshot | undefined, tail: readonly { readonly entries: readonly LogEntry[] }[]): Y.Doc {
  const doc = new Y.Doc();
  doc.getText('t');
  const updates = tail.flatMap(({ entries }) => entries.map(({ update }) => update));
  Y.applyUpdate(doc, Y.mergeUpdates(found === undefined ? updates : [found.update, ...updates]));
  return doc;
}

function bytes(...values: number[]): Uint8Array {
  return Uint8Array.from(values);
}

function entry(update: Uint8Array, author = AUTHOR): LogEntry {
  return { update, author };
}

function change(updates: readonly Uint8Array[]): DocumentChange {
  return { timeMs: TIME_MS, entries: updates.map((update) => entry(update)) };
}

function waits(updates: readonly Uint8Array[]): DocumentChange {
  return { timeMs: TIME_MS, entries: [], addWaiting: updates.map((update) => entry(update)) };
}

function waitingBytes(waiting: readonly LogEntry[]): number[][] {
  return waiting.map(({ update }) => [...update]).sort((a, b) => (a[0] ?? 0) - (b[0] ?? 0));
}

function snapshot(sequence: number, update: Uint8Array = bytes(0, 0)): Snapshot {
  return { sequence, update, stateVector: bytes(1), deleteSet: bytes(2, 2), timeMs: TIME_MS };
}

function quarantined(reason: string): QuarantinedUpdate {
  return { update: bytes(reason.length), author: AUTHOR, reason, timeMs: TIME_MS };
}

type Range = Parameters<DocumentStore['list']>[0];

async function infos(store: DocumentStore, range?: Range): Promise<DocumentInfo[]> {
  const found: DocumentInfo[] = [];
  for await (const info of store.list(range)) found.push(info);
  return found;
}

async function listed(store: DocumentStore, range?: Range): Promise<string[]> {
  return (await infos(store, range)).map(({ documentName }) => documentName);
}

async function deletions(store: DocumentStore, range?: Range): Promise<DeletedDocument[]> {
  const found: DeletedDocument[] = [];
  for await (const document of store.listDeleted(range)) found.push(document);
  return found;
}

async function deletedNames(store: DocumentStore, range?: Range): Promise<string[]> {
  return (await deletions(store, range)).map(({ documentName }) => documentName);
}

async function lastSequences(store: DocumentStore, documentNames: readonly string[]): Promise<number[]> {
  const ends = await store.logEnds(documentNames);
  return ends.map(({ sequence }) => sequence);
}
