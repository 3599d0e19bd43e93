import { afterEach, expect, test } from 'vitest';
// The built one: a worker thread runs what was built, so that is what a pool can start.
import { CompactionTimeoutError, WorkerPool } from '../../server/dist/workers/worker-pool.js';
import { slowUpdate } from '../support/forged-updates.ts';
import { Typist } from './support.ts';

let pool: WorkerPool | undefined;
afterEach(async () => {
  await pool?.close();
});

test('a compaction that takes too long is stopped; a diff does not wait for it, and what was queued behind it is done', async () => {
  pool = new WorkerPool(1, { baseMs: 3_000, perMebibyteMs: 0 });
  const ada = new Typist(1);
  const update = ada.type('hello');
  const order: string[] = [];
  const note =
    (what: string) =>
    <T>(value: T): T => {
      order.push(what);
      return value;
    };

  const hostile = pool.compact({ snapshot: undefined, updates: [slowUpdate(40_000)] }).catch(note('stopped'));
  const queued = pool.compact({ snapshot: undefined, updates: [update] }).then(note('queued'));
  const diff = pool.diff(update, Uint8Array.of(0)).then(note('diff'));

  expect(await hostile).toBeInstanceOf(CompactionTimeoutError);
  expect((await queued).update).toEqual(update);
  expect(await diff).toEqual(update);
  expect(order).toEqual(['diff', 'stopped', 'queued']);
}, 20_000);

/** Two of them, started at once, and what became of them. */
function twoHostile(on: WorkerPool): Promise<readonly PromiseSettledResult<unknown>[]> {
  const input = { snapshot: undefined, updates: [slowUpdate(40_000)] };
  return Promise.allSettled([on.compact(input), on.compact(input)]);
}

test('the time of a compaction does not begin while it is queued', async () => {
  pool = new WorkerPool(1, { baseMs: 2_500, perMebibyteMs: 0 });
  const update = new Typist(1).type('hello');
  const settled = twoHostile(pool);
  const output = await pool.compact({ snapshot: undefined, updates: [update] });

  expect(output.update).toEqual(update);
  expect((await settled).map(({ status }) => status)).toEqual(['rejected', 'rejected']);
}, 20_000);

test('closing ends what runs and what is queued', async () => {
  pool = new WorkerPool(1);
  const settled = twoHostile(pool);

  await pool.close();

  expect((await settled).map(({ status }) => status)).toEqual(['rejected', 'rejected']);
}, 20_000);
