import { setTimeout } from 'node:timers/promises';
import { expect, test } from 'vitest';
import * as Y from 'yjs';
import { RawClient } from '../support/raw-client.ts';
import { StockClient } from '../support/stock-client.ts';
import { type Served, SLOW_TO_WRITE, serve, storeSession, typeWithoutWriting } from './served.ts';

const textOf = (client: StockClient): string => client.doc.getText('text').toString();

const connect = (served: Served, name = 'doc'): Promise<StockClient> =>
  new StockClient(served.socketUrl, name).synced();

/** Types words, each of which reaches the other before the next. */
async function type(writer: StockClient, reader: StockClient, words: readonly string[]): Promise<void> {
  for (const word of words) {
    const text = writer.doc.getText('text');
    text.insert(text.length, word);
    await reader.until(() => textOf(reader) === textOf(writer));
  }
}

const lastMoment = async (served: Served, name = 'doc'): Promise<number> =>
  (await served.history.stateAt(name)).sequence;

/** The moment at which the text was this. */
async function momentOf(served: Served, text: string): Promise<number> {
  for await (const { sequence } of served.history.replay('doc')) {
    const doc = new Y.Doc();
    Y.applyUpdate(doc, (await served.history.stateAt('doc', sequence)).update);
    if (doc.getText('text').toString() === text) return sequence;
  }
  throw new Error(`the text was never ${text}`);
}

test('a restore reaches every connected client, and restoring back gives the state before', async () => {
  await using served = await serve();
  await using ada = await connect(served);
  await using bob = await connect(served);
  await type(ada, bob, ['one ', 'two ', 'three']);
  ada.doc.getMap('map').set('key', { deep: [1, 2] });
  await bob.until(() => bob.doc.getMap('map').has('key'));
  const before = await lastMoment(served);

  const restored = await served.history.restore('doc', await momentOf(served, 'one '), { author: 'cyd' });

  await ada.until(() => textOf(ada) === 'one ' && !ada.doc.getMap('map').has('key'));
  await bob.until(() => textOf(bob) === 'one ' && !bob.doc.getMap('map').has('key'));
  expect(restored).toBe(before + 1);
  expect((await served.history.moments('doc', { after: before }))[0]).toMatchObject({
    sequence: restored,
    authors: ['cyd'],
  });

  await served.history.restore('doc', before, { author: 'cyd' });

  await bob.until(() => textOf(bob) === 'one two three');
  await ada.until(() => textOf(ada) === 'one two three');
  expect(ada.doc.getMap('map').toJSON()).toEqual({ key: { deep: [1, 2] } });
  expect(bob.doc.getMap('map').toJSON()).toEqual({ key: { deep: [1, 2] } });
});

const countOf = (text: string, letter: string): number => text.split(letter).length - 1;

test('a restore while two clients type loses none of their typing, and both see the same', async () => {
  await using served = await serve();
  await using ada = await connect(served);
  await using bob = await connect(served);
  await type(ada, bob, ['kept ', 'removed ']);
  const target = await momentOf(served, 'kept ');
  const stopping = new AbortController();
  /** One letter every other millisecond, at the end of what is there. Says how many. */
  const keepTyping = async (client: StockClient, letter: string): Promise<number> => {
    let typed = 0;
    for (; !stopping.signal.aborted; typed += 1) {
      const text = client.doc.getText('text');
      text.insert(text.length, letter);
      await setTimeout(2);
    }
    return typed;
  };
  const typing = Promise.all([keepTyping(ada, 'A'), keepTyping(bob, 'B')]);
  await ada.until(() => /A.*B|B.*A/.test(textOf(ada)));

  const restored = await served.history.restore('doc', target, { author: 'cyd' });
  await ada.until(() => !textOf(ada).includes('removed'));
  await bob.until(() => !textOf(bob).includes('removed'));
  stopping.abort();
  const [adaTyped, bobTyped] = await typing;
  for (const client of [ada, bob]) client.doc.getMap('ended').set(String(client.doc.clientID), true);
  for (const client of [ada, bob]) await client.until(() => client.doc.getMap('ended').size === 2);

  expect(textOf(ada)).toBe(textOf(bob));
  expect(textOf(ada)).toMatch(/^kept [AB]*$/);
  // What the restore took away can only be what the server had before it.
  const before = new Y.Doc();
  Y.applyUpdate(before, (await served.history.stateAt('doc', restored - 1)).update);
  const known = before.getText('text').toString();
  expect(countOf(textOf(ada), 'A')).toBeGreaterThanOrEqual(adaTyped - countOf(known, 'A'));
  expect(countOf(textOf(ada), 'B')).toBeGreaterThanOrEqual(bobTyped - countOf(known, 'B'));
  await served.history.restore('doc', restored - 1);
  await ada.until(() => textOf(ada) === known);
  await bob.until(() => textOf(bob) === known);
});

test('what somebody typed offline, before a restore they had not seen, is there when they are back', async () => {
  await using served = await serve();
  await using ada = await connect(served);
  await using bob = await connect(served);
  await type(ada, bob, ['kept ', 'removed']);
  bob.provider.disconnect();
  await bob.disconnected();
  bob.doc.getText('text').insert('kept rem'.length, '(offline)');
  bob.doc.getText('text').insert(0, 'also ');

  await served.history.restore('doc', await momentOf(served, 'kept '), { author: 'cyd' });
  await ada.until(() => textOf(ada) === 'kept ');
  bob.provider.connect();

  await ada.until(() => textOf(ada).includes('(offline)'));
  await bob.until(() => !textOf(bob).includes('removed'));
  expect([textOf(ada), textOf(bob)]).toEqual(['also kept (offline)', 'also kept (offline)']);
});

test('restores asked for at once happen one after the other: all clients end with the last one', async () => {
  await using served = await serve();
  await using ada = await connect(served);
  await using bob = await connect(served);
  await type(ada, bob, ['one ', 'two ', 'three']);
  const [one, two] = [await momentOf(served, 'one '), await momentOf(served, 'one two ')];

  const sequences = await Promise.all([one, two, one, two].map((moment) => served.history.restore('doc', moment)));

  expect(new Set(sequences).size).toBe(4);
  const { update } = await served.history.stateAt('doc', Math.max(...sequences));
  const oracle = new Y.Doc();
  Y.applyUpdate(oracle, update);
  expect(['one ', 'one two ']).toContain(oracle.getText('text').toString());
  await ada.until(() => textOf(ada) === oracle.getText('text').toString());
  await bob.until(() => textOf(bob) === oracle.getText('text').toString());
});

test('a document nobody has open is opened for it, and what it became is on disk', async () => {
  await using served = await serve({ unloadAfterMs: 0 });
  {
    await using ada = await connect(served);
    await using bob = await connect(served);
    await type(ada, bob, ['one ', 'two ']);
  }

  await served.history.restore('doc', await momentOf(served, 'one '), { author: 'cyd' });

  await using reader = await connect(served);
  expect(textOf(reader)).toBe('one ');
});

test('restoring what is there already is no edit', async () => {
  await using served = await serve();
  await using ada = await connect(served);
  await using bob = await connect(served);
  await type(ada, bob, ['one ']);
  const last = await lastMoment(served);

  expect(await served.history.restore('doc', last)).toBe(last);

  expect(await lastMoment(served)).toBe(last);
});

test('a restore of what never was changes nothing, and opens nothing', async () => {
  await using served = await serve();

  await expect(served.history.restore('nobody', 1)).rejects.toMatchObject({ code: 'HW_DOCUMENT_UNKNOWN' });
  await using ada = await connect(served);
  await using bob = await connect(served);
  await type(ada, bob, ['one ']);
  await expect(served.history.restore('doc', 99)).rejects.toMatchObject({ code: 'HW_MOMENT_UNKNOWN' });

  expect(textOf(ada)).toBe('one ');
  expect((await (await fetch(`${served.url}/health`)).json()) as object).toMatchObject({ documents: 1 });
});

test('a fork is seen by whoever has its name open already', async () => {
  await using served = await serve();
  await using ada = await connect(served);
  await using bob = await connect(served);
  await using early = await connect(served, 'copy');
  await type(ada, bob, ['one ', 'two ']);

  expect(await served.history.fork('doc', 'copy', await momentOf(served, 'one '), { author: 'cyd' })).toBe(1);

  await early.until(() => textOf(early) === 'one ');
  early.doc.getText('text').insert(0, '!');
  expect((await served.history.blame('copy', 1))[0]?.ranges).toMatchObject([{ text: 'one ' }]);
  await expect(served.history.fork('doc', 'copy')).rejects.toMatchObject({ code: 'HW_DOCUMENT_EXISTS' });
  expect(textOf(ada)).toBe('one two ');
});

test('a fork onto what somebody has begun to type and is not written yet is refused', async () => {
  await using served = await serve(SLOW_TO_WRITE, async (store) => {
    await storeSession(store, 'doc', { seed: 1, records: 3 });
  });
  await using client = await RawClient.connect(`${served.socketUrl}/begun`);
  await typeWithoutWriting(client);

  await expect(served.history.fork('doc', 'begun')).rejects.toMatchObject({ code: 'HW_DOCUMENT_EXISTS' });
});
