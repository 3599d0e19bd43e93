import { HeadwaterError } from '@headwater/protocol';
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { Deferred } from '../../persistence/src/deferred.ts';
import { logKey, META_KEYS } from '../../persistence/src/level-keys.ts';
import { encodeMeta } from '../../persistence/src/level-meta.ts';
import { LevelStore } from '../../persistence/src/level-store.ts';
import { encodeLogRecord } from '../../persistence/src/record-codec.ts';
import { runs } from '../support/soak.ts';
import { openFaulty, TIME_MS, text, texts } from './level-fixtures.ts';
import { temporaryDirectory } from './temporary-directory.ts';

const SNAPSHOT = {
  sequence: 1,
  update: Uint8Array.of(0, 0),
  stateVector: Uint8Array.of(0),
  deleteSet: Uint8Array.of(0),
  timeMs: TIME_MS,
};

describe('group commit', () => {
  test('a thousand documents of one turn are one LevelDB batch and one fsync', async () => {
    const { store, disk } = await openFaulty(await temporaryDirectory());

    await Promise.all(Array.from({ length: 1_000 }, (_, index) => store.load(`doc-${index}`)));
    const appends = Array.from({ length: 1_000 }, (_, index) => store.append(`doc-${index}`, text('x')));
    await Promise.all(appends.map(({ durable }) => durable));

    expect(disk.calls.map(({ step }) => step)).toEqual(['write', 'sync']);
    await store.close();
  });

  test('an append to a known document is one put', async () => {
    const { store, disk } = await openFaulty(await temporaryDirectory());
    await store.append('doc', text('one')).durable;

    await store.append('doc', text('two')).durable;

    expect(disk.calls.filter(({ step }) => step === 'write').at(-1)?.operations).toBe(1);
    await store.close();
  });

  test('writes go on while an fsync runs', async () => {
    const directory = await temporaryDirectory();
    const { store, disk } = await openFaulty(directory);
    await store.load('doc');
    const gate = new Deferred<void>();
    const sync = disk.sync.bind(disk);
    disk.sync = async () => {
      await gate.promise;
      await sync();
    };

    const first = store.append('doc', text('one'));
    await first.written;
    const second = store.append('doc', text('two'));
    await second.written;
    const settled = await Promise.race([first.durable.then(() => 'durable'), Promise.resolve('pending')]);

    expect(settled).toBe('pending');
    gate.resolve();
    expect(await Promise.all([first.durable, second.durable])).toEqual([1, 2]);
    await store.close();
  });

  test('positions of idle documents are forgotten beyond the limit, and read again', async () => {
    const { store } = await openFaulty(await temporaryDirectory(), { maxCachedDocuments: 2 });

    for (let round = 1; round <= 3; round += 1) {
      const appends = Array.from({ length: 20 }, (_, index) => store.append(`doc-${index}`, text(`${round}`)));
      expect(await Promise.all(appends.map(({ durable }) => durable))).toEqual(appends.map(() => round));
    }

    await store.close();
  });
});

describe('a failed write', () => {
  test('rejects written, is retried, and ends durable with its sequence', async () => {
    const directory = await temporaryDirectory();
    const { store, disk, healths } = await openFaulty(directory);
    await store.append('doc', text('zero')).durable;
    disk.failTimes('write', 2);

    const { written, durable } = store.append('doc', text('one'));

    await expect(written).rejects.toMatchObject({ code: 'HW_STORE_WRITE_FAILED' });
    expect(store.health.status).toBe('degraded');
    expect(store.health.unsavedBytes).toBeGreaterThan(0);
    expect(await durable).toBe(2);
    expect(store.health).toEqual({ status: 'ok', unsavedBytes: 0 });
    expect(healths.map(({ status }) => status)).toEqual(['degraded', 'ok']);
    expect(await texts(store, 'doc')).toEqual(['zero', 'one']);
    await store.close();
  });

  test('nothing more is written before LevelDB was opened again', async () => {
    const { store, disk } = await openFaulty(await temporaryDirectory());
    disk.failTimes('write', 1);

    await store.append('doc', text('one')).durable;

    expect(disk.calls.map(({ step, isFailed }) => (isFailed ? `${step} failed` : step))).toEqual([
      'write failed',
      'reopen',
      'write',
      'sync',
    ]);
    await store.close();
  });

  test('what is appended during an outage is told so at once, and saved in order', async () => {
    const { store, disk } = await openFaulty(await temporaryDirectory());
    let isBroken = true;
    disk.fail('reopen', () => (isBroken ? new Error('ENOSPC') : undefined));
    disk.failTimes('write', 1);

    const appends = [store.append('known', text('0'))];
    await expect(appends[0]?.written).rejects.toMatchObject({ code: 'HW_STORE_WRITE_FAILED' });
    for (let n = 1; n <= 5; n += 1) {
      const append = store.append(n % 2 === 0 ? 'known' : 'unknown', text(`${n}`));
      appends.push(append);
      await expect(append.written).rejects.toBeInstanceOf(HeadwaterError);
    }
    isBroken = false;
    await Promise.all(appends.map(({ durable }) => durable));

    expect(await texts(store, 'known')).toEqual(['0', '2', '4']);
    expect(await texts(store, 'unknown')).toEqual(['1', '3', '5']);
    await store.close();
  });

  test('saved documents can be read during the outage, one with unsaved changes says why not', async () => {
    const { store, disk } = await openFaulty(await temporaryDirectory());
    await store.append('saved', text('safe')).durable;
    let isBroken = true;
    disk.fail('reopen', () => (isBroken ? new Error('ENOSPC') : undefined));
    disk.failTimes('write', 1);
    const unsaved = store.append('doc', text('one'));
    await unsaved.written.catch(() => {});

    expect(await texts(store, 'saved')).toEqual(['safe']);
    await expect(store.load('doc')).rejects.toMatchObject({ code: 'HW_STORE_UNAVAILABLE' });

    isBroken = false;
    await unsaved.durable;
    expect(await texts(store, 'doc')).toEqual(['one']);
    await store.close();
  });

  test('snapshots and deletions wait for the disk too', async () => {
    const { store, disk } = await openFaulty(await temporaryDirectory());
    await store.append('a', text('1')).durable;
    await store.append('b', text('1')).durable;
    disk.failTimes('write', 3);

    await Promise.all([store.replaceSnapshot('a', SNAPSHOT), store.delete('b')]);

    expect((await store.load('a')).snapshot?.sequence).toBe(1);
    expect(await store.info('b')).toBeUndefined();
    await store.close();
  });

  test('an error of the health listener does not end the retries', async () => {
    const directory = await temporaryDirectory();
    let isBroken = true;
    await using store = await LevelStore.open(
      directory,
      {
        onHealth: () => {
          throw new Error('a bug of the listener');
        },
        retryMinMs: 1,
        retryMaxMs: 1,
      },
      (disk) => ({
        write: async (operations) => {
          if (isBroken) throw new Error('EIO');
          await disk.write(operations);
        },
        writeDurably: (operations) => disk.writeDurably(operations),
        sync: () => disk.sync(),
        read: (work) => disk.read(work),
        close: () => disk.close(),
        reopen: (bytes) => {
          isBroken = false;
          return disk.reopen(bytes);
        },
      }),
    );

    expect(await store.append('doc', text('one')).durable).toBe(1);
  });
});

describe('a failed fsync', () => {
  test('is never simply repeated: LevelDB is opened again and the changes are written again', async () => {
    const directory = await temporaryDirectory();
    const { store, disk } = await openFaulty(directory);
    disk.failTimes('sync', 1);

    const { written, durable } = store.append('doc', text('one'));

    expect(await written).toBe(1);
    expect(await durable).toBe(1);
    expect(disk.calls.map(({ step, isFailed }) => (isFailed ? `${step} failed` : step))).toEqual([
      'write',
      'sync failed',
      'reopen',
      'write',
      'sync',
    ]);
    expect(disk.calls[3]?.operations).toBe(disk.calls[0]?.operations);
    expect(await texts(store, 'doc')).toEqual(['one']);
    await store.close();
  });

  test('written changes are written again even when the reopened store has lost them', async () => {
    const { store, disk } = await openFaulty(await temporaryDirectory());
    await store.append('doc', text('one')).durable;
    disk.failTimes('sync', 1);
    disk.beforeReopen = () =>
      disk.read(async (db) => {
        for (const key of await db.keys().all()) if (key[0] === 0x64 && key.at(-1) === 2) await db.del(key);
      });

    const { durable } = store.append('doc', text('two'));

    expect(await durable).toBe(2);
    expect(await texts(store, 'doc')).toEqual(['one', 'two']);
    await store.close();
  });
});

describe('when another process takes the store during an outage', () => {
  test('health names the lock until it is free again', async () => {
    const { store, disk, healths } = await openFaulty(await temporaryDirectory());
    disk.failTimes('write', 1);
    disk.failTimes('reopen', 3, new HeadwaterError('HW_STORE_LOCKED', 'in use by another process'));

    await store.append('doc', text('one')).durable;

    expect(healths.map(({ error }) => (error as HeadwaterError | undefined)?.code)).toContain('HW_STORE_LOCKED');
    expect(store.health.status).toBe('ok');
    await store.close();
  });

  test('unsaved changes go behind what the other one wrote, and overwrite nothing', async () => {
    const { store, disk, takeovers } = await openFaulty(await temporaryDirectory());
    await store.append('doc', text('one')).durable;
    disk.failTimes('write', 1);
    disk.beforeReopen = async () => {
      disk.beforeReopen = undefined;
      await disk.read((db) =>
        db.batch([
          { type: 'put', key: META_KEYS.owner, value: encodeMeta('somebody else') },
          { type: 'put', key: logKey(1, 2), value: encodeLogRecord(TIME_MS, text('theirs').entries) },
          { type: 'put', key: META_KEYS.nextId, value: encodeMeta(40) },
        ]),
      );
    };

    const mine = store.append('doc', text('mine'));
    const fresh = store.append('fresh', text('new'));
    const snapshot = store.replaceSnapshot('doc', SNAPSHOT);

    await expect(snapshot).rejects.toMatchObject({ code: 'HW_STORE_UNAVAILABLE' });
    expect(await mine.durable).toBe(3);
    expect(await fresh.durable).toBe(1);
    expect(await texts(store, 'doc')).toEqual(['one', 'theirs', 'mine']);
    expect(store.health).toEqual({ status: 'ok', unsavedBytes: 0 });
    expect(takeovers()).toBe(1);
    await store.close();
  });
});

describe('closing during an outage', () => {
  test('tries once more', async () => {
    const directory = await temporaryDirectory();
    const { store, disk } = await openFaulty(directory);
    let isBroken = true;
    disk.fail('reopen', () => (isBroken ? new Error('ENOSPC') : undefined));
    disk.failTimes('write', 1);
    const { written, durable } = store.append('doc', text('one'));
    await written.catch(() => {});

    isBroken = false;
    await store.close();

    expect(await durable).toBe(1);
    await using again = await LevelStore.open(directory);
    expect(await texts(again, 'doc')).toEqual(['one']);
  });

  test('rejects what it cannot save, says so, and gives the directory back', async () => {
    const directory = await temporaryDirectory();
    const { store, disk } = await openFaulty(directory, { clock: { now: () => TIME_MS, sleep: untilAborted } });
    disk.fail('write', () => new Error('ENOSPC'));
    const first = store.append('doc', text('one'));
    await first.written.catch(() => {});
    const second = store.append('other', text('two'));

    const closing = store.close();
    await expect(closing).rejects.toMatchObject({ code: 'HW_STORE_WRITE_FAILED' });
    await expect(store.close()).rejects.toMatchObject({ code: 'HW_STORE_WRITE_FAILED' });

    await expect(first.durable).rejects.toMatchObject({ code: 'HW_STORE_CLOSED' });
    await expect(second.durable).rejects.toMatchObject({ code: 'HW_STORE_CLOSED' });
    expect(store.health.unsavedBytes).toBe(0);
    await (await LevelStore.open(directory)).close();
  });
});

test('whatever fails and whenever, every change is stored once, in order, and durable', async () => {
  const fault = fc.constantFrom('none', 'none', 'write', 'sync', 'reopen');
  await fc.assert(
    fc.asyncProperty(
      fc.array(fc.tuple(fc.nat({ max: 3 }), fault, fc.nat({ max: 2 })), { minLength: 1, maxLength: 30 }),
      async (plan) => {
        const directory = await temporaryDirectory();
        const { store, disk } = await openFaulty(directory, { maxCachedDocuments: 1 });
        const expected = new Map<string, string[]>();
        const appends: Promise<number>[] = [];
        for (const [index, [document, kind, pause]] of plan.entries()) {
          if (kind !== 'none') disk.failTimes(kind, 1 + (index % 3));
          const name = `doc-${document}`;
          const append = store.append(name, text(`${index}`));
          appends.push(append.durable);
          expected.set(name, [...(expected.get(name) ?? []), `${index}`]);
          if (pause === 1) await append.written.catch(() => {});
          if (pause === 2) await new Promise(setImmediate);
        }
        await Promise.all(appends);
        expect(store.health).toEqual({ status: 'ok', unsavedBytes: 0 });
        disk.repair();
        await store.close();

        await using again = await LevelStore.open(directory);
        for (const [name, values] of expected) {
          expect(await texts(again, name)).toEqual(values);
          expect((await again.load(name)).tail.map(({ sequence }) => sequence)).toEqual(values.map((_, n) => n + 1));
        }
      },
    ),
    { numRuns: runs(30) },
  );
});

function untilAborted(_ms: number, signal: AbortSignal): Promise<void> {
  return new Promise((resolve) => {
    if (signal.aborted) resolve();
    else signal.addEventListener('abort', () => resolve(), { once: true });
  });
}
