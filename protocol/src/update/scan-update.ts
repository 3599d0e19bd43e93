import { ByteReader } from '../byte-reader.ts';
import { type DeleteSet, isDeleteSetAt, NOTHING_NEW, readDeleteSet } from './delete-set.ts';
import { MAX_CLOCK } from './max-clock.ts';
import { StructRef, skipContent } from './scan-content.ts';
import { Section } from './section.ts';
import { skipString } from './skip.ts';

/** Bits of a struct's info byte above the content ref. */
const HAS_ORIGIN = 0x80;
const HAS_RIGHT_ORIGIN = 0x40;
const HAS_PARENT_KEY = 0x20;
const REF = 0x1f;

/** An update taken apart without building a struct. */
export interface ScannedUpdate {
  /** One per client, in the order of the update. */
  readonly sections: readonly Section[];
  /** The sections by client; `undefined` when there are fewer than two. */
  readonly byClient: ReadonlyMap<number, Section> | undefined;
  readonly deleteSet: DeleteSet;
  /** Where the delete set begins; it reaches to the end of the update. */
  readonly deleteSetAt: number;
}

/** What an update of a peer is measured against. */
export interface PeerLimits {
  readonly maxClients: number;
  /**
   * All known deletions, encoded, when comparing them with a delete set of this length is sooner done than reading that. Every
   * client that reconnects sends all deletions of the document; when they are the known ones to the byte they are not read.
   */
  knownDeleteSet(length: number): Uint8Array | undefined;
}

/**
 * Reads a v1 update from its first byte to its last and checks all of it, remembering per client only where what `known`
 * lacks begins, and which structs refer to other clients' clocks that `known` lacks.
 *
 * @param peer - Given when the update comes from a peer: what may be skipped, and what is too much.
 * @throws HeadwaterError `HW_UPDATE_MALFORMED`
 */
export function scanUpdate(update: Uint8Array, known: ReadonlyMap<number, number>, peer?: PeerLimits): ScannedUpdate {
  const reader = new ByteReader(update, 'HW_UPDATE_MALFORMED', 'update');
  const sectionCount = reader.count('number of clients', 3);
  if (peer !== undefined && sectionCount > peer.maxClients) reader.fail(`more than ${peer.maxClients} clients`, 0);
  const sections: Section[] = [];
  const byClient = sectionCount > 1 ? new Map<number, Section>() : undefined;
  for (let i = 0; i < sectionCount; i++) {
    const at = reader.pos;
    const section = scanSection(reader, known);
    // Yjs would keep the structs of the last section only
    if (byClient?.has(section.clientId) === true) reader.fail('second list of structs of one client', at);
    byClient?.set(section.clientId, section);
    sections.push(section);
  }
  const deleteSetAt = reader.pos;
  const knownDeleteSet = peer?.knownDeleteSet(reader.remaining);
  if (knownDeleteSet !== undefined && isDeleteSetAt(update, deleteSetAt, knownDeleteSet)) {
    return { sections, byClient, deleteSet: NOTHING_NEW, deleteSetAt };
  }
  const deleteSet = readDeleteSet(reader);
  reader.expectEnd();
  return { sections, byClient, deleteSet, deleteSetAt };
}

function scanSection(reader: ByteReader, known: ReadonlyMap<number, number>): Section {
  const at = reader.pos;
  const count = reader.count('number of structs', 2);
  // Yjs writes only clients it has something of, and millions of empty lists would cost more than anything they say
  if (count === 0) reader.fail('list of no structs', at);
  const clientId = reader.varUint('client id');
  const startClock = reader.varUint('clock');
  const section = new Section(clientId, startClock, reader.pos, known.get(clientId) ?? 0);
  let clock = startClock;
  for (let index = 0; index < count; index++) {
    const structAt = reader.pos;
    const info = reader.byte('struct');
    const ref = info & REF;
    let length: number;
    if (ref === StructRef.GC || ref === StructRef.Skip) {
      // Yjs reads the upper bits in one place and not in another, and writes them nowhere
      if (info !== ref) reader.fail('unknown struct', structAt);
      length = reader.varUint('struct length');
    } else {
      length = scanItem(reader, info, section, clock, index, known);
    }
    if (length === 0) reader.fail('struct of length 0', structAt);
    const end = clock + length;
    if (end > MAX_CLOCK) reader.fail('struct ends past the last clock', structAt);
    section.pass(index, structAt, clock, end, ref === StructRef.Skip, reader.pos);
    clock = end;
  }
  section.finish(count, clock, reader.pos);
  return section;
}

/** @returns How many clocks the item takes. */
function scanItem(
  reader: ByteReader,
  info: number,
  section: Section,
  clock: number,
  index: number,
  known: ReadonlyMap<number, number>,
): number {
  const at = reader.pos - 1;
  if ((info & HAS_ORIGIN) !== 0) scanReference(reader, 'origin', section, clock, index, at, known);
  if ((info & HAS_RIGHT_ORIGIN) !== 0) scanReference(reader, 'right origin', section, clock, index, at, known);
  if ((info & (HAS_ORIGIN | HAS_RIGHT_ORIGIN)) === 0) {
    // without neighbours the item says itself where it lives: in a root type by name, or in another item
    const parentAt = reader.pos;
    const kind = reader.varUint('parent');
    if (kind > 1) reader.fail('unknown kind of parent', parentAt);
    if (kind === 1) skipString(reader, 'root name');
    else scanReference(reader, 'parent', section, clock, index, at, known);
    if ((info & HAS_PARENT_KEY) !== 0) skipString(reader, 'parent key');
  }
  return skipContent(reader, info & REF, at);
}

function scanReference(
  reader: ByteReader,
  what: string,
  section: Section,
  clock: number,
  index: number,
  at: number,
  known: ReadonlyMap<number, number>,
): void {
  const referenceAt = reader.pos;
  const clientId = reader.varUint(what);
  const referenced = reader.varUint(what);
  if (clientId === section.clientId) {
    // Yjs looks its own clocks up unchecked, and throws
    if (referenced >= clock) reader.fail(`${what} is not earlier than its item`, referenceAt);
  } else if (referenced >= (known.get(clientId) ?? 0)) {
    section.awaits(index, at, clock, clientId, referenced);
  }
}
