import { Knowledge } from '@headwater/protocol';
import { afterEach, beforeEach, expect, test, vi } from 'vitest';
import { PendingBatch } from '../../server/src/documents/pending-batch.ts';
import { WaitingUpdates } from '../../server/src/documents/waiting-updates.ts';
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

test('what waits is tried again when the document is opened, not only with the next edit', async () => {
  const before = openHouse();
  const ada = new Typist(1);
  const bob = new Typist(2);
  const [first, late] = [ada.type('first '), ada.type('x'.repeat(200_000))];
  const old = await before.registry.open('doc');
  const writer = enter(old);
  old.receive(writer, late);
  old.receive(writer, bob.type('b')); // tried in vain: the next try comes after a pause
  await old.save();
  await before.store.append('doc', { timeMs: 0, entries: [{ update: first, author: 'ada' }] }).durable;
  before.registry.close();

  const { registry, store } = openHouse({}, before.store);
  const document = await registry.open('doc');
  await document.save();

  expect(enter(document).text().length).toBe('bfirst '.length + 200_000);
  expect((await store.load('doc')).waiting).toEqual([]);
});

test('saving does not wait for ever when the last batch brings nothing', async () => {
  const { registry } = openHouse({ maxWaitingBytes: 1 });
  const document = await registry.open('doc');
  const writer = enter(document);
  const ada = new Typist(1);
  const ahead = (ada.type('a'), ada.type('b'));
  document.receive(writer, new Typist(2).type('known'));
  const saving = document.save();
  expect(() => document.receive(writer, ahead)).toThrow(/wait/);

  await saving;
  await document.save();

  expect(document.isSaved).toBe(true);
});

test('a client whose update waits already is not asked again for what is missing', async () => {
  const { registry } = openHouse();
  const document = await registry.open('doc');
  const writer = enter(document);
  const ada = new Typist(1);
  const ahead = (ada.type('a'), ada.type('b'));
  document.receive(writer, ahead);
  await document.save();
  writer.take();

  for (let i = 0; i < 10; i++) {
    document.receive(writer, new Typist(10 + i).type('x')); // a batch is pending each time
    document.receive(writer, ahead);
    await document.save();
  }

  expect(writer.take().filter(({ kind }) => kind === 'sync-step-1')).toEqual([]);
});

test('much that waits in vain is tried once for each piece of news, and then left alone', () => {
  const ada = new Typist(1);
  const [first = new Uint8Array(), , ...rest] = Array.from({ length: 40 }, () => ada.type('x'.repeat(20_000)));
  const waiting = new WaitingUpdates(Number.POSITIVE_INFINITY);
  const batch = new PendingBatch(0);
  for (const update of rest) waiting.keep({ update, author: 'ada' }, batch);
  const knowledge = Knowledge.empty();
  knowledge.admit(first);
  const admit = vi.spyOn(knowledge, 'admit');
  const finish = (): void => {
    for (let calls = 1; !waiting.retry(knowledge, batch); calls++) expect(calls).toBeLessThan(20);
  };

  finish();
  expect(admit).toHaveBeenCalledTimes(rest.length);

  expect(waiting.retry(knowledge, batch)).toBe(false);
  waiting.noteNews();
  finish();
  expect(admit).toHaveBeenCalledTimes(3 * rest.length);
  expect(waiting.size).toBe(rest.length);
});

test('one call tries a bounded amount, and calls together try everything', () => {
  const ada = new Typist(1);
  const chain = Array.from({ length: 60 }, () => ada.type('x'.repeat(20_000)));
  const [first = new Uint8Array(), ...rest] = chain;
  const waiting = new WaitingUpdates(Number.POSITIVE_INFINITY);
  const batch = new PendingBatch(0);
  // Neither in order nor in the reverse one.
  const shuffled = rest.map((update, i) => ({ update, rank: (i * 37) % rest.length })).sort((a, b) => a.rank - b.rank);
  for (const { update } of shuffled) waiting.keep({ update, author: 'ada' }, batch);
  const knowledge = Knowledge.empty();
  knowledge.admit(first);
  let admitted = 0;
  const admit = knowledge.admit.bind(knowledge);
  vi.spyOn(knowledge, 'admit').mockImplementation((update) => {
    admitted += update.length;
    return admit(update);
  });

  let mostAtOnce = 0;
  let isDone = false;
  for (let calls = 0; !isDone && calls < 10_000; calls++) {
    admitted = 0;
    isDone = waiting.retry(knowledge, batch);
    mostAtOnce = Math.max(mostAtOnce, admitted);
  }

  expect(isDone).toBe(true);
  expect(waiting.size).toBe(0);
  expect(mostAtOnce).toBeLessThan(300_000);
});
