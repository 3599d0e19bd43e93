import { DocumentHistory, MemoryStore } from '@headwater/persistence';
import fc from 'fast-check';
import { expect, test } from 'vitest';
import type * as Y from 'yjs';
import { parseTime, resolveMoment, withoutDashes } from '../../server/src/cli/history/moment-argument.ts';
import { updatesOf } from '../support/stored-documents.ts';

const NOW_MS = Date.parse('2026-11-22T12:00:00Z');

/** A document with a record at each of these times. */
async function pastOf(times: readonly number[], name = 'notes'): Promise<DocumentHistory> {
  const store = new MemoryStore();
  const updates = updatesOf(...times.map(() => (doc: Y.Doc) => doc.getText('t').insert(0, 'x')));
  for (const [index, update] of updates.entries()) {
    await store.append(name, { timeMs: times[index] ?? 0, entries: [{ update, author: 'ada' }] }).durable;
  }
  return new DocumentHistory(store, { now: () => NOW_MS });
}

test('a number is itself, latest is the last one', async () => {
  const past = await pastOf([NOW_MS, NOW_MS, NOW_MS]);

  expect(await resolveMoment(past, 'notes', '2', NOW_MS)).toBe(2);
  expect(await resolveMoment(past, 'notes', '99', NOW_MS)).toBe(99); // what is there says who reads it
  expect(await resolveMoment(past, 'notes', 'latest', NOW_MS)).toBe(3);
});

test('a time is the last moment that had come by then', () =>
  fc.assert(
    fc.asyncProperty(
      fc.array(fc.nat(20), { minLength: 1, maxLength: 30 }),
      fc.integer({ min: -5, max: 400 }),
      async (gaps, seconds) => {
        let at = NOW_MS;
        const times = gaps.map((gap) => {
          at += gap * 1_000;
          return at;
        });
        const past = await pastOf(times);
        const askedMs = NOW_MS + seconds * 1_000;

        const moment = await resolveMoment(past, 'notes', new Date(askedMs).toISOString(), NOW_MS);

        expect(moment).toBe(times.filter((timeMs) => timeMs <= askedMs).length);
      },
    ),
  ));

test('a time may be a day, have a zone, or be so long ago', () => {
  const expected = Date.parse('2026-11-22T10:00:00Z');

  for (const text of [
    '2026-11-22T10:00',
    '2026-11-22 10:00',
    '2026-11-22T10:00:00.000Z',
    '2026-11-22T12:00+02:00',
    '2h ago',
    '120m ago',
  ]) {
    expect({ text, timeMs: parseTime(text, NOW_MS) }).toEqual({ text, timeMs: expected });
  }
  expect(parseTime('2026-11-22', NOW_MS)).toBe(Date.parse('2026-11-22T00:00:00Z'));
  expect(parseTime('1.5d ago', NOW_MS)).toBe(NOW_MS - 36 * 3_600_000);
  for (const text of ['', 'yesterday', '2026-13-40', '2026-11-22T25:00', '2h', 'ago', '10:00']) {
    expect({ text, timeMs: parseTime(text, NOW_MS) }).toEqual({ text, timeMs: undefined });
  }
});

test('-2h is no flag', () => {
  expect(withoutDashes(['restore', 'notes', '-2h', '--data', '-x', '-2'])).toEqual(
    ['restore', 'notes', '2h ago', '--data', '-x', '-2'], //
  );
  expect(withoutDashes(['diff', 'notes', '--json', '-1.5d', '-1h'])).toEqual(
    ['diff', 'notes', '--json', '1.5d ago', '1h ago'], //
  );
  expect(withoutDashes(['fork', 'notes', '-3d', '-1h'])).toEqual(['fork', 'notes', '-3d', '1h ago']);
  for (const flag of ['--at', '--from', '--to', '--after', '--before']) {
    expect(withoutDashes(['history', 'notes', flag, '-2h'])).toEqual(['history', 'notes', flag, '2h ago']);
  }
});

test.each([
  ['a document', ['history', '-3d']],
  ['a label', ['versions', 'create', 'notes', '-1h']],
  ['an author', ['restore', 'notes', '4', '--author', '-1h']],
  ['anything after --', ['restore', '--', 'notes', '-1h']],
])('%s may be called like a time', (_, args) => {
  expect(withoutDashes(args)).toEqual(args);
});

test('before the first of a document that is all kept it was empty; what was thinned is an error', async () => {
  const past = await pastOf([NOW_MS, NOW_MS + 1_000]);
  const thinned = {
    moments: async () => [{ ...(await past.moments('notes'))[1], sequence: 7 }] as never,
    versions: past.versions,
  };

  expect(await resolveMoment(past, 'notes', '2000-01-01', NOW_MS)).toBe(0);
  await expect(resolveMoment(thinned as never, 'notes', '2000-01-01', NOW_MS)).rejects.toMatchObject({
    code: 'HW_MOMENT_UNKNOWN',
    message: 'nothing is kept of "notes" from before 2026-11-22T12:00:01.000Z, moment 7',
  });
});

test('a label or an id is the moment of its version; one label of several versions is asked about', async () => {
  const past = await pastOf([NOW_MS, NOW_MS, NOW_MS]);
  const first = await past.versions.create('notes', { label: 'draft', author: 'ada', moment: 1 });
  await past.versions.create('notes', { label: '2026-01-01', author: 'ada', moment: 2 });

  expect(await resolveMoment(past, 'notes', 'draft', NOW_MS)).toBe(1);
  expect(await resolveMoment(past, 'notes', first.id, NOW_MS)).toBe(1);
  expect(await resolveMoment(past, 'notes', '2026-01-01', NOW_MS)).toBe(2);

  const second = await past.versions.create('notes', { label: 'draft', author: 'bob', moment: 3 });
  await expect(resolveMoment(past, 'notes', 'draft', NOW_MS)).rejects.toThrow(
    `several versions have the label draft; name one by its id: ${first.id} (moment 1), ${second.id} (moment 3)`,
  );
  expect(await resolveMoment(past, 'notes', second.id, NOW_MS)).toBe(3);
});

test('what is no moment is told what there is', async () => {
  const past = await pastOf([NOW_MS, NOW_MS, NOW_MS]);
  await past.versions.create('notes', { label: 'draft', author: 'ada', moment: 1 });

  await expect(resolveMoment(past, 'notes', 'draught', NOW_MS)).rejects.toThrow(
    '"draught" is no moment of notes; expected a number, latest, the label of a version, or a time ' +
      '(2026-11-22T10:00, -2h); it has the moments 0 to 3, versions: "draft"',
  );
  await expect(resolveMoment(past, 'notes', 'latst', NOW_MS)).rejects.toThrow('(did you mean latest?)');
  await expect(resolveMoment(past, 'nodes', 'x', NOW_MS)).rejects.toMatchObject({ code: 'HW_DOCUMENT_UNKNOWN' });
});
