import * as Y from 'yjs';
import { collected } from './collected.ts';
import { takePending } from './pending.ts';

/** What did not integrate of an update, as an update of its own, and why. */
export interface Refusal {
  readonly index: number;
  readonly update: Uint8Array;
  readonly reason: string;
}

/**
 * What throws costs a restart, which takes as long as integrating all before it. After this many the other updates are left
 * for the next compaction.
 */
export const MAX_RESTARTS = 32;
/** An update is taken apart for so many restarts; each part of it that throws after that is refused as it is. */
const MAX_RESTARTS_PER_UPDATE = 16;

type Struct = ReturnType<typeof Y.decodeUpdate>['structs'][number];

interface Deletion {
  readonly clientId: number;
  readonly clock: number;
  readonly length: number;
}

/**
 * Integrates updates one by one, with garbage collection, and leaves out what does not go in.
 *
 * - What Yjs keeps as pending did no harm to the document: it is put aside, and refused if it has no place at the end either.
 * - What throws may have damaged the document halfway through, so that is built anew from what went in before. Then the
 *   update is tried with the collection put off until it is in.
 * - If that does not give what clients can open either, it is tried in parts: its structs, its deletions, and of the part
 *   that throws one half after the other.
 */
export class Salvage {
  #snapshot: Uint8Array | undefined;
  /** What went in after the snapshot. */
  #integrated: Uint8Array[] = [];
  #doc: Y.Doc | undefined;
  #restarts = 0;
  /** When to stop taking the update of the moment apart. */
  #maxRestarts = 0;
  /** By index of the update: what is pending, and what threw. */
  #aside = new Map<number, readonly Uint8Array[]>();
  readonly #thrown = new Map<number, { readonly parts: Uint8Array[]; readonly reason: string }>();

  constructor(snapshot: Uint8Array | undefined) {
    this.#snapshot = snapshot;
  }

  /** What went in. */
  get doc(): Y.Doc {
    this.#doc ??= this.#rebuild();
    return this.#doc;
  }

  /** @param minTaken - So many updates are taken whatever it costs. */
  run(updates: readonly Uint8Array[], minTaken: number): { refused: readonly Refusal[]; taken: number } {
    let taken = 0;
    for (const update of updates) {
      if (taken >= minTaken && this.#restarts >= MAX_RESTARTS) break;
      this.#maxRestarts = this.#restarts + MAX_RESTARTS_PER_UPDATE;
      this.#take(taken, update);
      taken++;
    }
    this.#retryAside();
    return { refused: this.#refusals(), taken };
  }

  #take(index: number, update: Uint8Array): void {
    this.#integrate(index, update, () => {
      const { structs, ds } = Y.decodeUpdate(update);
      const sections = [...grouped(structs, ({ id }) => id.client).values()];
      const deletions = [...ds.clients].flatMap(([clientId, ranges]) =>
        ranges.map(({ clock, len }) => ({ clientId, clock, length: len })),
      );
      return [() => this.#takeSections(index, sections), () => this.#takeDeletions(index, deletions)];
    });
  }

  /** Structs, by client. */
  #takeSections(index: number, sections: readonly (readonly Struct[])[]): void {
    if (sections.length === 0) return;
    this.#integrate(index, encodeUpdate(sections, []), () => {
      const [first = []] = sections;
      const parts = sections.length === 1 ? halves(first).map((half) => [half]) : halves(sections);
      return parts.map((part) => () => this.#takeSections(index, part));
    });
  }

  #takeDeletions(index: number, deletions: readonly Deletion[]): void {
    if (deletions.length === 0) return;
    this.#integrate(index, encodeUpdate([], deletions), () =>
      halves(deletions).map((half) => () => this.#takeDeletions(index, half)),
    );
  }

  /** When the update throws, its parts are taken instead; it is refused when there are none. */
  #integrate(index: number, update: Uint8Array, partsOf: () => readonly (() => void)[]): void {
    const { doc } = this;
    let failure: unknown;
    try {
      Y.applyUpdate(doc, update);
      this.#putAside(index, takePending(doc));
      this.#integrated.push(update);
      return;
    } catch (error) {
      failure = error;
    }
    this.#doc = undefined;
    this.#restarts++;
    if (this.#integrateUncollected(index, update)) return;
    const parts = this.#restarts < this.#maxRestarts ? orNone(partsOf) : [];
    if (parts.length === 0) this.#refuse(index, update, failure);
    for (const take of parts) take();
  }

  /** The document is collected afterwards, and goes on from there. */
  #integrateUncollected(index: number, update: Uint8Array): boolean {
    const doc = new Y.Doc({ gc: false });
    Y.applyUpdate(doc, Y.encodeStateAsUpdate(this.doc));
    let pending: readonly Uint8Array[];
    try {
      Y.applyUpdate(doc, update);
      pending = takePending(doc);
    } catch {
      return false;
    }
    const copy = collected(doc);
    if (copy === undefined) return false;
    this.#putAside(index, pending);
    this.#doc = copy;
    this.#snapshot = Y.encodeStateAsUpdate(copy);
    this.#integrated = [];
    return true;
  }

  #putAside(index: number, pending: readonly Uint8Array[]): void {
    if (pending.length > 0) this.#aside.set(index, [...(this.#aside.get(index) ?? []), ...pending]);
  }

  #refuse(index: number, part: Uint8Array, error: unknown): void {
    const thrown = this.#thrown.get(index);
    if (thrown === undefined) this.#thrown.set(index, { parts: [part], reason: messageOf(error) });
    else thrown.parts.push(part);
  }

  /** What was put aside may have waited for what came later, or for each other. */
  #retryAside(): void {
    for (let before = Number.POSITIVE_INFINITY, bytes = this.#asideBytes; bytes > 0 && bytes < before; ) {
      before = bytes;
      const aside = this.#aside;
      this.#aside = new Map();
      for (const [index, parts] of aside) for (const part of parts) this.#integrate(index, part, () => []);
      bytes = this.#asideBytes;
    }
  }

  get #asideBytes(): number {
    return [...this.#aside.values()].flat().reduce((sum, { length }) => sum + length, 0);
  }

  #rebuild(): Y.Doc {
    const doc = this.#load();
    try {
      doc.transact(() => {
        for (const update of this.#integrated) Y.applyUpdate(doc, update);
      });
      takePending(doc); // it was put aside when it was seen first
      return doc;
    } catch {
      // Together they also integrate what was put aside, and some of that throws.
    }
    const slowly = this.#load();
    for (const update of this.#integrated) {
      Y.applyUpdate(slowly, update);
      takePending(slowly);
    }
    return slowly;
  }

  #load(): Y.Doc {
    const doc = new Y.Doc();
    if (this.#snapshot !== undefined) Y.applyUpdate(doc, this.#snapshot);
    return doc;
  }

  #refusals(): Refusal[] {
    const indices = [...new Set([...this.#thrown.keys(), ...this.#aside.keys()])].sort((a, b) => a - b);
    return indices.map((index) => {
      const { parts = [], reason = 'depends on something that is not in the document' } = this.#thrown.get(index) ?? {};
      return {
        index,
        update: joined([...parts, ...(this.#aside.get(index) ?? [])]),
        reason: `did not integrate: ${reason}`,
      };
    });
  }
}

/** What cannot even be decoded has no parts. */
function orNone<T>(partsOf: () => readonly T[]): readonly T[] {
  try {
    return partsOf();
  } catch {
    return [];
  }
}

function messageOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}

function joined(parts: readonly Uint8Array[]): Uint8Array {
  const [first] = parts;
  return parts.length === 1 && first !== undefined ? first : Y.mergeUpdates([...parts]);
}

/** Of one thing there are no halves. */
function halves<T>(list: readonly T[]): (readonly T[])[] {
  if (list.length < 2) return [];
  const middle = list.length >> 1;
  return [list.slice(0, middle), list.slice(middle)];
}

function grouped<T>(list: readonly T[], clientIdOf: (item: T) => number): Map<number, T[]> {
  const groups = new Map<number, T[]>();
  for (const item of list) {
    const clientId = clientIdOf(item);
    const group = groups.get(clientId);
    if (group === undefined) groups.set(clientId, [item]);
    else group.push(item);
  }
  return groups;
}

function encodeUpdate(sections: readonly (readonly Struct[])[], deletions: readonly Deletion[]): Uint8Array {
  const encoder = new Y.UpdateEncoderV1(); // what it calls a length is a plain varUint
  encoder.writeLen(sections.length);
  for (const section of sections) {
    encoder.writeLen(section.length);
    encoder.writeClient(section[0]?.id.client ?? 0);
    encoder.writeLen(section[0]?.id.clock ?? 0);
    for (const struct of section) struct.write(encoder, 0);
  }
  const byClient = grouped(deletions, ({ clientId }) => clientId);
  encoder.writeLen(byClient.size);
  for (const [clientId, ranges] of byClient) {
    encoder.writeLen(clientId);
    encoder.writeLen(ranges.length);
    for (const { clock, length } of ranges) {
      encoder.writeDsClock(clock);
      encoder.writeDsLen(length);
    }
  }
  return encoder.toUint8Array();
}
