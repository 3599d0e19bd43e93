import * as Y from 'yjs';

/** Edits of one client that others build on and nobody brought, by their clocks; both ends belong to them. */
export interface MissingEdits {
  readonly clientId: number;
  readonly firstClock: number;
  readonly lastClock: number;
}

/**
 * What updates wait for: of every client they name the first gap behind what is known. Any edit needs all earlier ones
 * of its client, and what it names: its neighbours, its parent, and what it deletes.
 *
 * @param nextClockOf - The next clock of a client in the document.
 */
export function missingEdits(
  waiting: readonly Uint8Array[],
  nextClockOf: (clientId: number) => number,
): readonly MissingEdits[] {
  const lastNeeded = new Map<number, number>();
  const present = new Map<number, Y.AbstractStruct[]>();
  const need = (id: unknown): void => {
    if (!(id instanceof Y.ID)) return; // none, or the name of a root type
    lastNeeded.set(id.client, Math.max(id.clock, lastNeeded.get(id.client) ?? 0));
  };

  for (const update of waiting) {
    const { structs, ds } = Y.decodeUpdate(update);
    for (const struct of structs) {
      if (struct instanceof Y.Skip) continue;
      need(struct.id);
      if (struct instanceof Y.Item) [struct.origin, struct.rightOrigin, struct.parent].forEach(need);
      const ofClient = present.get(struct.id.client);
      if (ofClient === undefined) present.set(struct.id.client, [struct]);
      else ofClient.push(struct);
    }
    for (const [clientId, deletions] of ds.clients) {
      for (const { clock, len } of deletions) need(Y.createID(clientId, clock + len - 1));
    }
  }

  return [...lastNeeded].flatMap(([clientId, lastClock]) => {
    const gap = firstGap(nextClockOf(clientId), lastClock, present.get(clientId) ?? []);
    return gap === undefined ? [] : [{ clientId, ...gap }];
  });
}

function firstGap(
  nextClock: number,
  lastClock: number,
  structs: readonly Y.AbstractStruct[],
): { readonly firstClock: number; readonly lastClock: number } | undefined {
  let firstClock = nextClock;
  for (const { id, length } of structs.toSorted((a, b) => a.id.clock - b.id.clock)) {
    if (id.clock > firstClock) return { firstClock, lastClock: id.clock - 1 };
    firstClock = Math.max(firstClock, id.clock + length);
  }
  return firstClock <= lastClock ? { firstClock, lastClock } : undefined;
}
