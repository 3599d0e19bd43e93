import * as encoding from 'lib0/encoding';
import * as Y from 'yjs';
import { awarenessFrame, syncStep1, updateFrame } from '../support/wire.ts';

/** What a hostile client may send in one message. */
export interface HostileFrame {
  /** Completes "a client that sends …". */
  readonly what: string;
  readonly frame: Uint8Array | string;
  /** What its connection ends with; where the protocol's way is to ignore it, the connection stays open. */
  readonly outcome: number | 'open';
}

const MALFORMED_FRAME = 4400;
const MALFORMED_UPDATE = 4422;
const MALFORMED_AWARENESS = 4423;

const bytes = (...values: number[]): Uint8Array => Uint8Array.from(values);
const encoded = (write: (encoder: encoding.Encoder) => void): Uint8Array => encoding.encode(write);

/** A varint of any size, also one that no number holds. */
const hugeVarint = (length: number): number[] => [...Array.from({ length: length - 1 }, () => 0xff), 0x7f];

/** An update of one client whose single struct begins at this clock: one deleted item of length 1. */
function structAt(clock: number, length = 1): Uint8Array {
  return encoded((encoder) => {
    for (const value of [1, 1, 99, clock]) encoding.writeVarUint(encoder, value);
    encoding.writeUint8(encoder, 0); // GC
    encoding.writeVarUint(encoder, length);
    encoding.writeVarUint(encoder, 0);
  });
}

/** An update without structs that deletes one range. */
function deletionOf(client: number, clock: number, length: number): Uint8Array {
  return encoded((encoder) => {
    for (const value of [0, 1, client, 1, clock, length]) encoding.writeVarUint(encoder, value);
  });
}

/** A text inserted into a parent that nobody ever made. */
function orphan(): Uint8Array {
  return encoded((encoder) => {
    for (const value of [1, 1, 99, 0]) encoding.writeVarUint(encoder, value);
    encoding.writeUint8(encoder, 4); // a text without neighbours
    encoding.writeVarUint(encoder, 0); // its parent is an item: …
    encoding.writeVarUint(encoder, 123_456); // … of this client …
    encoding.writeVarUint(encoder, 7); // … at this clock
    encoding.writeVarString(encoder, 'lost');
    encoding.writeVarUint(encoder, 0);
  });
}

function v2Update(): Uint8Array {
  const doc = new Y.Doc();
  doc.getText('text').insert(0, 'a text in the encoding that no provider sends');
  return Y.encodeStateAsUpdateV2(doc);
}

/** An awareness message with these very bytes as the state. */
function awarenessOf(clientId: number, clock: number, state: string | Uint8Array): Uint8Array {
  const stateBytes = typeof state === 'string' ? new TextEncoder().encode(state) : state;
  const body = encoded((encoder) => {
    for (const value of [1, clientId, clock]) encoding.writeVarUint(encoder, value);
    encoding.writeVarUint8Array(encoder, stateBytes);
  });
  return encoded((encoder) => {
    encoding.writeVarUint(encoder, 1);
    encoding.writeVarUint8Array(encoder, body);
  });
}

const GOOD_UPDATE = v1Update();

function v1Update(): Uint8Array {
  const doc = new Y.Doc();
  doc.clientID = 99;
  doc.getText('hostile').insert(0, 'harmless');
  return Y.encodeStateAsUpdate(doc);
}

/** Where frames, updates and states do not mean anything. */
const NONSENSE: readonly HostileFrame[] = [
  { what: 'a text frame', frame: 'hello', outcome: 1003 },
  { what: 'an empty frame', frame: bytes(), outcome: MALFORMED_FRAME },
  { what: 'a message type that nobody speaks', frame: bytes(77, 1, 2, 3), outcome: 'open' },
  { what: 'a message type of 2^53 and more', frame: bytes(...hugeVarint(8)), outcome: MALFORMED_FRAME },
  {
    what: 'a varint that never ends',
    frame: bytes(...Array.from({ length: 64 }, () => 0xff)),
    outcome: MALFORMED_FRAME,
  },
  { what: 'a varint that is cut off', frame: bytes(0, 2, 0x80), outcome: MALFORMED_FRAME },
  { what: 'a sync message without a kind', frame: bytes(0), outcome: MALFORMED_FRAME },
  { what: 'a sync kind that does not exist', frame: bytes(0, 3, 0), outcome: MALFORMED_FRAME },
  { what: 'a length past the end of the frame', frame: bytes(0, 2, 200, 1, 1), outcome: MALFORMED_FRAME },
  { what: 'a length of 2^53 and more', frame: bytes(0, 2, ...hugeVarint(8), 0), outcome: MALFORMED_FRAME },
  { what: 'an update of no bytes', frame: updateFrame(bytes()), outcome: MALFORMED_UPDATE },
  { what: 'an update of random bytes', frame: updateFrame(bytes(9, 8, 7, 6, 5, 4)), outcome: MALFORMED_UPDATE },
  { what: 'an update that is cut off', frame: updateFrame(GOOD_UPDATE.subarray(0, -3)), outcome: MALFORMED_UPDATE },
  { what: 'an update with bytes behind its end', frame: updateFrame(bytes(0, 0, 0)), outcome: MALFORMED_UPDATE },
  {
    what: 'an update of 2^32 clients',
    frame: updateFrame(bytes(0xff, 0xff, 0xff, 0xff, 0x0f)),
    outcome: MALFORMED_UPDATE,
  },
  { what: 'a v2-encoded update', frame: updateFrame(v2Update()), outcome: MALFORMED_UPDATE },
  { what: 'a state vector that is cut off', frame: syncStep1(bytes(2, 1)), outcome: MALFORMED_UPDATE },
  {
    what: 'a state vector of 2^28 clients',
    frame: syncStep1(bytes(0xff, 0xff, 0xff, 0x7f)),
    outcome: MALFORMED_UPDATE,
  },
];

/** What decodes, and would do harm if it were taken up. */
const POISON: readonly HostileFrame[] = [
  {
    what: 'a struct of length 0',
    frame: updateFrame(bytes(1, 1, 0, 0, 0, 0, 0)),
    outcome: MALFORMED_UPDATE,
  },
  { what: 'a deletion of length 0', frame: updateFrame(deletionOf(99, 0, 0)), outcome: MALFORMED_UPDATE },
  { what: 'a clock of 2^53 - 1', frame: updateFrame(structAt(Number.MAX_SAFE_INTEGER)), outcome: MALFORMED_UPDATE },
  {
    what: 'a struct 2^53 - 1 long',
    frame: updateFrame(structAt(0, Number.MAX_SAFE_INTEGER)),
    outcome: MALFORMED_UPDATE,
  },
  { what: 'a clock of 2^32', frame: updateFrame(structAt(2 ** 32)), outcome: 'open' },
  { what: 'a struct whose parent does not exist', frame: updateFrame(orphan()), outcome: 'open' },
  {
    what: 'a deletion of everything up to 2^53',
    frame: updateFrame(deletionOf(99, 1, Number.MAX_SAFE_INTEGER - 1)),
    outcome: MALFORMED_UPDATE,
  },
  { what: 'a deletion of what nobody wrote', frame: updateFrame(deletionOf(98, 5, 2 ** 40)), outcome: 'open' },
];

const AWARENESS: readonly HostileFrame[] = [
  {
    what: 'an awareness state of 5 MB',
    frame: awarenessFrame([{ clientId: 99, clock: 1, state: 'x'.repeat(5_000_000) }]),
    outcome: 4413,
  },
  { what: 'awareness that is no JSON', frame: awarenessOf(99, 1, '{"open":'), outcome: MALFORMED_AWARENESS },
  {
    what: 'awareness that is no UTF-8',
    frame: awarenessOf(99, 1, bytes(0x22, 0xc3, 0x28, 0x22)),
    outcome: MALFORMED_AWARENESS,
  },
  { what: 'awareness that is empty', frame: awarenessOf(99, 1, ''), outcome: MALFORMED_AWARENESS },
  { what: 'awareness of more clients than it holds', frame: bytes(1, 2, 200, 1), outcome: MALFORMED_AWARENESS },
  { what: 'an awareness clock of 2^32', frame: awarenessOf(99, 2 ** 32, '{}'), outcome: 'open' },
  {
    what: 'an awareness clock of 2^53 - 1',
    frame: awarenessOf(99, Number.MAX_SAFE_INTEGER, '{}'),
    outcome: 'open',
  },
];

export const HOSTILE_FRAMES: readonly HostileFrame[] = [...NONSENSE, ...POISON, ...AWARENESS];
