import {
  createEncoder,
  type Encoder,
  toUint8Array,
  writeAny,
  writeUint8,
  writeVarString,
  writeVarUint,
  writeVarUint8Array,
} from 'lib0/encoding';
import * as Y from 'yjs';
import type { Random } from './random.ts';

/** Whom a forger may impersonate, and up to which clock. */
export type KnownClocks = readonly (readonly [clientId: number, clock: number])[];

const HAS_ORIGIN = 0x80;
const HAS_RIGHT_ORIGIN = 0x40;
const HAS_PARENT_KEY = 0x20;

/**
 * An update in the right format that no Yjs would write: any struct in the name of anybody, with neighbours and parents picked
 * at random from what exists, and from what does not.
 */
export function forgedUpdate(known: KnownClocks, random: Random): Uint8Array {
  const encoder = createEncoder();
  const clients = random.shuffled([...known, [random.below(1 << 30), 0] as const]).slice(0, 1 + random.below(3));
  writeVarUint(encoder, clients.length);
  for (const [clientId, clock] of clients) forgeSection(encoder, clientId, clock, known, random);
  forgeDeleteSet(encoder, known, random);
  return toUint8Array(encoder);
}

function forgeSection(encoder: Encoder, clientId: number, known: number, all: KnownClocks, random: Random): void {
  const count = 1 + random.below(4);
  // most continue where the client is; some begin before, inside what is known
  const start = random.chance(60) ? known : Math.max(0, known - 2 + random.below(4));
  writeVarUint(encoder, count);
  writeVarUint(encoder, clientId);
  writeVarUint(encoder, start);
  let clock = start;
  for (let i = 0; i < count; i++) clock += forgeStruct(encoder, clientId, clock, all, random);
}

/** @returns Its length. */
function forgeStruct(encoder: Encoder, clientId: number, clock: number, all: KnownClocks, random: Random): number {
  const kind = random.below(20);
  if (kind < 2) {
    const length = 1 + random.below(3);
    writeUint8(encoder, kind === 0 ? 0 : 10);
    writeVarUint(encoder, length);
    return length;
  }
  const ref = 1 + random.below(9);
  const shape = random.pick([0, 0, HAS_PARENT_KEY, HAS_ORIGIN, HAS_RIGHT_ORIGIN, HAS_ORIGIN | HAS_RIGHT_ORIGIN]);
  writeUint8(encoder, ref | shape);
  const self = [clientId, clock] as const;
  if ((shape & HAS_ORIGIN) !== 0) forgeId(encoder, [...all, self, self], random);
  if ((shape & HAS_RIGHT_ORIGIN) !== 0) forgeId(encoder, [...all, self], random);
  if ((shape & (HAS_ORIGIN | HAS_RIGHT_ORIGIN)) === 0) {
    const isRoot = random.chance(40);
    writeVarUint(encoder, isRoot ? 1 : 0);
    if (isRoot) writeVarString(encoder, random.pick(['text', 'array', 'map', 'xml', 'other']));
    else forgeId(encoder, [...all, self, self], random);
    if ((shape & HAS_PARENT_KEY) !== 0) writeVarString(encoder, random.pick(['a', 'b', '__proto__', 'constructor']));
  }
  return forgeContent(encoder, ref, random);
}

/** Mostly of something that exists. */
function forgeId(encoder: Encoder, all: KnownClocks, random: Random): void {
  const [clientId, clock] = random.pick(all);
  writeVarUint(encoder, clientId);
  writeVarUint(encoder, clock === 0 || random.chance(5) ? clock + random.below(3) : random.below(clock));
}

/** @returns Its length. */
function forgeContent(encoder: Encoder, ref: number, random: Random): number {
  const length = 1 + random.below(3);
  switch (ref) {
    case 1:
      writeVarUint(encoder, length);
      return length;
    case 2:
      writeVarUint(encoder, length);
      for (let i = 0; i < length; i++)
        writeVarString(encoder, random.pick(['undefined', 'null', '{"__proto__":[]}', '1']));
      return length;
    case 3:
      writeVarUint8Array(encoder, new Uint8Array(length));
      return 1;
    case 4: {
      const text = random.pick(['x', 'yz', '\u{1f300}', 'a\u{1f300}b']);
      writeVarString(encoder, text);
      return text.length;
    }
    case 5:
      writeVarString(encoder, random.pick(['null', '{}', '[[]]', '"text"']));
      return 1;
    case 6:
      writeVarString(encoder, random.pick(['bold', '__proto__', 'ychange']));
      writeVarString(encoder, random.pick(['null', 'true', '{"a":{}}']));
      return 1;
    case 7: {
      const type = random.below(7);
      writeVarUint(encoder, type);
      if (type === 3 || type === 5) writeVarString(encoder, random.pick(['div', '', '<']));
      return 1;
    }
    case 8:
      writeVarUint(encoder, length);
      for (let i = 0; i < length; i++) writeAny(encoder, random.pick(ANY_VALUES));
      return length;
    default:
      writeVarString(encoder, random.pick(['guid', '']));
      writeAny(encoder, random.pick(DOC_OPTIONS));
      return 1;
  }
}

const ANY_VALUES = [
  null,
  undefined,
  { ['__proto__']: { a: 1 } },
  JSON.parse('{"__proto__":{"a":1},"toString":1,"constructor":null,"length":3}'),
  [[[]]],
  new Uint8Array(2),
  -0,
  Number.NaN,
  2n ** 62n,
];

const DOC_OPTIONS = [
  {},
  { gc: false, autoLoad: true, meta: { a: 1 } },
  { gc: 'yes', collectionid: 5, shouldLoad: {} },
  { meta: undefined },
];

function forgeDeleteSet(encoder: Encoder, known: KnownClocks, random: Random): void {
  const clients = random.chance(60) ? [] : random.shuffled(known).slice(0, 2);
  writeVarUint(encoder, clients.length);
  for (const [clientId, clock] of clients) {
    const count = 1 + random.below(3);
    writeVarUint(encoder, clientId);
    writeVarUint(encoder, count);
    for (let i = 0; i < count; i++) {
      writeVarUint(encoder, random.below(clock + 2));
      writeVarUint(encoder, 1 + random.below(4));
    }
  }
}

/** Takes Yjs the square of its length: one text and as many insertions, each before another character of it: Yjs compares each with all others. */
export function slowUpdate(count: number): Uint8Array {
  const encoder = new Y.UpdateEncoderV1();
  encoder.writeLen(count + 1);
  for (let i = 0; i < count; i++) {
    for (const number of [1, 1000 + i, 0]) encoder.writeLen(number);
    encoder.writeInfo(0x44);
    encoder.writeRightID(Y.createID(5, count - 1 - i));
    encoder.writeString('x');
  }
  for (const number of [1, 5, 0]) encoder.writeLen(number);
  encoder.writeInfo(0x04);
  encoder.writeParentInfo(true);
  encoder.writeString('t');
  encoder.writeString('a'.repeat(count));
  encoder.writeLen(0);
  return encoder.toUint8Array();
}
