import type { LogEnd } from '@headwater/persistence';
import { afterEach, beforeEach, expect, test, vi } from 'vitest';
import { Sweep, type Swept } from '../../server/src/documents/sweep.ts';
import { SILENT_LOGGER } from '../../server/src/logging/logger.ts';

beforeEach(() => void vi.useFakeTimers());
afterEach(() => void vi.useRealTimers());

const FIVE_SECONDS = 5_000;
const EPOCH = 4;

type LogEnds = (names: readonly string[]) => Promise<readonly LogEnd[]>;

/** A store whose logs reach as far as their names are long. */
function open(logEnds: LogEnds = (names) => Promise.resolve(names.map(({ length }) => end(length)))) {
  const asked = vi.fn<LogEnds>(logEnds);
  return { asked, sweep: new Sweep({ logEnds: asked, epoch: EPOCH }, SILENT_LOGGER) };
}

function end(sequence: number): LogEnd {
  return { documentId: 1, sequence, atOpening: 0, isDeleted: false };
}

function document(name: string): Swept & { readonly compare: ReturnType<typeof vi.fn<Swept['compare']>> } {
  return { name, through: 3, compare: vi.fn<Swept['compare']>() };
}

test('every five seconds all documents are compared with one question', async () => {
  const { asked, sweep } = open();
  const [short, long] = [document('a'), document('abcdef')];
  sweep.add(short);
  sweep.add(long);

  await vi.advanceTimersByTimeAsync(FIVE_SECONDS);
  sweep.close();

  expect(asked.mock.calls).toEqual([[['a', 'abcdef']]]);
  expect(short.compare.mock.calls).toEqual([[end(1), EPOCH, 3]]);
  expect(long.compare.mock.calls).toEqual([[end(6), EPOCH, 3]]);
});

test('a thousand documents are one question, and those who hurry are asked for together', async () => {
  const { asked, sweep } = open();
  for (let each = 0; each < 1_500; each++) sweep.add(document(`document-${each}`));

  for (let each = 0; each < 1_500; each++) sweep.soon();
  await vi.advanceTimersByTimeAsync(100);
  sweep.close();

  expect(asked.mock.calls.map(([names]) => names.length)).toEqual([1_000, 500]);
});

test('a store that cannot say is asked again', async () => {
  let isAway = true;
  const { asked, sweep } = open(() => (isAway ? Promise.reject(new Error('away')) : Promise.resolve([end(7)])));
  const notes = document('notes');
  sweep.add(notes);
  await vi.advanceTimersByTimeAsync(FIVE_SECONDS);
  expect(notes.compare).not.toHaveBeenCalled();

  isAway = false;
  await vi.advanceTimersByTimeAsync(FIVE_SECONDS);
  sweep.close();

  expect(asked).toHaveBeenCalledTimes(2);
  expect(notes.compare).toHaveBeenCalledWith(end(7), EPOCH, 3);
});

test('who hurries while a sweep is under way gets the next one, at once', async () => {
  const answers: ((ends: readonly LogEnd[]) => void)[] = [];
  const { asked, sweep } = open(() => new Promise((resolve) => answers.push(resolve)));
  const notes = document('notes');
  sweep.add(notes);
  await vi.advanceTimersByTimeAsync(FIVE_SECONDS);

  sweep.soon();
  await vi.advanceTimersByTimeAsync(100);
  expect(asked).toHaveBeenCalledTimes(1);
  answers[0]?.([end(3)]); // what was asked before it
  await vi.advanceTimersByTimeAsync(100);
  answers[1]?.([end(9)]);
  await vi.advanceTimersByTimeAsync(100);
  sweep.close();

  expect(asked).toHaveBeenCalledTimes(2);
  expect(notes.compare.mock.calls).toEqual([
    [end(3), EPOCH, 3],
    [end(9), EPOCH, 3],
  ]);
});

test('a document that was let go is compared no more, and nothing is after the end', async () => {
  const { asked, sweep } = open();
  const [gone, stays] = [document('a'), document('b')];
  sweep.add(gone);
  sweep.add(stays);

  sweep.delete(gone);
  await vi.advanceTimersByTimeAsync(FIVE_SECONDS);
  sweep.soon();
  sweep.close();
  await vi.advanceTimersByTimeAsync(FIVE_SECONDS);

  expect(asked.mock.calls).toEqual([[['b']]]);
  expect(gone.compare).not.toHaveBeenCalled();
});
