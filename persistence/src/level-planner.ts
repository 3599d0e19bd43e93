import { HeadwaterError } from '@headwater/protocol';
import type { Commit } from './commit.ts';
import { documentDeleted } from './deletion.ts';
import type { DocumentSlot } from './document-slots.ts';
import type { DocumentChange, Snapshot } from './document-store.ts';
import {
  clearedKey,
  logKey,
  META_KEYS,
  nameKey,
  quarantineKey,
  snapshotHeaderKey,
  snapshotPartKey,
  tombstoneKey,
  waitingKey,
} from './level-keys.ts';
import { encodeMeta } from './level-meta.ts';
import type { Operation } from './level-open.ts';
import { NO_DOCUMENT } from './level-reader.ts';
import {
  encodeDocumentRecord,
  encodeLogRecord,
  encodeSnapshotHeader,
  encodeSnapshotParts,
  encodeTombstone,
  encodeWaiting,
} from './record-codec.ts';

/** A change whose bytes are made, and whose keys wait for the document's position. */
export interface PlannedChange {
  /** Bytes of its values. */
  readonly bytes: number;
  /**
   * What to write, given where the document stands; moves it on. May run again from another position, when the first
   * plan was dropped.
   */
  readonly plan: Plan;
}

export type Plan = (slot: DocumentSlot, commit: Commit) => readonly Operation[];

/** Turns changes of documents into operations on keys. Pure, but for the ids and the positions it hands out. */
export class LevelPlanner {
  /** The id the next new document gets. */
  nextId: number;

  constructor(nextId: number) {
    this.nextId = nextId;
  }

  /** One record whatever the number of updates: each `put` of a batch costs tens of microseconds. */
  prepareAppend(change: DocumentChange): PlannedChange {
    const record = change.entries.length === 0 ? undefined : encodeLogRecord(change.timeMs, change.entries);
    if (record !== undefined && change.addWaiting === undefined && change.removeWaiting === undefined) {
      return {
        bytes: record.byteLength,
        plan: (slot, commit) => {
          const { id } = slot.current;
          if (id !== undefined) return [this.#appendRecord(slot, commit, id, record)];
          const operations: Operation[] = [];
          operations.push(this.#appendRecord(slot, commit, this.#create(slot, change.timeMs, operations), record));
          return operations;
        },
      };
    }
    const added = (change.addWaiting ?? []).map((entry) => ({
      update: entry.update.slice(),
      value: encodeWaiting(entry),
    }));
    const removed = (change.removeWaiting ?? []).map((update) => update.slice());
    return {
      bytes: (record?.byteLength ?? 0) + added.reduce((sum, { value }) => sum + value.byteLength, 0),
      plan: (slot, commit) => {
        const operations: Operation[] = [];
        refuseDeleted(slot);
        if (record === undefined && added.length === 0 && slot.current.id === undefined) return operations;
        const id = slot.current.id ?? this.#create(slot, change.timeMs, operations);
        for (const { update, value } of added) operations.push({ type: 'put', key: waitingKey(id, update), value });
        for (const update of removed) operations.push({ type: 'del', key: waitingKey(id, update) });
        if (record === undefined) commit.sequence = slot.current.nextSequence - 1;
        else operations.push(this.#appendRecord(slot, commit, id, record));
        return operations;
      },
    };
  }

  /** Everything in one batch: whoever reads sees the old snapshot with its tail, or the new one with its own. */
  prepareSnapshot({
    snapshot,
    packed,
    quarantine,
    history,
    deletions,
    documentId,
  }: {
    readonly snapshot: Omit<Snapshot, 'update'> & { readonly updateBytes: number };
    /** Its update, see `snapshot-body.ts`. */
    readonly packed: Uint8Array;
    readonly quarantine: readonly Uint8Array[];
    /** Puts the records it contains into the history. */
    readonly history: readonly Operation[];
    /** Those of its document's slot when it was handed in. */
    readonly deletions: number;
    /** Which document of that name it was made of, when that is known. */
    readonly documentId: number | undefined;
  }): PlannedChange {
    const { sequence, timeMs, updateBytes, stateVector, deleteSet } = snapshot;
    const parts = encodeSnapshotParts(packed);
    return {
      bytes: packed.byteLength + bytesOf(history) + quarantine.reduce((sum, { byteLength }) => sum + byteLength, 0),
      plan: (slot) => {
        const { id, nextSequence, snapshotSequence, snapshotParts, nextQuarantine } = slot.current;
        const isAnother = slot.deletions !== deletions || (documentId !== undefined && documentId !== id);
        if (id === undefined || sequence >= nextSequence || isAnother) {
          // Late for a document that was deleted: it must not come back, nor get into the next one of that name.
          throw new HeadwaterError('HW_DOCUMENT_UNKNOWN', `no log of "${slot.documentName}" reaches ${sequence}`);
        }
        if (sequence < snapshotSequence) return [];
        const header = encodeSnapshotHeader({
          sequence,
          timeMs,
          updateBytes,
          packedBytes: packed.byteLength,
          nextQuarantine: nextQuarantine + quarantine.length,
          stateVector,
          deleteSet,
        });
        const operations: Operation[] = [...history, { type: 'put', key: snapshotHeaderKey(id), value: header }];
        for (const [part, value] of parts.entries()) {
          operations.push({ type: 'put', key: snapshotPartKey(id, part), value });
        }
        for (let part = parts.length; part < snapshotParts; part += 1) {
          operations.push({ type: 'del', key: snapshotPartKey(id, part) });
        }
        for (const [index, value] of quarantine.entries()) {
          operations.push({ type: 'put', key: quarantineKey(id, nextQuarantine + index), value });
        }
        for (let contained = Math.max(1, snapshotSequence + 1); contained <= sequence; contained += 1) {
          operations.push({ type: 'del', key: logKey(id, contained) });
        }
        slot.position = {
          id,
          nextSequence,
          snapshotSequence: sequence,
          snapshotParts: parts.length,
          nextQuarantine: nextQuarantine + quarantine.length,
          deletedMs: undefined,
        };
        return operations;
      },
    };
  }

  /** Operations on a document's history. They were made for the document that was there, and for none after it. */
  prepareHistory(operations: readonly Operation[], deletions: number): PlannedChange {
    return {
      bytes: bytesOf(operations),
      plan: (slot) => {
        if (slot.current.id !== undefined && slot.deletions === deletions) return operations;
        throw new HeadwaterError('HW_DOCUMENT_UNKNOWN', `"${slot.documentName}" was deleted`);
      },
    };
  }

  /**
   * The name goes, and a mark stays under which the range is cleared afterwards: however much there is to remove, the
   * document is gone in one small batch. In the place of the name's record comes a tombstone, unless the name is to be free. It is looked
   * at where a document is made, so whoever is late with an edit finds it, whatever way the edit took.
   *
   * @param buriedMs - the time in the tombstone; `undefined`: none is to be left
   */
  prepareDelete(buriedMs: number | undefined): PlannedChange & { readonly deletedId: () => number | undefined } {
    let deletedId: number | undefined;
    return {
      bytes: 0,
      deletedId: () => deletedId,
      plan: (slot) => {
        const { documentName } = slot;
        const { id, deletedMs } = slot.current;
        const operations: Operation[] = [];
        deletedId = id;
        if (id !== undefined) {
          operations.push({ type: 'del', key: nameKey(documentName) });
          operations.push({ type: 'put', key: clearedKey(id), value: new Uint8Array() });
        }
        // Nothing else knows of a tombstone that a power cut has left beside a document: it goes with the document.
        if (buriedMs === undefined) operations.push({ type: 'del', key: tombstoneKey(documentName) });
        else if (deletedMs === undefined) {
          operations.push({ type: 'put', key: tombstoneKey(documentName), value: encodeTombstone(buriedMs) });
        }
        slot.clear(buriedMs === undefined ? undefined : (deletedMs ?? buriedMs));
        return operations;
      },
    };
  }

  #appendRecord(slot: DocumentSlot, commit: Commit, id: number, record: Uint8Array): Operation {
    const { nextSequence, snapshotSequence, snapshotParts, nextQuarantine } = slot.current;
    commit.sequence = nextSequence;
    slot.position = {
      id,
      nextSequence: nextSequence + 1,
      snapshotSequence,
      snapshotParts,
      nextQuarantine,
      deletedMs: undefined,
    };
    return { type: 'put', key: logKey(id, nextSequence), value: record };
  }

  #create(slot: DocumentSlot, createdMs: number, operations: Operation[]): number {
    refuseDeleted(slot);
    const id = this.nextId;
    this.nextId += 1;
    operations.push(
      { type: 'put', key: nameKey(slot.documentName), value: encodeDocumentRecord({ id, createdMs }) },
      { type: 'put', key: META_KEYS.nextId, value: encodeMeta(this.nextId) },
    );
    slot.position = { ...NO_DOCUMENT, id };
    return id;
  }
}

/** @throws HW_DOCUMENT_DELETED when the document was deleted, and none may come after it */
function refuseDeleted({ documentName, current: { deletedMs } }: DocumentSlot): void {
  if (deletedMs !== undefined) throw documentDeleted(documentName, deletedMs);
}

function bytesOf(operations: readonly Operation[]): number {
  let bytes = 0;
  for (const operation of operations) if (operation.type === 'put') bytes += operation.value.byteLength;
  return bytes;
}
