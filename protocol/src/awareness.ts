import { ByteReader } from './byte-reader.ts';
import { ByteWriter } from './byte-writer.ts';
import { HeadwaterError } from './headwater-error.ts';
import { isAscii, parseJson } from './json.ts';

/** What one client says about itself, or what another client passed on about it. */
export interface AwarenessEntry {
  readonly clientId: number;
  readonly clock: number;
  /** JSON as UTF-8 bytes, a view into the update it came in; `null` (6e 75 6c 6c) says that the client is gone. */
  readonly state: Uint8Array;
}

/**
 * Reads the headers of an awareness update and leaves the states as bytes: most of what stock clients send is an echo whose
 * clock is not newer, and is dropped without a look at its JSON.
 *
 * @throws HeadwaterError `HW_AWARENESS_MALFORMED` for anything cut off or left over.
 */
export function decodeAwareness(update: Uint8Array): AwarenessEntry[] {
  const reader = new ByteReader(update, 'HW_AWARENESS_MALFORMED', 'awareness update');
  const count = reader.count('number of clients', 3);
  const entries: AwarenessEntry[] = [];
  for (let i = 0; i < count; i++) {
    const clientId = reader.varUint('client id');
    const clock = reader.varUint('clock');
    entries.push({ clientId, clock, state: reader.view('state') });
  }
  reader.expectEnd();
  return entries;
}

/** The states are copied as they are. */
export function encodeAwarenessUpdate(entries: Iterable<AwarenessEntry>): Uint8Array {
  const list = [...entries];
  const writer = new ByteWriter(8 + list.reduce((size, { state }) => size + state.length + 24, 0));
  writer.varUint(list.length);
  for (const { clientId, clock, state } of list) {
    writer.varUint(clientId);
    writer.varUint(clock);
    writer.varUint(state.length);
    writer.raw(state);
  }
  return writer.finish();
}

/** Whether the entry says that its client is gone. */
export function isNullState({ state }: AwarenessEntry): boolean {
  return isAscii(state, 0, state.length, 'null');
}

/**
 * To be called before a state is kept or passed on: one that does not parse would throw in every client it reaches.
 *
 * @throws HeadwaterError `HW_AWARENESS_MALFORMED` when the state is not UTF-8, not JSON or nested too deep, or when it means
 * `null` in other bytes than {@link isNullState} knows (a client would be gone for its peers and present for us).
 */
export function validateState(entry: AwarenessEntry): void {
  const { state } = entry;
  if (isNullState(entry)) return;
  const value = parseJson(state, 0, state.length);
  if (value === undefined || value === null) {
    throw new HeadwaterError('HW_AWARENESS_MALFORMED', 'awareness update: a state is not JSON');
  }
}
