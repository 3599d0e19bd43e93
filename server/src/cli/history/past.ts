import type {
  ByAuthor,
  Moment,
  MomentRange,
  NamedVersions,
  ReplayOptions,
  ReplayStep,
  TextBlame,
} from '@headwater/persistence';
import * as Y from 'yjs';

/** What a document was at a moment. */
export interface PastState {
  readonly sequence: number;
  readonly timeMs: number | undefined;
  /** As one Yjs v1 update. */
  readonly update: Uint8Array;
}

/** What the commands ask of the past of documents: that of a store they opened, or of a running server. */
export interface Past {
  moments(documentName: string, range?: MomentRange): Promise<readonly Moment[]>;
  stateAt(documentName: string, moment: number): Promise<PastState>;
  replay(documentName: string, options?: ReplayOptions): AsyncIterable<ReplayStep>;
  blame(documentName: string, moment?: number): Promise<readonly TextBlame[]>;
  restore(documentName: string, moment: number, by: ByAuthor): Promise<number>;
  fork(documentName: string, newName: string, moment: number, by: ByAuthor): Promise<number>;
  readonly versions: Pick<NamedVersions, 'create' | 'list' | 'rename' | 'delete'>;
}

/** The last moment of a document; `undefined` before its first record. @throws HW_DOCUMENT_UNKNOWN */
export async function lastMoment(past: Pick<Past, 'moments'>, documentName: string): Promise<Moment | undefined> {
  const [last] = await past.moments(documentName, { before: Number.POSITIVE_INFINITY, limit: 1 });
  return last;
}

/** A state as a document, the caller's to keep. */
export function load({ update }: Pick<PastState, 'update'>): Y.Doc {
  const doc = new Y.Doc({ gc: false }); // nothing in it is deleted
  Y.applyUpdate(doc, update);
  return doc;
}
