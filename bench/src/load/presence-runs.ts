import { ByteCursor } from './byte-cursor.ts';
import type { RunHandler } from './update-runs.ts';

const cursor = new ByteCursor();

/**
 * Reads whose states an awareness update carries. Only the newest state of a client counts, so one with clock 7 settles
 * all that came before it: it is reported as everything from 0 to 7.
 */
export function readPresenceRuns(bytes: Uint8Array, start: number, onRun: RunHandler): void {
  cursor.bytes = bytes;
  cursor.at = start;
  for (let left = cursor.varUint(); left > 0; left--) {
    const client = cursor.varUint();
    const clock = cursor.varUint();
    const stateLength = cursor.varUint();
    cursor.at += stateLength;
    onRun(client, 0, clock);
  }
}
