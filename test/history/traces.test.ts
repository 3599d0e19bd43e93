import { DocumentHistory, LevelStore } from '@headwater/persistence';
import { describe, expect, test } from 'vitest';
import * as Y from 'yjs';
import { temporaryDirectory } from '../persistence/temporary-directory.ts';
import { patcherFor } from '../support/apply-patches.ts';
import { clientIdOf } from '../support/generated-trace.ts';
import { Random } from '../support/random.ts';
import { findTrace, readTrace, type Trace } from '../support/traces.ts';
import { compact, START_MS } from './session.ts';

describe.each(['friendsforever', 'sveltecomponent'])('%s, recorded by its authors', (name) => {
  const file = findTrace(name);
  if (file === undefined) console.info(`no ${name}.json.gz in ../shared/data: it is not recorded`);

  test.skipIf(file === undefined)(
    'is the same at any record, and all the way through',
    async () => {
      const trace = readTrace(file ?? '');
      await using store = await LevelStore.open(await temporaryDirectory());
      const history = new DocumentHistory(store, { now: () => START_MS });
      const texts = await record(trace, store, history);
      const last = [...texts.keys()].at(-1) ?? 0;
      expect(texts.get(last)).toBe(trace.endContent);
      expect((await store.history('doc'))?.keyFrames.length).toBeGreaterThanOrEqual(3);

      const random = new Random(1);
      for (const moment of [last, ...Array.from({ length: 120 }, () => random.below(last))]) {
        const doc = (await history.stateAt('doc', moment)).doc();
        expect(doc.getText('text').toString(), `moment ${moment}`).toBe(texts.get(moment));
      }

      const played = new Y.Doc();
      const seen = new Map([[0, trace.startContent]]);
      const authors = new Set<string | undefined>();
      for await (const { sequence, update, author } of history.replay('doc')) {
        Y.applyUpdate(played, update);
        authors.add(author);
        if (texts.has(sequence)) seen.set(sequence, played.getText('text').toString());
      }
      expect([...seen].filter(([sequence, text]) => texts.get(sequence) !== text)).toEqual([]);
      expect(seen.size).toBe(texts.size);
      expect(authors.size).toBe(trace.agents);
    },
    240_000,
  );
});

/** @returns the text after every record, by a `Y.Doc` that applied the updates as they were accepted */
async function record(trace: Trace, store: LevelStore, history: DocumentHistory): Promise<ReadonlyMap<number, string>> {
  const applyPatches = patcherFor(trace);
  const oracle = new Y.Doc();
  const authors = Array.from({ length: trace.agents }, (_, agent) => {
    const doc = new Y.Doc();
    doc.clientID = clientIdOf(agent);
    return { doc, known: new Set<number>() };
  });
  const sent: Uint8Array[] = [];
  const texts = new Map([[0, '']]);
  for (const [index, { agent, parents, patches }] of trace.transactions.entries()) {
    const author = authors[agent];
    if (author === undefined) throw new Error(`no author ${agent}`);
    for (const earlier of unknownAncestors(trace, parents, author.known)) {
      Y.applyUpdate(author.doc, sent[earlier] ?? new Uint8Array(2));
      author.known.add(earlier);
    }
    const before = Y.encodeStateVector(author.doc);
    const updates: Uint8Array[] = [];
    const listen = (update: Uint8Array): void => void updates.push(update);
    author.doc.on('update', listen);
    author.doc.transact(() => applyPatches(author.doc.getText('text'), patches));
    author.doc.off('update', listen);
    author.known.add(index);
    const update = updates[0] ?? Y.encodeStateAsUpdate(author.doc, before);
    sent.push(update);

    const entries = [{ update, author: `author ${agent}` }];
    const { written } = store.append('doc', { timeMs: START_MS + index * 100, entries });
    Y.applyUpdate(oracle, update);
    const sequence = index + 1;
    texts.set(sequence, oracle.getText('text').toString());
    if (sequence % 500 === 0) await written;
    if (sequence % 5_000 !== 0) continue;
    await compact(store, 'doc', sequence - 100);
    await history.maintain('doc');
  }
  return texts;
}

/** What an author has to have seen before, the earliest first. */
function unknownAncestors(trace: Trace, parents: readonly number[], known: ReadonlySet<number>): readonly number[] {
  const found = new Set<number>();
  const open = [...parents];
  for (let next = open.pop(); next !== undefined; next = open.pop()) {
    if (known.has(next) || found.has(next)) continue;
    found.add(next);
    open.push(...(trace.transactions[next]?.parents ?? []));
  }
  return [...found].sort((a, b) => a - b);
}
