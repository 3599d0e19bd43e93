import { HeadwaterError } from '@headwater/protocol';
import { HistoricState } from './historic-state.ts';
import type { HistoryOutline, HistoryStore, KeyFrame } from './history-store.ts';
import { endOf, holdsRecords, stretchesOf } from './stretches.ts';

/** The outline is read once and the contents after it: what retention takes away in between is looked for this often. */
const ATTEMPTS = 3;

/**
 * The state of a document at a moment: the nearest key frame that can be read, and the records after it.
 *
 * @throws HW_DOCUMENT_UNKNOWN, HW_MOMENT_UNKNOWN
 * @throws HW_STORE_CORRUPT when what would lead to this moment is damaged
 */
export async function stateAt(store: HistoryStore, documentName: string, moment: number): Promise<HistoricState> {
  const { timeMs, updates } = await partsOfState(store, documentName, moment);
  return new HistoricState(moment, timeMs, updates);
}

/** What makes a state: a key frame and the updates after it, in order. */
export interface StateParts {
  readonly timeMs: number | undefined;
  /** The first is the state it begins with: the key frame, or the empty document. */
  readonly updates: readonly Uint8Array[];
}

/** The empty document, as an update. */
const EMPTY = Uint8Array.of(0, 0);

/** Like {@link stateAt}, without putting them together. */
export async function partsOfState(store: HistoryStore, documentName: string, moment: number): Promise<StateParts> {
  for (let attempt = 1; ; attempt += 1) {
    const outline = await outlineOf(store, documentName);
    const state = await tryState(store, documentName, moment, outline);
    if (state !== undefined) return state;
    if (attempt === ATTEMPTS) throw unknownMoment(documentName, moment, outline);
  }
}

/** @throws HW_DOCUMENT_UNKNOWN */
export async function outlineOf(store: HistoryStore, documentName: string): Promise<HistoryOutline> {
  const outline = await store.history(documentName);
  if (outline !== undefined) return outline;
  throw new HeadwaterError('HW_DOCUMENT_UNKNOWN', `there is no document ${JSON.stringify(documentName)}`);
}

/** Names the nearest moments there are. */
export function unknownMoment(documentName: string, moment: number, outline: HistoryOutline): HeadwaterError {
  const name = JSON.stringify(documentName);
  if (!Number.isSafeInteger(moment) || moment < 0 || moment > outline.sequence) {
    const problem = `${name} has the moments 0 to ${outline.sequence}, and no ${moment}`;
    return new HeadwaterError('HW_MOMENT_UNKNOWN', problem);
  }
  const stretches = stretchesOf(outline);
  const before = stretches.findLast((stretch) => endOf(stretch) < moment);
  const next = stretches.find((stretch) => endOf(stretch) > moment);
  const after = next?.kind === 'records' ? next.after + 1 : next?.sequence;
  const near = `the ones next to it are ${before === undefined ? 0 : endOf(before)} and ${after ?? outline.sequence}`;
  return new HeadwaterError('HW_MOMENT_UNKNOWN', `moment ${moment} of ${name} is not kept any more; ${near}`);
}

async function tryState(
  store: HistoryStore,
  documentName: string,
  moment: number,
  outline: HistoryOutline,
): Promise<StateParts | undefined> {
  if (!Number.isSafeInteger(moment) || moment < 0 || moment > outline.sequence) return undefined;
  const stretches = stretchesOf(outline);
  let damage: unknown;
  for (const start of startsBefore(outline, moment)) {
    if (!holdsRecords(stretches, start, moment)) break; // and from none before it either
    try {
      const keyFrame = start === 0 ? undefined : await store.keyFrame(documentName, start);
      if (keyFrame === undefined && start > 0) continue;
      const state = await partsFrom(store, documentName, keyFrame, moment);
      if (state !== undefined) return state;
    } catch (error) {
      if (!(error instanceof HeadwaterError) || error.code !== 'HW_STORE_CORRUPT') throw error;
      damage ??= error; // an older key frame may do
    }
  }
  if (damage !== undefined) throw damage;
  return undefined;
}

/** Moments with a full state, the nearest first; the last is 0, the empty document. */
function startsBefore({ keyFrames, snapshotSequence }: HistoryOutline, moment: number): readonly number[] {
  const starts = new Set([0, snapshotSequence, ...keyFrames.map(({ sequence }) => sequence)]);
  return [...starts].filter((sequence) => sequence <= moment).sort((a, b) => b - a);
}

/**
 * What makes the state at a moment from an earlier one; `undefined` when records in between are gone.
 *
 * @param start - the earlier state; without one the empty document
 */
export async function partsFrom(
  store: HistoryStore,
  documentName: string,
  start: KeyFrame | undefined,
  moment: number,
): Promise<StateParts | undefined> {
  const updates = [start?.update ?? EMPTY];
  let timeMs = start?.timeMs;
  let at = start?.sequence ?? 0;
  for await (const block of store.recordBlocks(documentName, { after: at, upTo: moment })) {
    if (block.after > at) return undefined;
    at = block.last;
    for (const record of block.records) {
      timeMs = record.timeMs;
      for (const { update } of record.entries) updates.push(update);
    }
  }
  return at < moment ? undefined : { timeMs, updates };
}
