import { ByteWriter } from '../byte-writer.ts';
import { writeDeleteSet } from './delete-set.ts';
import type { Ranges } from './ranges.ts';
import { sliceStruct } from './slice-struct.ts';

/** A run of one client's structs in an update, to become a section of another update. */
export interface Run {
  readonly clientId: number;
  /** The clock of its first struct. */
  readonly clock: number;
  readonly count: number;
  /** Byte offsets of the first struct and behind the last one. */
  readonly at: number;
  readonly end: number;
  /** From which clock on to take the run, when it begins inside the first struct. */
  readonly from?: number | undefined;
}

/** An update of these runs of `source` and these deletions. The structs are copied as bytes. */
export function composeUpdate(
  source: Uint8Array,
  runs: readonly Run[],
  deletions: ReadonlyMap<number, Ranges> | Uint8Array,
): Uint8Array {
  let size = 16;
  for (const run of runs) size += run.end - run.at + 32;
  const writer = new ByteWriter(size);
  writer.varUint(runs.length);
  for (const run of runs) writeRun(writer, source, run);
  if (deletions instanceof Uint8Array) writer.raw(deletions);
  else writeDeleteSet(writer, deletions);
  return writer.finish();
}

function writeRun(writer: ByteWriter, source: Uint8Array, run: Run): void {
  const { clientId, clock, count, at, end } = run;
  const from = run.from ?? clock;
  writer.varUint(count);
  writer.varUint(clientId);
  if (from <= clock) {
    writer.varUint(clock);
    writer.raw(source.subarray(at, end));
    return;
  }
  const { bytes, behind } = sliceStruct(source, at, clientId, clock, from - clock);
  writer.varUint(from);
  writer.raw(bytes);
  writer.raw(source.subarray(behind, end));
}
