import { createHash } from 'node:crypto';
import { type Encoder, writeVarUint } from 'lib0/encoding';
import * as Y from 'yjs';
import { neededSlices } from './formats.ts';
import type { Slice } from './loaded-state.ts';
import type { SharedType } from './root-kinds.ts';
import { aliveKeys, wholeOf } from './units.ts';

/** Where an item is put: between two of a list or, with a key, after what was under it before. */
export interface Place {
  readonly left: Y.ID | null;
  readonly right: Y.ID | null;
  /** The item of the type it is put into; needed where neither neighbour tells. */
  readonly parent?: Y.ID;
  readonly key?: string;
}

/** Stands in for the client until all is written and the client follows from it. */
const NOBODY = 0;

/** Gathers insertions and deletions, and writes them as the update of one new client. */
export class ForwardEdit {
  readonly #items: Y.Item[] = [];
  readonly #own: Y.ID[] = [];
  readonly #deleted = Y.createDeleteSet();
  #clock = 0;

  /**
   * Inserts what is in these slices as one item, with all that is in it when that is a type.
   *
   * @returns Its last clock.
   */
  insert(place: Place, slices: readonly Slice[]): Y.ID {
    const { id, lastId } = this.#insertShallow(place, slices);
    const types = typeInserted(slices, id);
    // a list that grows while it is walked: types in types, without recursion
    for (const { type, id: parent } of types) {
      let left: Y.ID | null = null;
      for (const run of runsOf(neededSlices(type))) {
        const inserted = this.#insertShallow({ left, right: null, parent }, run);
        left = inserted.lastId;
        types.push(...typeInserted(run, inserted.id));
      }
      for (const [key, item] of aliveKeys(type)) {
        const run = [wholeOf(item)];
        const inserted = this.#insertShallow({ left: null, right: null, parent, key }, run);
        types.push(...typeInserted(run, inserted.id));
      }
    }
    return lastId;
  }

  /** Deletes a slice, with all that is in it when that is a type. */
  delete({ item, from, to }: Slice): void {
    this.#addDeletion(item, from, to);
    const types = item.content instanceof Y.ContentType ? [item.content.type] : [];
    for (const type of types) {
      for (const child of aliveItems(type)) {
        this.#addDeletion(child, 0, child.length);
        if (child.content instanceof Y.ContentType) types.push(child.content.type);
      }
    }
  }

  /**
   * The update. Its client is made from what it says, so whoever makes the same edit twice, even in two places at once, has
   * made one edit: applying it again changes nothing.
   *
   * @param taken - The clients the document knows.
   */
  encode(taken: { has(client: number): boolean }): Uint8Array {
    const unsigned = this.#encodeAs(NOBODY);
    let client = createHash('sha256').update(unsigned).digest().readUInt32BE();
    while (taken.has(client)) client = (client + 1) >>> 0;
    return this.#encodeAs(client);
  }

  #insertShallow(place: Place, slices: readonly Slice[]): { id: Y.ID; lastId: Y.ID } {
    const content = joined(slices);
    const length = content.getLength();
    const id = this.#ownId(this.#clock);
    const lastId = length === 1 ? id : this.#ownId(this.#clock + length - 1);
    this.#clock += length;
    const { left, right, parent = null, key = null } = place;
    this.#items.push(new Y.Item(id, null, left, null, right, parent, key, content));
    return { id, lastId };
  }

  #ownId(clock: number): Y.ID {
    const id = Y.createID(NOBODY, clock);
    this.#own.push(id);
    return id;
  }

  #addDeletion({ id: { client, clock } }: Y.Item, from: number, to: number): void {
    const deletions = this.#deleted.clients.get(client);
    const deletion = { clock: clock + from, len: to - from };
    if (deletions === undefined) this.#deleted.clients.set(client, [deletion]);
    else deletions.push(deletion);
  }

  #encodeAs(client: number): Uint8Array {
    for (const id of this.#own) id.client = client;
    const encoder = new Y.UpdateEncoderV1();
    const { restEncoder } = encoder;
    writeVarUint(restEncoder, this.#items.length === 0 ? 0 : 1);
    if (this.#items.length > 0) {
      writeVarUint(restEncoder, this.#items.length);
      encoder.writeClient(client);
      writeVarUint(restEncoder, 0); // the clock of its first item
      for (const item of this.#items) item.write(encoder, 0);
    }
    this.#writeDeletions(restEncoder);
    return encoder.toUint8Array();
  }

  /** As Yjs does: clients in descending order, clocks in ascending order and joined. */
  #writeDeletions(encoder: Encoder): void {
    const { clients } = Y.mergeDeleteSets([this.#deleted]);
    writeVarUint(encoder, clients.size);
    for (const [client, deletions] of [...clients].toSorted(([a], [b]) => b - a)) {
      writeVarUint(encoder, client);
      writeVarUint(encoder, deletions.length);
      for (const { clock, len } of deletions) {
        writeVarUint(encoder, clock);
        writeVarUint(encoder, len);
      }
    }
  }
}

/** Whether both can become one item. */
export function canJoin(a: Slice, b: Slice): boolean {
  const { content } = a.item;
  if (content.constructor !== b.item.content.constructor) return false;
  return content instanceof Y.ContentString || content instanceof Y.ContentAny || content instanceof Y.ContentJSON;
}

function* runsOf(slices: Iterable<Slice>): Generator<readonly Slice[]> {
  let run: Slice[] = [];
  for (const slice of slices) {
    const previous = run.at(-1);
    if (previous !== undefined && !canJoin(previous, slice)) {
      yield run;
      run = [];
    }
    run.push(slice);
  }
  if (run.length > 0) yield run;
}

/** The content of slices that {@link canJoin}. Only to be written: a type or subdocument stays the one it was. */
function joined(slices: readonly Slice[]): Y.Item['content'] {
  const content = (slices[0] as Slice).item.content;
  if (content instanceof Y.ContentString) {
    return new Y.ContentString(slices.map(({ item, from, to }) => stringsOf(item).slice(from, to)).join(''));
  }
  if (content instanceof Y.ContentAny) return new Y.ContentAny(slices.flatMap(valuesOf));
  if (content instanceof Y.ContentJSON) return new Y.ContentJSON(slices.flatMap(valuesOf));
  return content;
}

function stringsOf(item: Y.Item): string {
  return (item.content as Y.ContentString).str;
}

function valuesOf({ item, from, to }: Slice): unknown[] {
  return (item.content as Y.ContentAny | Y.ContentJSON).arr.slice(from, to);
}

function typeInserted(slices: readonly Slice[], id: Y.ID): { type: SharedType; id: Y.ID }[] {
  const content = slices[0]?.item.content;
  return content instanceof Y.ContentType ? [{ type: content.type, id }] : [];
}

function* aliveItems(type: SharedType): Generator<Y.Item> {
  for (let item = type._start; item !== null; item = item.right) if (!item.deleted) yield item;
  yield* aliveKeys(type).values();
}
