import { ByteWriter } from '../byte-writer.ts';
import { composeUpdate, type Run } from './compose.ts';
import { type DeleteSet, decodeDeleteSet, NOTHING_NEW, writeDeleteSet } from './delete-set.ts';
import { addRange, firstRangeAfter, pushMissing, pushRange, type Ranges, unionOfRanges } from './ranges.ts';
import { resolveReadiness } from './ready.ts';
import { type PeerLimits, scanUpdate } from './scan-update.ts';
import type { Section } from './section.ts';
import { decodeStateVector, encodeStateVector, MAX_CLIENTS } from './state-vector.ts';

/** What became of an update. */
export interface Admission {
  /**
   * The part that is new and integrates now; the very same bytes as the update when all of it does, which is the usual case;
   * `undefined` when nothing is new.
   */
  readonly added: Uint8Array | undefined;
  /** Per client the end clock of the structs in `added`: who has all of these lacks none of them. */
  readonly ends: ReadonlyArray<readonly [clientId: number, end: number]>;
  /** Whether `added` deletes anything. */
  readonly deletes: boolean;
  /**
   * The part that refers to something not known yet: earlier clocks, origins, parents, deleted items. Admit it again when more
   * is known. `undefined` normally.
   */
  readonly waiting: Uint8Array | undefined;
  /**
   * Whether the update says all known deletions, so that whoever sent its state lacks none of them. Not noticed of a short
   * delete set: sending that costs less than finding out.
   */
  readonly saysAllDeletions: boolean;
}

const NO_DELETIONS: ReadonlyMap<number, Ranges> = new Map();

/** Up to this many ranges are inserted one by one; more are merged in one pass. */
const MAX_SINGLE_INSERTS = 8;

/** A stored delete set below this is read at once. */
const MIN_UNREAD_BYTES = 4 * 1024;

/** A shorter delete set is read sooner than it is compared. */
const MIN_COMPARED_BYTES = 256;

/**
 * What a document knows: how far it has integrated each client's structs, and what is deleted. That is enough to tell the new
 * part of an update from the known part and from the part that cannot be integrated yet, without the document itself.
 *
 * @example
 * const knowledge = Knowledge.fromEncoded(snapshot.stateVector, snapshot.deleteSet);
 * const { added, waiting } = knowledge.admit(update);
 */
export class Knowledge {
  readonly #clocks: Map<number, number>;
  readonly #deletedRanges: Map<number, number[]>;
  /** A stored delete set that nobody has asked about yet. */
  #unreadDeleteSet: Uint8Array | undefined;
  #encodedStateVector: Uint8Array | undefined;
  #encodedDeleteSet: Uint8Array | undefined;
  /** How long it was when it was last encoded. */
  #deleteSetLength = 0;
  readonly #peerLimits: PeerLimits = {
    maxClients: MAX_CLIENTS,
    knownDeleteSet: (length) => this.#deleteSetToCompare(length),
  };

  private constructor(clocks: Map<number, number>, deleted: Map<number, number[]>) {
    this.#clocks = clocks;
    this.#deletedRanges = deleted;
  }

  static empty(): Knowledge {
    return new Knowledge(new Map(), new Map());
  }

  /**
   * Deletions of clocks past the state vector are left out: their structs are still to come, and whoever brings the deletion
   * again must find it new.
   *
   * A large delete set is kept as it is until an update deletes something: many documents are opened to be read, and its ranges
   * take several times its bytes.
   *
   * @throws HeadwaterError `HW_UPDATE_MALFORMED`, for a large delete set later, when it is read
   */
  static fromEncoded(stateVector: Uint8Array, deleteSet: Uint8Array): Knowledge {
    const knowledge = new Knowledge(decodeStateVector(stateVector, Number.POSITIVE_INFINITY), new Map());
    for (const [clientId, clock] of knowledge.#clocks) if (clock === 0) knowledge.#clocks.delete(clientId);
    knowledge.#unreadDeleteSet = deleteSet;
    knowledge.#encodedDeleteSet = deleteSet;
    knowledge.#deleteSetLength = deleteSet.length;
    if (deleteSet.length < MIN_UNREAD_BYTES) knowledge.#readDeleteSet();
    return knowledge;
  }

  /** Whether nothing is known. */
  get isEmpty(): boolean {
    return this.#clocks.size === 0;
  }

  /** The next clock of a client, 0 for one never seen. */
  clock(clientId: number): number {
    return this.#clocks.get(clientId) ?? 0;
  }

  /** Cached until something new is admitted. Do not write into it. */
  encodeStateVector(): Uint8Array {
    this.#encodedStateVector ??= encodeStateVector(this.#clocks);
    return this.#encodedStateVector;
  }

  /** Cached until a new deletion is admitted. Do not write into it. */
  encodeDeleteSet(): Uint8Array {
    this.#encodedDeleteSet ??= encodeDeleteSet(this.#deleted);
    this.#deleteSetLength = this.#encodedDeleteSet.length;
    return this.#encodedDeleteSet;
  }

  /**
   * Checks an update and takes up what it adds.
   *
   * @throws HeadwaterError `HW_UPDATE_MALFORMED` for anything Yjs would not decode or integrate; nothing is taken up then.
   */
  admit(update: Uint8Array): Admission {
    const scanned = scanUpdate(update, this.#clocks, this.#peerLimits);
    const { sections, deleteSet } = scanned;
    resolveReadiness(scanned, this.#clocks);

    const ends: (readonly [number, number])[] = [];
    let isWhole = true;
    for (const section of sections) {
      if (!section.isWhole) isWhole = false;
      if (section.readyCount === 0) continue;
      ends.push([section.clientId, section.readyClock]);
      this.#clocks.set(section.clientId, section.readyClock);
    }
    if (ends.length > 0) this.#encodedStateVector = undefined;

    const deletions = this.#splitDeletions(deleteSet);
    const deletes = deletions.added.size > 0;
    if (deletes) this.#learnDeletions(deletions.added);

    const saysAllDeletions = deleteSet === NOTHING_NEW;
    if (isWhole && deletions.isWhole) {
      const added = ends.length > 0 || deletes ? update : undefined;
      return { added, ends, deletes, waiting: undefined, saysAllDeletions };
    }
    const waitingRuns = sections.flatMap(waitingRun);
    return {
      added:
        ends.length > 0 || deletes ? composeUpdate(update, sections.flatMap(readyRun), deletions.added) : undefined,
      ends,
      deletes,
      waiting:
        waitingRuns.length > 0 || deletions.waiting.size > 0
          ? composeUpdate(update, waitingRuns, deletions.waiting)
          : undefined,
      saysAllDeletions,
    };
  }

  /**
   * Whether {@link admit} would find nothing new, without taking anything up.
   *
   * @throws HeadwaterError `HW_UPDATE_MALFORMED`
   */
  knows(update: Uint8Array): boolean {
    const scanned = scanUpdate(update, this.#clocks, this.#peerLimits);
    resolveReadiness(scanned, this.#clocks);
    if (scanned.sections.some(({ readyCount, firstWaiting }) => readyCount > 0 || firstWaiting !== undefined)) {
      return false;
    }
    const { added, waiting } = this.#splitDeletions(scanned.deleteSet);
    return added.size === 0 && waiting.size === 0;
  }

  /**
   * Encoding costs what reading a delete set of that length costs, so it is not done for a much shorter one: deletions of one
   * clock in turns with short delete sets would have all that is known encoded again for each.
   */
  #deleteSetToCompare(length: number): Uint8Array | undefined {
    if (length < MIN_COMPARED_BYTES || length * 2 < this.#deleteSetLength) return undefined;
    return this.encodeDeleteSet();
  }

  /** Deletions of known clocks that are not known to be deleted, and those of clocks still to come. */
  #splitDeletions({ clients, isCanonical }: DeleteSet): DeletionParts {
    if (clients.size === 0) return { added: NO_DELETIONS, waiting: NO_DELETIONS, isWhole: isCanonical };
    const added = new Map<number, Ranges>();
    const waiting = new Map<number, Ranges>();
    let isWhole = isCanonical;
    for (const [clientId, ranges] of clients) {
      const clock = this.clock(clientId);
      const known = this.#deleted.get(clientId) ?? [];
      const addedRanges: number[] = [];
      const waitingRanges: number[] = [];
      let at = 0;
      for (let i = 0; i < ranges.length; i += 2) {
        const start = ranges[i] as number;
        const end = ranges[i + 1] as number;
        if (start < clock) at = pushMissing(addedRanges, start, Math.min(end, clock), known, at);
        if (end > clock) pushRange(waitingRanges, Math.max(start, clock), end);
      }
      if (addedRanges.length > 0) added.set(clientId, addedRanges);
      if (waitingRanges.length > 0) waiting.set(clientId, waitingRanges);
      if (!isEqual(addedRanges, ranges)) isWhole = false;
    }
    return { added, waiting, isWhole };
  }

  get #deleted(): Map<number, number[]> {
    if (this.#unreadDeleteSet !== undefined) this.#readDeleteSet();
    return this.#deletedRanges;
  }

  #readDeleteSet(): void {
    const unread = this.#unreadDeleteSet;
    if (unread === undefined) return;
    this.#unreadDeleteSet = undefined;
    const { added, isWhole } = this.#splitDeletions(decodeDeleteSet(unread));
    this.#learnDeletions(added);
    if (isWhole) this.#encodedDeleteSet = unread;
  }

  #learnDeletions(added: ReadonlyMap<number, Ranges>): void {
    for (const [clientId, ranges] of added) {
      const known = this.#deleted.get(clientId);
      if (known === undefined) {
        this.#deleted.set(clientId, [...ranges]);
      } else if (
        ranges.length <= 2 * MAX_SINGLE_INSERTS ||
        firstRangeAfter(known, ranges[0] as number) === known.length
      ) {
        for (let i = 0; i < ranges.length; i += 2) addRange(known, ranges[i] as number, ranges[i + 1] as number);
      } else {
        this.#deleted.set(clientId, unionOfRanges(known, ranges));
      }
    }
    this.#encodedDeleteSet = undefined;
  }
}

interface DeletionParts {
  readonly added: ReadonlyMap<number, Ranges>;
  readonly waiting: ReadonlyMap<number, Ranges>;
  /** Whether `added` is all there was, in the order Yjs writes it. */
  readonly isWhole: boolean;
}

function readyRun(section: Section): Run[] {
  const { clientId, first, knownClock, readyAt, readyCount } = section;
  if (first === undefined || readyCount === 0) return [];
  return [{ clientId, clock: first.clock, count: readyCount, at: first.at, end: readyAt, from: knownClock }];
}

function waitingRun(section: Section): Run[] {
  const { clientId, firstWaiting, count, bodyEnd } = section;
  if (firstWaiting === undefined) return [];
  const { clock, index, at } = firstWaiting;
  return [{ clientId, clock, count: count - index, at, end: bodyEnd }];
}

function encodeDeleteSet(clients: ReadonlyMap<number, Ranges>): Uint8Array {
  const writer = new ByteWriter();
  writeDeleteSet(writer, clients);
  return writer.finish();
}

function isEqual(a: Ranges, b: Ranges): boolean {
  return a.length === b.length && a.every((value, index) => value === b[index]);
}
