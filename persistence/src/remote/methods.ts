import type { DocumentStore, QuarantinedUpdate, Snapshot } from '../document-store.ts';
import type { HistoryChange, RecordBlock } from '../history/history-store.ts';
import { boolean, type Codec, float, list, object, optional, text, uint } from './codec.ts';
import {
  attributedRange,
  deletedDocument,
  documentInfo,
  historyChange,
  historyOutline,
  keyFrame,
  logEnd,
  quarantinedUpdate,
  recordBlock,
  snapshot,
  storedDocument,
} from './value-codecs.ts';

/** A method of a store that can be called from elsewhere. */
export interface Method<A, R> {
  readonly number: number;
  readonly args: Codec<A>;
  readonly result: Codec<R>;
  run(store: DocumentStore, args: A): Promise<R>;
  /** It changes nothing: it can be called again when its answer is lost, and may wait for its turn. */
  readonly isRead: boolean;
}

interface OfDocument {
  readonly documentName: string;
}

interface Page {
  readonly after: string | undefined;
  readonly limit: number;
}

interface BlockRange extends OfDocument {
  readonly after: number;
  readonly upTo: number | undefined;
}

interface AtSequence extends OfDocument {
  readonly sequence: number;
}

interface SnapshotSwitch extends OfDocument {
  readonly snapshot: Snapshot;
  readonly quarantine: readonly QuarantinedUpdate[];
  readonly documentId: number | undefined;
}

interface Deletion extends OfDocument {
  readonly allowReuse: boolean;
  readonly deletedForMs: number;
}

interface ChangeOfHistory extends OfDocument {
  readonly change: HistoryChange;
}

const ofDocument = object<OfDocument>({ documentName: text });
const page = object<Page>({ after: optional(text), limit: uint });
const nothing: Codec<void> = { write: () => {}, read: () => {} };

const read = <A, R>(method: Omit<Method<A, R>, 'isRead'>): Method<A, R> => ({ ...method, isRead: true });
const change = <A, R>(method: Omit<Method<A, R>, 'isRead'>): Method<A, R> => ({ ...method, isRead: false });

/**
 * Every method of a store but `append`, which has messages of its own. Iterations go from one place to the next by a call
 * each: who iterates slowly holds nothing anywhere, and who stops need not say so. Numbers are never given again.
 */
export const METHODS = {
  load: read({
    number: 1,
    args: ofDocument,
    result: storedDocument,
    run: (store, { documentName }) => store.load(documentName),
  }),
  quarantined: read({
    number: 2,
    args: ofDocument,
    result: list(quarantinedUpdate),
    run: (store, { documentName }) => store.quarantined(documentName),
  }),
  page: read({
    number: 3,
    args: page,
    result: list(documentInfo),
    run: (store, asked) => all(store.list(asked)),
  }),
  info: read({
    number: 4,
    args: ofDocument,
    result: optional(documentInfo),
    run: (store, { documentName }) => store.info(documentName),
  }),
  history: read({
    number: 6,
    args: ofDocument,
    result: optional(historyOutline),
    run: (store, { documentName }) => store.history(documentName),
  }),
  block: read({
    number: 7,
    args: object<BlockRange>({ documentName: text, after: float, upTo: optional(float) }),
    result: optional(recordBlock),
    run: firstBlock,
  }),
  keyFrame: read({
    number: 8,
    args: object<AtSequence>({ documentName: text, sequence: float }),
    result: optional(keyFrame),
    run: (store, { documentName, sequence }) => store.keyFrame(documentName, sequence),
  }),
  attribution: read({
    number: 9,
    args: ofDocument,
    result: list(attributedRange),
    run: (store, { documentName }) => store.attribution(documentName),
  }),
  replaceSnapshot: change({
    number: 10,
    args: object<SnapshotSwitch>({
      documentName: text,
      snapshot,
      quarantine: list(quarantinedUpdate),
      documentId: optional(uint),
    }),
    result: nothing,
    run: (store, { documentName, snapshot: next, quarantine, documentId }) =>
      store.replaceSnapshot(documentName, next, quarantine, documentId),
  }),
  changeHistory: change({
    number: 11,
    args: object<ChangeOfHistory>({ documentName: text, change: historyChange }),
    result: nothing,
    run: (store, { documentName, change: made }) => store.changeHistory(documentName, made),
  }),
  delete: change({
    number: 12,
    args: object<Deletion>({ documentName: text, allowReuse: boolean, deletedForMs: uint }),
    result: boolean,
    run: (store, { documentName, ...options }) => store.delete(documentName, options),
  }),
  logEnds: read({
    number: 13,
    args: object<{ documentNames: readonly string[] }>({ documentNames: list(text) }),
    result: list(logEnd),
    run: (store, { documentNames }) => store.logEnds(documentNames),
  }),
  deletedPage: read({
    number: 14,
    args: page,
    result: list(deletedDocument),
    run: (store, asked) => all(store.listDeleted(asked)),
  }),
} as const;

async function all<T>(values: AsyncIterable<T>): Promise<readonly T[]> {
  const found: T[] = [];
  for await (const value of values) found.push(value);
  return found;
}

async function firstBlock(
  store: DocumentStore,
  { documentName, after, upTo }: BlockRange,
): Promise<RecordBlock | undefined> {
  for await (const block of store.recordBlocks(documentName, { after, upTo })) return block;
  return undefined;
}
