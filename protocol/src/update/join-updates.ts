import { ByteWriter } from '../byte-writer.ts';
import { writeDeleteSet } from './delete-set.ts';
import { addRange, type Ranges } from './ranges.ts';
import { StructRef } from './scan-content.ts';
import { scanUpdate } from './scan-update.ts';

/** A stretch of one client's structs, as bytes. */
interface Stretch {
  readonly bytes: Uint8Array;
  readonly count: number;
  readonly clock: number;
  readonly end: number;
}

/**
 * Several updates as one, in time proportional to their bytes: the structs of each client are put behind each other as they
 * are, a gap becomes a Skip, deletions are united. Who applies the result does it in one transaction instead of many.
 *
 * Made for updates that came one after the other, each holding what was new then (`Admission.added`). `Y.mergeUpdates` also
 * takes updates that overlap, at a cost that grows with the square of their number.
 *
 * @returns `undefined` when two of them hold the same clock of a client, or come in the wrong order: then they stay apart.
 * @throws HeadwaterError `HW_UPDATE_MALFORMED`
 */
export function joinUpdates(updates: readonly Uint8Array[]): Uint8Array | undefined {
  const stretches = new Map<number, Stretch[]>();
  const deleted = new Map<number, number[]>();
  let size = 16;
  for (const update of updates) {
    const { sections, deleteSet } = scanUpdate(update, NOTHING_KNOWN);
    for (const { clientId, first, count, endClock, bodyEnd } of sections) {
      if (first === undefined) continue;
      let ofClient = stretches.get(clientId);
      if (ofClient === undefined) stretches.set(clientId, (ofClient = []));
      if (first.clock < (ofClient.at(-1)?.end ?? 0)) return undefined;
      const bytes = update.subarray(first.at, bodyEnd);
      ofClient.push({ bytes, count: count - first.index, clock: first.clock, end: endClock });
      size += bytes.length + 16;
    }
    unite(deleted, deleteSet.clients);
  }
  const writer = new ByteWriter(size);
  writer.varUint(stretches.size);
  // The highest client first, as Yjs writes them.
  for (const [clientId, ofClient] of [...stretches].sort(([a], [b]) => b - a))
    writeStretches(writer, clientId, ofClient);
  writeDeleteSet(writer, deleted);
  return writer.finish();
}

const NOTHING_KNOWN: ReadonlyMap<number, number> = new Map();

function unite(deleted: Map<number, number[]>, clients: ReadonlyMap<number, Ranges>): void {
  for (const [clientId, ranges] of clients) {
    let known = deleted.get(clientId);
    if (known === undefined) deleted.set(clientId, (known = []));
    for (let i = 0; i < ranges.length; i += 2) addRange(known, ranges[i] as number, ranges[i + 1] as number);
  }
}

function writeStretches(writer: ByteWriter, clientId: number, stretches: readonly Stretch[]): void {
  let count = 0;
  let clock = stretches[0]?.clock ?? 0;
  for (const stretch of stretches) {
    count += stretch.count + (stretch.clock > clock ? 1 : 0);
    clock = stretch.end;
  }
  clock = stretches[0]?.clock ?? 0;
  writer.varUint(count);
  writer.varUint(clientId);
  writer.varUint(clock);
  for (const { bytes, clock: start, end } of stretches) {
    if (start > clock) {
      writer.byte(StructRef.Skip);
      writer.varUint(start - clock);
    }
    writer.raw(bytes);
    clock = end;
  }
}
