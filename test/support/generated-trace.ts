import * as Y from 'yjs';
import { patcherFor } from './apply-patches.ts';
import { Random } from './random.ts';
import type { Patch, Trace, Transaction } from './traces.ts';

const TEXT = 'text';
const CHARACTERS = Array.from('etaoin shrdlu\nÄß漢😀👍');

interface Author {
  readonly doc: Y.Doc;
  /** The newest transactions this author has seen. */
  heads: number[];
}

/**
 * A concurrent session like the recorded ones, for machines without them: authors type and delete in runs, and now and
 * then see what another one did. The end is what plain `Y.Doc`s make of it, with the client ids a replay uses too
 * ({@link clientIdOf}), since they decide how simultaneous inserts at one place are ordered.
 */
export function generateTrace(seed: number, size: { readonly agents: number; readonly transactions: number }): Trace {
  const random = new Random(seed);
  const authors = Array.from({ length: size.agents }, (_, agent): Author => {
    const doc = new Y.Doc();
    doc.clientID = clientIdOf(agent);
    return { doc, heads: [] };
  });
  const transactions: Transaction[] = [];
  const applyPatches = patcherFor({ ...EMPTY, startContent: CHARACTERS.join('') });

  let agent = 0;
  for (let index = 0; index < size.transactions; index += 1) {
    if (random.chance(20)) agent = random.below(size.agents);
    const author = authors[agent];
    const other = authors[random.below(size.agents)];
    if (author === undefined || other === undefined) throw new Error('no authors');
    if (random.chance(10) && other !== author) {
      Y.applyUpdate(author.doc, Y.encodeStateAsUpdate(other.doc));
      author.heads = [...new Set([...author.heads, ...other.heads])];
    }

    const text = author.doc.getText(TEXT);
    const length = Array.from(text.toString()).length;
    const position = random.below(length + 1);
    const mayDelete = position < length && random.chance(30);
    const patch: Patch = mayDelete ? [position, 1, ''] : [position, 0, random.pick(CHARACTERS)];
    author.doc.transact(() => applyPatches(text, [patch]));
    transactions.push({ parents: author.heads, agent, patches: [patch] });
    author.heads = [index];
  }

  const merged = new Y.Doc();
  for (const { doc } of authors) Y.applyUpdate(merged, Y.encodeStateAsUpdate(doc));
  const endContent = merged.getText(TEXT).toString();
  return { ...EMPTY, kind: 'concurrent', agents: size.agents, transactions, endContent };
}

const EMPTY: Trace = { kind: 'sequential', startContent: '', endContent: '', agents: 1, transactions: [] };

/** The Yjs client id an agent of a trace types with. */
export function clientIdOf(agent: number): number {
  return agent + 1;
}
