import * as encoding from 'lib0/encoding';

/** The root text every benchmark document keeps its characters in. */
export const ROOT_NAME = 'text';

const CONTENT_BINARY = 3;
const CONTENT_STRING = 4;
const HAS_ORIGIN = 0x80;
const HAS_RIGHT_ORIGIN = 0x40;

/** The id of one character. */
export interface CharacterId {
  readonly client: number;
  readonly clock: number;
}

/** A place between two neighbouring characters; `undefined` is the edge of the text. */
export interface Gap {
  readonly left: CharacterId | undefined;
  readonly right: CharacterId | undefined;
}

/** The Yjs v1 update of `text` typed into a gap, written by hand: a `Y.Doc` per writer would cost more than the server. */
export const encodeInsert = (id: CharacterId, gap: Gap, text: string): Uint8Array =>
  encodeItem(id, gap, CONTENT_STRING, (encoder) => encoding.writeVarString(encoder, text));

function encodeItem(
  id: CharacterId,
  { left, right }: Gap,
  content: number,
  writeContent: (encoder: encoding.Encoder) => void,
): Uint8Array {
  const encoder = encoding.createEncoder();
  encoding.writeVarUint(encoder, 1); // one client
  encoding.writeVarUint(encoder, 1); // one struct
  encoding.writeVarUint(encoder, id.client);
  encoding.writeVarUint(encoder, id.clock);
  encoding.writeUint8(encoder, content | (left ? HAS_ORIGIN : 0) | (right ? HAS_RIGHT_ORIGIN : 0));
  if (left) writeId(encoder, left);
  if (right) writeId(encoder, right);
  if (!left && !right) {
    encoding.writeVarUint(encoder, 1); // the parent is a root type, by name
    encoding.writeVarString(encoder, ROOT_NAME);
  }
  writeContent(encoder);
  encoding.writeVarUint(encoder, 0); // deletes nothing
  return encoding.toUint8Array(encoder);
}

function writeId(encoder: encoding.Encoder, id: CharacterId): void {
  encoding.writeVarUint(encoder, id.client);
  encoding.writeVarUint(encoder, id.clock);
}

/** Where the next character of a writer goes. */
export interface Typist {
  /** The update of one more character by `client`, whose clocks must be consecutive from 0. */
  type(id: CharacterId): Uint8Array;
}

const characterOf = (clock: number): string => String.fromCharCode(97 + (clock % 26));

/** Types on at the end of each writer's own words, as people do most of the time. */
export class OwnWords implements Typist {
  type(id: CharacterId): Uint8Array {
    return encodeInsert(id, ownEnd(id), characterOf(id.clock));
  }
}

/** Puts one picture behind the other: as many clocks as a typist's characters, and as many bytes as are wanted. */
export class Pictures implements Typist {
  readonly #picture: Uint8Array;

  constructor(bytes: number) {
    this.#picture = new Uint8Array(bytes).fill(0x55);
  }

  type(id: CharacterId): Uint8Array {
    return encodeItem(id, ownEnd(id), CONTENT_BINARY, (encoder) => {
      encoding.writeVarUint8Array(encoder, this.#picture);
    });
  }
}

const ownEnd = ({ client, clock }: CharacterId): Gap => ({
  left: clock === 0 ? undefined : { client, clock: clock - 1 },
  right: undefined,
});

/**
 * Types each character into another random place of the document.
 *
 * Every gap is used once and makes two new ones, which become available only `delay` characters later: so two writers
 * never type into the same place at once, and nobody refers to a character that could not have reached them yet. Each
 * update integrates whatever the order the writers' sockets are read in.
 */
export class RandomPlaces implements Typist {
  readonly #gaps: Gap[];
  readonly #random: () => number;
  readonly #delay: number;
  readonly #fresh: Gap[] = [];

  constructor(gaps: readonly Gap[], random: () => number, delay = 256) {
    if (gaps.length <= delay) throw new Error(`${gaps.length} places are too few for a delay of ${delay}`);
    this.#gaps = [...gaps];
    this.#random = random;
    this.#delay = delay;
  }

  type(id: CharacterId): Uint8Array {
    const place = Math.floor(this.#random() * this.#gaps.length);
    const gap = this.#gaps[place] as Gap;
    this.#gaps[place] = this.#gaps.at(-1) as Gap;
    this.#gaps.pop();
    this.#fresh.push({ left: gap.left, right: id }, { left: id, right: gap.right });
    if (this.#fresh.length > 2 * this.#delay) this.#gaps.push(...this.#fresh.splice(0, 2));
    return encodeInsert(id, gap, characterOf(id.clock));
  }
}

/** The gaps of a text that one client typed in one go: what an "empty" document starts from. */
export function gapsOfSentence(client: number, length: number): Gap[] {
  const gaps: Gap[] = [];
  for (let clock = 0; clock <= length; clock++) {
    gaps.push({
      left: clock === 0 ? undefined : { client, clock: clock - 1 },
      right: clock === length ? undefined : { client, clock },
    });
  }
  return gaps;
}

/** A small seeded generator (mulberry32): the same run types into the same places every time. */
export function seededRandom(seed: number): () => number {
  let state = seed >>> 0;
  return () => {
    state = (state + 0x6d2b79f5) >>> 0;
    let mixed = Math.imul(state ^ (state >>> 15), 1 | state);
    mixed = (mixed + Math.imul(mixed ^ (mixed >>> 7), 61 | mixed)) ^ mixed;
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 4_294_967_296;
  };
}
