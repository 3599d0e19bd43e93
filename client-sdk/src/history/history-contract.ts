// What the HTTP API says, as values. The shapes are those of `@headwater/persistence`, which a browser must not install;
// test/api/contract.test.ts holds the two equal, and equal to the schemas of the server.

/** What JSON can say. */
export type Json = null | boolean | number | string | readonly Json[] | { readonly [key: string]: Json };

/** Sizes and times of a document. */
export interface DocumentSummary {
  readonly name: string;
  /** The last moment. */
  readonly sequence: number;
  /** Bytes of the compacted state. */
  readonly snapshotBytes: number;
  /** Number and bytes of the records after it. */
  readonly tailRecords: number;
  readonly tailBytes: number;
  /** Updates that wait for others they build on, and those set aside because they did not integrate. */
  readonly waitingUpdates: number;
  readonly quarantinedUpdates: number;
  /** In milliseconds since the epoch. */
  readonly createdMs: number;
  readonly updatedMs: number;
}

/** A page of the documents, in the order of their names' UTF-8 bytes. */
export interface DocumentPage {
  readonly documents: readonly DocumentSummary[];
  /** Ask for those `after` this name; absent when there are no more. */
  readonly next?: string;
}

/** A document that was deleted, and whose name is not free. */
export interface DeletedDocument {
  readonly name: string;
  /** In milliseconds since the epoch. */
  readonly deletedMs: number;
}

/** A page of them, in the order of their names' UTF-8 bytes. */
export interface DeletionPage {
  readonly deletions: readonly DeletedDocument[];
  /** Ask for those `after` this name; absent when there are no more. */
  readonly next?: string;
}

/** A moment with a name. */
export interface NamedVersion {
  readonly id: string;
  readonly label: string;
  /** Who named it. */
  readonly author: string;
  /** When it was named, in milliseconds since the epoch. */
  readonly createdMs: number;
  /** The moment. */
  readonly sequence: number;
}

/** Something a document was: the state after one record. */
export interface Moment {
  /** Its number: that of the record. */
  readonly sequence: number;
  /** When the record was received, in milliseconds since the epoch. */
  readonly timeMs: number;
  readonly authors: readonly string[];
  /** Number and bytes of its updates; 0 where only the state is kept. */
  readonly updates: number;
  readonly bytes: number;
  /** Whether the record is kept, or only the state it led to. */
  readonly kind: 'record' | 'state';
  readonly versions: readonly NamedVersion[];
}

/** When and by whom a document was written, in stretches of equal time. */
export interface Timeline {
  /** From the first moment that is kept to the last, in milliseconds since the epoch. */
  readonly fromMs: number;
  readonly toMs: number;
  /** The moments themselves; both 0 when nothing was written. */
  readonly firstSequence: number;
  readonly lastSequence: number;
  /** The earliest first, without gaps; those in which nothing was written too. */
  readonly buckets: readonly TimelineBucket[];
  readonly versions: readonly NamedVersion[];
}

/** One stretch of a {@link Timeline}. */
export interface TimelineBucket {
  readonly fromMs: number;
  readonly toMs: number;
  /** Its first and last moment. When nothing was written in it, both are the last one before it. */
  readonly firstSequence: number;
  readonly lastSequence: number;
  /** Number and bytes of the updates that are kept of it. */
  readonly updates: number;
  readonly bytes: number;
  /** Number of updates by author. */
  readonly byAuthor: Readonly<Record<string, number>>;
}

/** What a document was at a moment. */
export interface HistoricState {
  /** The last record in it. */
  readonly sequence: number;
  /** When that was received, in milliseconds since the epoch; `undefined` before the first one. */
  readonly timeMs: number | undefined;
  /** The whole state as one Yjs v1 update. */
  readonly update: Uint8Array;
}

/** A root type as people read it. */
export type RootContent =
  | { readonly kind: 'text'; readonly text: string }
  | { readonly kind: 'xml'; readonly xml: string }
  | { readonly kind: 'map' | 'array'; readonly json: unknown }
  | { readonly kind: 'unknown' };

/** One step of a replay: apply its update to what came before. */
export interface ReplayStep {
  /** The moment the document is at after it; several updates of one record share it. */
  readonly sequence: number;
  /** When it was received, in milliseconds since the epoch. */
  readonly timeMs: number;
  /** Who wrote it; `undefined` for a state. */
  readonly author: string | undefined;
  /** `'state'`: everything up to here, where the replay begins later than the document, or records were thinned. */
  readonly kind: 'update' | 'state';
  /** Yjs v1 update. */
  readonly update: Uint8Array;
}

/** Properties by name, as JSON has them. */
export type JsonAttributes = Readonly<Record<string, Json>>;

/** A step along a text or a list, as in the events of Yjs. */
export type DeltaOp<Insert> =
  | { readonly insert: Insert; readonly attributes?: JsonAttributes }
  | { readonly retain: number; readonly attributes?: JsonAttributes }
  | { readonly delete: number };

/** What became of the value under a key of a map, or of an XML attribute. */
export type KeyChange =
  | { readonly action: 'add'; readonly newValue: Json }
  | { readonly action: 'update'; readonly oldValue: Json; readonly newValue: Json }
  | { readonly action: 'delete'; readonly oldValue: Json };

interface TypeChange {
  /** The name of the root type, then keys of maps and positions in arrays, texts and XML, in the second state. */
  readonly path: readonly (string | number)[];
  /** What became of its keys, or XML attributes; only those that changed. */
  readonly keys: Readonly<Record<string, KeyChange>>;
}

/** What became of a text, also one in XML. */
export interface TextChange extends TypeChange {
  readonly kind: 'text';
  readonly delta: readonly DeltaOp<Json>[];
}

/** What became of any other type. */
export interface ListChange extends TypeChange {
  readonly kind: 'array' | 'map' | 'xml';
  readonly delta: readonly DeltaOp<readonly Json[]>[];
}

/** Every type that is in both states and changed, the outer ones first. */
export type DocumentDiff = readonly (TextChange | ListChange)[];

/** A stretch of a text that one author wrote at one time. */
export interface BlamedRange {
  /** Where it begins, in UTF-16 code units; an embed counts 1. */
  readonly index: number;
  readonly length: number;
  /** Its characters, with U+FFFC for each embed. */
  readonly text: string;
  /** Absent when no record is known that brought it. */
  readonly author?: string;
  readonly timeMs?: number;
}

/** Who wrote a text. */
export interface TextBlame {
  readonly path: readonly (string | number)[];
  readonly ranges: readonly BlamedRange[];
}

/** From some age on, one state in each stretch of time. */
export interface RetentionTier {
  readonly everyMs: number;
  /** Up to this age; without it for ever. */
  readonly untilAgeMs?: number | undefined;
}

/** How much of a document's past is kept. */
export interface RetentionPolicy {
  /** Every record younger than this many milliseconds is kept. */
  readonly keepAllMs: number;
  /** What is left of older ones, by age, the youngest tier first. */
  readonly tiers: readonly RetentionTier[];
  /** Bytes on disk the history of the document may take; the oldest goes first. */
  readonly maxBytes: number;
}

/** A policy, or `'none'`: no history is kept but named versions. */
export type Retention = RetentionPolicy | 'none';

/** What holds for a document, and whether it is its own. */
export interface RetentionInForce {
  readonly retention: Retention;
  readonly isOwn: boolean;
}
