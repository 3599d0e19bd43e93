import { existsSync, readFileSync } from 'node:fs';
import { gunzipSync } from 'node:zlib';
import * as Y from 'yjs';
import { ROOT_NAME, seededRandom } from '../load/typing.ts';

/** One edit, as the client that made it sends it. */
export interface SessionUpdate {
  readonly writer: number;
  /** Clocks it brings: none when it only deletes. */
  readonly clock: number;
  readonly length: number;
  /** For each writer, the clocks that had reached the one who made it. */
  readonly knew: readonly number[];
  readonly update: Uint8Array;
}

/** People writing one text together, each with what has reached them by then. */
export interface Session {
  readonly writers: number;
  /** In an order in which nothing comes before what it builds on. */
  readonly updates: readonly SessionUpdate[];
  /** What all of them have in the end. */
  readonly text: string;
}

type Patch = readonly [position: number, deleted: number, inserted: string];

interface Trace {
  readonly endContent: string;
  readonly numAgents: number;
  readonly txns: readonly { readonly parents: readonly number[]; readonly agent: number; readonly patches: Patch[] }[];
}

const IMPROVISED_EDITS = 26_000;
/** Edits until both have heard of each other's: at the pace of a day, a second or so. */
const OUT_OF_TOUCH = 8;

/**
 * Records a session of two people or more.
 *
 * @param file - a gzipped concurrent editing trace; when there is none, two writers improvise with about the same habits: runs
 *   of typing, jumps, and a tenth as many deletions as insertions
 * @param firstClientId - of the first writer; those of the others follow
 * @param atMostEdits - how much of it is wanted, from the beginning
 * @throws when a replayed trace does not end as it says
 */
export function recordSession(file: string, firstClientId: number, atMostEdits: number): Session {
  return existsSync(file)
    ? replay(readTrace(file), firstClientId, atMostEdits)
    : improvise(firstClientId, Math.min(atMostEdits, IMPROVISED_EDITS));
}

/** Writers with a document each, and everything they did. */
class Recorder {
  readonly updates: SessionUpdate[] = [];
  readonly #texts: Y.Text[];

  constructor(writers: number, firstClientId: number) {
    this.#texts = Array.from({ length: writers }, (_, writer) => {
      const doc = new Y.Doc();
      doc.clientID = firstClientId + writer;
      doc.on('update', (update: Uint8Array, _origin: unknown, _doc: Y.Doc, { local }: Y.Transaction) => {
        if (!local) return;
        const { from, to } = Y.parseUpdateMeta(update);
        const clock = from.get(doc.clientID) ?? 0;
        const length = (to.get(doc.clientID) ?? clock) - clock;
        const knew = this.#texts.map((_text, other) => Y.getState(doc.store, firstClientId + other));
        this.updates.push({ writer, clock, length, knew, update });
      });
      return doc.getText(ROOT_NAME);
    });
  }

  /** One edit of a writer is one update. Returns its number. */
  edit(writer: number, [position, deleted, inserted]: Patch): number {
    const text = this.#textOf(writer);
    text.doc?.transact(() => {
      if (deleted > 0) text.delete(position, deleted);
      if (inserted !== '') text.insert(position, inserted);
    });
    return this.updates.length - 1;
  }

  /** An edit reaches a writer. */
  tell(writer: number, { update }: SessionUpdate): void {
    Y.applyUpdate(this.#textOf(writer).doc as Y.Doc, update);
  }

  lengthAt(writer: number): number {
    return this.#textOf(writer).length;
  }

  /** Lets everybody hear of everything. */
  finish(): Session {
    for (const writer of this.#texts.keys()) {
      for (const each of this.updates) if (each.writer !== writer) this.tell(writer, each);
    }
    const [text = '', ...others] = this.#texts.map((each) => each.toJSON());
    for (const { doc } of this.#texts) doc?.destroy();
    if (others.some((other) => other !== text)) throw new Error('the writers of a session do not agree in the end');
    return { writers: this.#texts.length, updates: this.updates, text };
  }

  #textOf(writer: number): Y.Text {
    const text = this.#texts[writer];
    if (text === undefined) throw new Error(`nobody is writer ${writer}`);
    return text;
  }
}

function readTrace(file: string): Trace {
  return JSON.parse(gunzipSync(readFileSync(file)).toString('utf8')) as Trace;
}

/** Every transaction is made on exactly what it says its author knew. */
function replay({ txns, numAgents, endContent }: Trace, firstClientId: number, atMostEdits: number): Session {
  const recorder = new Recorder(numAgents, firstClientId);
  const heard = Array.from({ length: numAgents }, () => new Set<number>());
  const updatesOf: SessionUpdate[][] = [];
  for (const [index, { parents, agent, patches }] of txns.slice(0, atMostEdits).entries()) {
    const known = heard[agent] as Set<number>;
    for (const missed of unheard(txns, parents, known)) {
      known.add(missed);
      if (txns[missed]?.agent !== agent) for (const each of updatesOf[missed] ?? []) recorder.tell(agent, each);
    }
    updatesOf[index] = patches.map((patch) => recorder.updates[recorder.edit(agent, patch)] as SessionUpdate);
    known.add(index);
  }
  const session = recorder.finish();
  if (txns.length <= atMostEdits && session.text !== endContent)
    throw new Error('the trace was not replayed as it was recorded');
  return session;
}

/** What somebody has yet to hear of before they know all of `parents`, oldest first. */
function unheard(txns: Trace['txns'], parents: readonly number[], known: ReadonlySet<number>): number[] {
  const found = new Set<number>();
  const toVisit = [...parents];
  for (let next = toVisit.pop(); next !== undefined; next = toVisit.pop()) {
    if (known.has(next) || found.has(next)) continue;
    found.add(next);
    toVisit.push(...(txns[next]?.parents ?? []));
  }
  return [...found].sort((a, b) => a - b);
}

function improvise(firstClientId: number, edits: number): Session {
  const random = seededRandom(11);
  const recorder = new Recorder(2, firstClientId);
  const cursors = [0, 0];
  const told = [0, 0];
  for (let edit = 0; edit < edits; edit++) {
    const writer = random() < 0.5 ? 0 : 1;
    const { updates } = recorder;
    for (; (told[writer] ?? 0) < updates.length - OUT_OF_TOUCH; told[writer] = (told[writer] ?? 0) + 1) {
      const each = updates[told[writer] ?? 0] as SessionUpdate;
      if (each.writer !== writer) recorder.tell(writer, each);
    }
    const length = recorder.lengthAt(writer);
    const isLost = (cursors[writer] ?? 0) > length || random() < 0.02;
    const cursor = isLost ? Math.floor(random() * (length + 1)) : (cursors[writer] ?? 0);
    const deletes = cursor > 0 && random() < 0.1;
    recorder.edit(writer, deletes ? [cursor - 1, 1, ''] : [cursor, 0, random() < 0.18 ? ' ' : letter(random)]);
    cursors[writer] = deletes ? cursor - 1 : cursor + 1;
  }
  return recorder.finish();
}

const letter = (random: () => number): string => String.fromCharCode(97 + Math.floor(random() * 26));
