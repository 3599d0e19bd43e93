import * as Y from 'yjs';

/** A stretch of one client's clocks: how Yjs names what somebody inserted. */
export interface EditRange {
  readonly client: number;
  readonly clock: number;
  readonly length: number;
}

/** What an update inserts, neighbours joined. */
export function rangesOf(update: Uint8Array): readonly EditRange[] {
  const ranges: EditRange[] = [];
  for (const struct of Y.decodeUpdate(update).structs) {
    if (struct instanceof Y.Skip) continue;
    const { client, clock } = struct.id;
    const last = ranges.at(-1);
    if (last?.client === client && last.clock + last.length === clock) {
      ranges[ranges.length - 1] = { ...last, length: last.length + struct.length };
    } else {
      ranges.push({ client, clock, length: struct.length });
    }
  }
  return ranges;
}

/** Everything in the document from the first clocks of an update on, and every deletion. */
export function encodeFrom(document: Y.Doc, update: Uint8Array): Uint8Array {
  const known = Y.decodeStateVector(Y.encodeStateVector(document));
  for (const { client, clock } of rangesOf(update)) known.set(client, Math.min(clock, known.get(client) ?? 0));
  return Y.encodeStateAsUpdate(document, Y.encodeStateVector(known));
}
