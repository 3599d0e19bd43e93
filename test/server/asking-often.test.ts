import { afterEach, beforeEach, expect, test, vi } from 'vitest';
import { enter, openHouse, Typist } from './support.ts';

beforeEach(() => {
  vi.useFakeTimers({ toFake: ['setTimeout', 'clearTimeout', 'performance'] });
});
afterEach(() => {
  vi.useRealTimers();
});

const EMPTY = Uint8Array.of(0);

test('a session that asks over and over is answered once now and once soon', async () => {
  const { registry } = openHouse();
  const document = await registry.open('doc');
  const ada = new Typist(1);
  const writer = enter(document);
  document.receive(writer, ada.type('text'));
  await document.save();
  const reader = enter(document);
  reader.take();

  for (let i = 0; i < 1_000; i++) document.answer(reader, EMPTY);
  const atOnce = reader.take();
  document.receive(writer, ada.type(' and more'));
  await document.save();
  const followed = reader.take().map(({ kind }) => kind);
  await vi.advanceTimersByTimeAsync(250);
  const soon = reader.take().map(({ kind }) => kind);
  await vi.advanceTimersByTimeAsync(1_000);

  expect(atOnce).toEqual([]);
  expect(followed).toEqual(['update']);
  expect(soon).toEqual(['update', 'update', 'sync-step-2']);
  expect(reader.take()).toEqual([]);
});

test('what is left of asking goes with the document', async () => {
  const { registry } = openHouse();
  const document = await registry.open('doc');
  const reader = enter(document);
  document.answer(reader, EMPTY);

  document.dispose();

  expect(vi.getTimerCount()).toBe(0);
});
