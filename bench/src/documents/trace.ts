import { existsSync, readFileSync } from 'node:fs';
import { gunzipSync } from 'node:zlib';
import * as Y from 'yjs';
import { ROOT_NAME, seededRandom } from '../load/typing.ts';

type Patch = readonly [position: number, deleted: number, inserted: string];

const GENERATED_EDITS = 120_000;

/**
 * A document somebody wrote, keystroke by keystroke.
 *
 * @param file - a gzipped editing trace; when there is none, the edits are made up with about the same habits: runs of
 *   typing, jumps, and a third as many deletions as insertions
 */
export function writeDocument(file: string, client: number): Y.Doc {
  const patches = existsSync(file) ? readTrace(file) : generate(seededRandom(7));
  const doc = new Y.Doc();
  doc.clientID = client;
  const text = doc.getText(ROOT_NAME);
  doc.transact(() => {
    for (const [position, deleted, inserted] of patches) {
      if (deleted > 0) text.delete(position, deleted);
      if (inserted !== '') text.insert(position, inserted);
    }
  });
  return doc;
}

function readTrace(file: string): Patch[] {
  const trace = JSON.parse(gunzipSync(readFileSync(file)).toString('utf8')) as { txns: { patches: Patch[] }[] };
  return trace.txns.flatMap(({ patches }) => patches);
}

function* generate(random: () => number): Generator<Patch> {
  let length = 0;
  let cursor = 0;
  for (let edit = 0; edit < GENERATED_EDITS; edit++) {
    if (random() < 0.02) cursor = Math.floor(random() * (length + 1));
    if (cursor > 0 && random() < 0.25) {
      yield [--cursor, 1, ''];
      length--;
    } else {
      yield [cursor++, 0, random() < 0.18 ? ' ' : String.fromCharCode(97 + Math.floor(random() * 26))];
      length++;
    }
  }
}
