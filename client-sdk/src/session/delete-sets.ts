import * as encoding from 'lib0/encoding';
import * as Y from 'yjs';
import { type EditRange, rangesOf } from './edit-ranges.ts';

type DeleteSet = ReturnType<typeof Y.createDeleteSet>;

/** The ranges of one set that are not in another. */
export function without(ranges: DeleteSet, others: DeleteSet): DeleteSet {
  const left = Y.createDeleteSet();
  for (const [client, items] of ranges.clients) {
    let open = [...items];
    for (const { clock, len } of others.clients.get(client) ?? []) {
      open = open.flatMap((range) => [
        { clock: range.clock, len: Math.min(range.len, clock - range.clock) },
        { clock: Math.max(range.clock, clock + len), len: Math.min(range.len, range.clock + range.len - clock - len) },
      ]);
      open = open.filter((range) => range.len > 0);
    }
    if (open.length > 0) left.clients.set(client, open);
  }
  return left;
}

/** An update that deletes whatever another one inserts. Yjs splits and deletes what it names as it does for everybody's. */
export function deletionOf(update: Uint8Array): Uint8Array {
  const clients = new Map<number, EditRange[]>();
  for (const range of rangesOf(update)) clients.set(range.client, [...(clients.get(range.client) ?? []), range]);
  return encoding.encode((encoder) => {
    encoding.writeVarUint(encoder, 0); // no structs
    encoding.writeVarUint(encoder, clients.size);
    for (const [client, ranges] of clients) {
      encoding.writeVarUint(encoder, client);
      encoding.writeVarUint(encoder, ranges.length);
      for (const { clock, length } of ranges) {
        encoding.writeVarUint(encoder, clock);
        encoding.writeVarUint(encoder, length);
      }
    }
  });
}
