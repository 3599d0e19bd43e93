import { ByteReader } from '../byte-reader.ts';
import { ByteWriter } from '../byte-writer.ts';
import { MAX_CLOCK } from './max-clock.ts';

/**
 * Clients in one state vector or one update of a peer. A document gets one per editing session, so this is decades of a busy
 * one; millions take no effort to make and seconds to read.
 */
export const MAX_CLIENTS = 250_000;

/**
 * @param maxClients - More are refused. What was made here is not bound by what peers may send.
 * @returns The next clock per client.
 * @throws HeadwaterError `HW_UPDATE_MALFORMED` for bytes that are cut off or left over, for a client listed twice, and for
 * too many of them.
 */
export function decodeStateVector(bytes: Uint8Array, maxClients = MAX_CLIENTS): Map<number, number> {
  const reader = new ByteReader(bytes, 'HW_UPDATE_MALFORMED', 'state vector');
  const count = reader.count('number of clients', 2);
  if (count > maxClients) reader.fail(`more than ${maxClients} clients`, 0);
  const clocks = new Map<number, number>();
  for (let i = 0; i < count; i++) {
    const at = reader.pos;
    const clientId = reader.varUint('client id');
    const clock = reader.varUint('clock');
    clocks.set(clientId, clock);
    if (clocks.size === i) reader.fail('client listed twice', at);
    if (clock > MAX_CLOCK) reader.fail('clock is past the last clock', at);
  }
  reader.expectEnd();
  return clocks;
}

/** Clients in descending order, as Yjs writes them: equal vectors have equal bytes. */
export function encodeStateVector(clocks: ReadonlyMap<number, number>): Uint8Array {
  const writer = new ByteWriter(4 + clocks.size * 10);
  writer.varUint(clocks.size);
  for (const [clientId, clock] of [...clocks].sort(([a], [b]) => b - a)) {
    writer.varUint(clientId);
    writer.varUint(clock);
  }
  return writer.finish();
}

/** Whether somebody with this state vector has every struct up to these ends. Says nothing about deletions. */
export function covers(
  stateVector: ReadonlyMap<number, number>,
  ends: Iterable<readonly [clientId: number, end: number]>,
): boolean {
  for (const [clientId, end] of ends) if ((stateVector.get(clientId) ?? 0) < end) return false;
  return true;
}
