import { fileURLToPath } from 'node:url';
import * as Y from 'yjs';
import { CLIENT_IDS, TRACE_FILE } from '../config.ts';
import { type Gap, ROOT_NAME, seededRandom } from '../load/typing.ts';
import { writeDocument } from './trace.ts';
import { withClient } from './with-client.ts';

const REPOSITORY = new URL('../../../', import.meta.url);

/** A document of a wanted size, in all the forms the suites need. */
export interface LargeDocument {
  /** The whole state, as a `Y.Doc` encodes it. */
  readonly state: Uint8Array;
  /**
   * What to send to a server to let it have the state: a single update, so that one that compacts has one thing to compact and does
   * not come to the rest of it while it is being measured, or a few where one would be longer than servers take.
   */
  readonly updates: readonly Uint8Array[];
  readonly stateVector: Uint8Array;
  /** What a client that lacks nothing answers a SyncStep1 with: no structs, the whole delete set. */
  readonly deleteSetUpdate: Uint8Array;
  /** Visible characters, in UTF-16 code units. */
  readonly textLength: number;
  /** Places to type at, at random and far apart. */
  gaps(count: number): Gap[];
}

/** Servers take messages of 16 MiB. */
const LONGEST_UPDATE_BYTES = 12 * 1024 * 1024;

let written: Uint8Array | undefined;
const made = new Map<number, LargeDocument>();

/** Made once per size and process: writing it takes seconds. */
export function largeDocument(atLeastBytes: number): LargeDocument {
  let document = made.get(atLeastBytes);
  if (document === undefined) {
    document = make(atLeastBytes);
    made.set(atLeastBytes, document);
  }
  return document;
}

function make(atLeastBytes: number): LargeDocument {
  written ??= Y.encodeStateAsUpdate(writeDocument(fileURLToPath(new URL(TRACE_FILE, REPOSITORY)), CLIENT_IDS.document));
  const copies = Math.ceil(atLeastBytes / written.length);
  const doc = new Y.Doc();
  const updates: Uint8Array[] = [];
  let sent: Uint8Array | undefined;
  const copiesPerUpdate = Math.floor(LONGEST_UPDATE_BYTES / written.length);
  for (let i = 0; i < copies; i++) {
    Y.applyUpdate(doc, withClient(written, CLIENT_IDS.document + i));
    if ((i + 1) % copiesPerUpdate !== 0 && i + 1 < copies) continue;
    updates.push(Y.encodeStateAsUpdate(doc, sent));
    sent = Y.encodeStateVector(doc);
  }
  const stateVector = Y.encodeStateVector(doc);
  return {
    state: Y.encodeStateAsUpdate(doc),
    updates,
    stateVector,
    deleteSetUpdate: Y.encodeStateAsUpdate(doc, stateVector),
    textLength: doc.getText(ROOT_NAME).length,
    gaps: (count) => gapsOf(doc.getText(ROOT_NAME), count),
  };
}

/** Picks visible characters at random; each gap is between one of them and its right neighbour, visible or not. */
function gapsOf(text: Y.Text, count: number): Gap[] {
  const random = seededRandom(3);
  const wanted = new Set<number>();
  while (wanted.size < Math.min(count, text.length / 2)) wanted.add(Math.floor(random() * text.length));
  const positions = [...wanted].sort((a, b) => a - b);
  const gaps: Gap[] = [];
  let next = 0;
  let start = 0;
  for (let item = text._start; item !== null && next < positions.length; item = item.right) {
    if (item.deleted) continue;
    const end = start + item.length;
    const { client, clock } = item.id;
    for (let at = positions[next]; at !== undefined && at < end; at = positions[++next]) {
      const left = { client, clock: clock + at - start };
      const after = item.right && { client: item.right.id.client, clock: item.right.id.clock };
      const right = at + 1 < end ? { client, clock: left.clock + 1 } : (after ?? undefined);
      gaps.push({ left, right });
    }
    start = end;
  }
  return gaps;
}
