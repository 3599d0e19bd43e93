import { MemoryStore } from '@headwater/persistence';
import { Knowledge } from '@headwater/protocol';
import { expect, test } from 'vitest';
import { type CompactionJob, Compactor } from '../../server/src/documents/compactor.ts';
import { PendingBatch } from '../../server/src/documents/pending-batch.ts';
import { yWebsocketFraming } from '../../server/src/wire/y-websocket-framing.ts';
import { type CompactionInput, compact } from '../../server/src/workers/document-tasks.ts';
import { InThreadWorkers, Typist } from './support.ts';

const NOW_MS = 1_234;

/** A compactor whose clock stands still, and the job of a document with one record of these updates. */
async function jobOf(updates: readonly Uint8Array[], isCurrent = true) {
  const store = new MemoryStore();
  const batch = new PendingBatch(1);
  for (const update of updates) batch.add(update, 'ada', Knowledge.empty().admit(update));
  const change = batch.change();
  if (change === undefined) throw new Error('no updates');
  const sequence = await store.append('doc', change).durable;
  const job: CompactionJob = {
    documentName: 'doc',
    snapshot: undefined,
    batches: [{ ...batch.toTailBatch(yWebsocketFraming), sequence }],
    sequence,
    stateVector: new Map(),
    isCurrent: () => isCurrent,
  };
  const workers = new InThreadWorkers();
  const inputs: CompactionInput[] = [];
  workers.compactWith = (input) => {
    inputs.push(input);
    return compact(input);
  };
  return { store, job, inputs, compactor: new Compactor(store, workers, () => NOW_MS) };
}

test('the times it notes down are those of the clock it was given', async () => {
  const ahead = Uint8Array.of(1, 1, 3, 5, 0x84, 3, 4, 1, 120, 0);
  const { job, compactor } = await jobOf([new Typist(1).type('a'), ahead]);

  const { snapshot, quarantined } = await compactor.run(job);

  expect([snapshot, ...quarantined].map(({ timeMs }) => timeMs)).toEqual([NOW_MS, NOW_MS]);
});

test('the quarantine holds what was refused of an update, not the update', async () => {
  const mixed = Uint8Array.of(2, 1, 3, 5, 0x84, 3, 4, 1, 120, 1, 2, 0, 4, 1, 1, 116, 1, 103, 0); // "g" in text t is good
  const { store, job, compactor } = await jobOf([new Typist(1).type('a'), mixed]);

  await compactor.run(job);

  const [quarantined] = await store.quarantined('doc');
  expect([...(quarantined?.update ?? [])]).toEqual([1, 1, 3, 5, 0x84, 3, 4, 1, 120, 0]);
  expect(quarantined?.author).toBe('ada');
});

test('what is to blame is looked for in the log only, once', async () => {
  const { job, inputs, compactor } = await jobOf([
    new Typist(1).type('a'),
    Uint8Array.of(1, 1, 3, 5, 0x84, 3, 4, 1, 120, 0),
  ]);

  await compactor.run(job);

  expect(inputs.map(({ allOrNothing, minTaken }) => ({ allOrNothing, minTaken }))).toEqual([
    { allOrNothing: true, minTaken: undefined },
    { allOrNothing: undefined, minTaken: 2 },
  ]);
});

test('a document that was let go meanwhile is not compacted: its log may hold what the result does not', async () => {
  const { store, job, compactor } = await jobOf([new Typist(1).type('a')], false);

  await expect(compactor.run(job)).rejects.toThrow('let go');

  expect((await store.load('doc')).tail).toHaveLength(1);
});
