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
 * Clients in one awareness update. Stock clients send back whatever changed, so one who joins may bring as many as a document
 * has; a message of millions is nobody's.
 */
export const MAX_AWARENESS_ENTRIES = 100_000;

/**
 * Checks the headers of an awareness update and leaves the states as bytes: most of what stock clients send is an echo whose
 * clock is not newer, and is dropped without a look at its JSON.
 *
 * @returns The entries, read one at a time. An entry is valid after the loop has moved on; a view of its state is made when
 * it is asked for.
 * @throws HeadwaterError `HW_AWARENESS_MALFORMED` for anything cut off or left over, and for more than
 * {@link MAX_AWARENESS_ENTRIES}; no entry has been read then.
 */
export function decodeAwareness(update: Uint8Array): Iterable<AwarenessEntry> {
  const reader = new ByteReader(update, 'HW_AWARENESS_MALFORMED', 'awareness update');
  const count = reader.count('number of clients', 3);
  if (count > MAX_AWARENESS_ENTRIES) reader.fail(`more than ${MAX_AWARENESS_ENTRIES} clients`, 0);
  const entriesAt = reader.pos;
  for (let i = 0; i < count; i++) {
    reader.varUint('client id');
    reader.varUint('clock');
    reader.skip(reader.varUint('state'), 'state');
  }
  reader.expectEnd();
  return new AwarenessEntries(update, entriesAt, count);
}

/** Entries that were checked. */
class AwarenessEntries implements Iterable<AwarenessEntry> {
  readonly #update: Uint8Array;
  readonly #entriesAt: number;
  readonly #count: number;

  constructor(update: Uint8Array, entriesAt: number, count: number) {
    this.#update = update;
    this.#entriesAt = entriesAt;
    this.#count = count;
  }

  *[Symbol.iterator](): Generator<AwarenessEntry, void, undefined> {
    const reader = new ByteReader(this.#update, 'HW_AWARENESS_MALFORMED', 'awareness update');
    reader.pos = this.#entriesAt;
    for (let i = 0; i < this.#count; i++) {
      const clientId = reader.varUint('client id');
      const clock = reader.varUint('clock');
      const length = reader.varUint('state');
      const stateAt = reader.pos;
      reader.skip(length, 'state');
      yield new ReceivedEntry(this.#update, clientId, clock, stateAt, reader.pos);
    }
  }
}

class ReceivedEntry implements AwarenessEntry {
  readonly clientId: number;
  readonly clock: number;
  readonly #update: Uint8Array;
  readonly #stateAt: number;
  readonly #end: number;

  constructor(update: Uint8Array, clientId: number, clock: number, stateAt: number, end: number) {
    this.clientId = clientId;
    this.clock = clock;
    this.#update = update;
    this.#stateAt = stateAt;
    this.#end = end;
  }

  get state(): Uint8Array {
    return this.#update.subarray(this.#stateAt, this.#end);
  }
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
