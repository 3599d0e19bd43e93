import * as Y from 'yjs';
import { ByteCursor } from './byte-cursor.ts';

/** Called for every stretch of consecutive clocks of one client that an update carries. */
export type RunHandler = (client: number, clock: number, length: number) => void;

const StructRef = { Gc: 0, Deleted: 1, Binary: 3, String: 4, Skip: 10 } as const;
const HAS_ORIGIN = 0x80;
const HAS_RIGHT_ORIGIN = 0x40;
const HAS_PARENT_SUB = 0x20;

const cursor = new ByteCursor();

/**
 * Says which clocks a Yjs v1 update brings, whoever merged it out of what. This is how deliveries are counted: a server
 * that sends ten updates as one message has delivered ten.
 *
 * Text and binary content are read here; anything else goes through `Y.decodeUpdate`, which is right but slow.
 */
export function readRuns(bytes: Uint8Array, start: number, end: number, onRun: RunHandler): void {
  cursor.bytes = bytes;
  cursor.at = start;
  const found: number[] = [];
  for (let blocks = cursor.varUint(); blocks > 0; blocks--) {
    const structs = cursor.varUint();
    const client = cursor.varUint();
    let clock = cursor.varUint();
    let runStart = clock;
    for (let left = structs; left > 0; left--) {
      const info = cursor.bytes[cursor.at++] ?? 0;
      const length = structLength(info);
      if (length === undefined) return readRunsSlowly(bytes.subarray(start, end), onRun);
      if ((info & 0x1f) === StructRef.Skip) {
        if (clock > runStart) found.push(client, runStart, clock - runStart);
        runStart = clock + length;
      }
      clock += length;
    }
    if (clock > runStart) found.push(client, runStart, clock - runStart);
  }
  for (let i = 0; i < found.length; i += 3) onRun(found[i] ?? 0, found[i + 1] ?? 0, found[i + 2] ?? 0);
}

/** Moves past one struct; `undefined` when its content is of a kind not read here. */
function structLength(info: number): number | undefined {
  const ref = info & 0x1f;
  if (ref === StructRef.Gc || ref === StructRef.Skip) return cursor.varUint();
  if ((info & HAS_ORIGIN) !== 0) cursor.skipId();
  if ((info & HAS_RIGHT_ORIGIN) !== 0) cursor.skipId();
  if ((info & (HAS_ORIGIN | HAS_RIGHT_ORIGIN)) === 0) {
    if (cursor.varUint() === 1) cursor.stringLength();
    else cursor.skipId();
    if ((info & HAS_PARENT_SUB) !== 0) cursor.stringLength();
  }
  if (ref === StructRef.String) return cursor.stringLength();
  if (ref === StructRef.Binary) {
    cursor.skipBytes();
    return 1;
  }
  return ref === StructRef.Deleted ? cursor.varUint() : undefined;
}

function readRunsSlowly(update: Uint8Array, onRun: RunHandler): void {
  for (const struct of Y.decodeUpdate(update).structs) {
    if (!(struct instanceof Y.Skip)) onRun(struct.id.client, struct.id.clock, struct.length);
  }
}
