import { afterEach, beforeEach, expect, test, vi } from 'vitest';
import { enter, openHouse, Typist } from './support.ts';

beforeEach(() => {
  vi.useFakeTimers({ toFake: ['setTimeout', 'clearTimeout', 'performance'] });
});
afterEach(() => {
  vi.useRealTimers();
});

test('much that waits is not read again with every keystroke of the others, but soon', async () => {
  const { registry } = openHouse();
  const document = await registry.open('doc');
  const [writer, reader] = [enter(document), enter(document)];
  const ada = new Typist(1);
  const bob = new Typist(2);
  const [first, second] = [ada.type('first '), ada.type('x'.repeat(200_000))];
  document.receive(writer, second);
  document.receive(writer, bob.type('b')); // the first try, which finds nothing
  await document.save();

  document.receive(writer, first);
  await document.save();
  const shownAtOnce = reader.text().length;
  await vi.advanceTimersByTimeAsync(200_000 / (8 * 1024) + 1);
  await document.save();

  expect(shownAtOnce).toBe('bfirst '.length);
  expect(reader.text().length).toBe(shownAtOnce + 200_000);
});
