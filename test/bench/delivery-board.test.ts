import { expect, test } from 'vitest';
import { ChunkMemo } from '../../bench/src/load/chunk-memo.ts';
import { DeliveryBoard } from '../../bench/src/load/delivery-board.ts';

test('an update that arrives twice counts once, and one that never arrives does not count', () => {
  const board = new DeliveryBoard({ firstClientId: 100, writers: 2 });
  const receive = board.receiver(false);

  receive([100, 0, 3]);
  receive([100, 1, 4]); // clocks 1 and 2 again, 3 and 4 new
  receive([101, 1, 1]); // clock 0 is missing

  expect(board.delivered).toBe(6);
  expect(board.gaps).toBe(1);
});

test('text of clients that are no writers does not count', () => {
  const board = new DeliveryBoard({ firstClientId: 100, writers: 2 });

  board.receiver(true)([99, 0, 10, 102, 0, 10]);

  expect(board.delivered).toBe(0);
});

test('latency is kept of updates sent while it is measured, each for itself', () => {
  const board = new DeliveryBoard({ firstClientId: 100, writers: 1 });
  const now = performance.now();
  board.measure(now - 50, Number.POSITIVE_INFINITY);
  board.sent(0, 0, now - 100);
  board.sent(0, 1, now - 40);
  board.sent(0, 2, now - 10);

  board.receiver(true)([100, 0, 3]);

  const { count, max, p50 } = board.latencies();
  expect(count).toBe(2);
  expect(max).toBeGreaterThanOrEqual(40);
  expect(p50).toBeGreaterThanOrEqual(10);
});

test('a writer learns how far its own updates have come back', () => {
  const echoes: [number, number][] = [];
  const board = new DeliveryBoard({
    firstClientId: 100,
    writers: 2,
    onEcho: (writer, known) => echoes.push([writer, known]),
  });

  board.receiver(false, 1)([100, 0, 5, 101, 0, 2]);

  expect(echoes).toEqual([[1, 2]]);
});

test('a chunk is recognised by its bytes, and forgotten after enough others', () => {
  const memo = new ChunkMemo(2);
  const chunk = Buffer.from('first');
  memo.remember(chunk, 5, [1, 2, 3]);
  chunk.fill(0); // the read buffer is reused

  expect(memo.find(Buffer.from('first and more'), 5)).toEqual([1, 2, 3]);
  expect(memo.find(Buffer.from('firsT'), 5)).toBeUndefined();

  memo.remember(Buffer.from('second'), 6, []);
  memo.remember(Buffer.from('third'), 5, []);
  expect(memo.find(Buffer.from('first'), 5)).toBeUndefined();
});
