import type { HistoryStore } from './history-store.ts';
import { outlineOf, stateAt, unknownMoment } from './state-at.ts';
import { endOf, type Stretch, stretchesOf } from './stretches.ts';

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

export interface ReplayOptions {
  /** The moment to begin with; its state comes first, unless it is 0, the empty document. @defaultValue `0` */
  readonly from?: number | undefined;
  /** The last moment. @defaultValue the last one there is when the replay begins */
  readonly to?: number | undefined;
  /** How many times as fast as it happened: 1 is real time. @defaultValue `Infinity`: as fast as it is asked for */
  readonly speed?: number | undefined;
  /** No pause is longer than this many milliseconds. @defaultValue `2_000` */
  readonly maxPauseMs?: number | undefined;
  /** Ends the replay, also in the middle of a pause. */
  readonly signal?: AbortSignal | undefined;
}

export const REPLAY_DEFAULTS = { from: 0, speed: Number.POSITIVE_INFINITY, maxPauseMs: 2_000 } as const;

/** Waits; returns early when the signal aborts. */
export type Sleep = (ms: number, signal: AbortSignal | undefined) => Promise<void>;

/**
 * What was written, in the order and at the pace in which it was. No more than one block of records, or one state, is in
 * memory at a time.
 *
 * @throws HW_DOCUMENT_UNKNOWN, HW_MOMENT_UNKNOWN, HW_STORE_CORRUPT, and RangeError for a speed of 0 or less
 */
export async function* replay(
  store: HistoryStore,
  documentName: string,
  options: ReplayOptions,
  sleep: Sleep,
): AsyncGenerator<ReplayStep, void, undefined> {
  const { signal, speed = REPLAY_DEFAULTS.speed, maxPauseMs = REPLAY_DEFAULTS.maxPauseMs } = options;
  if (!(speed > 0)) throw new RangeError('the speed of a replay must be more than 0');
  let playedMs: number | undefined;
  for await (const step of steps(store, documentName, options)) {
    const pauseMs = Math.min((step.timeMs - (playedMs ?? step.timeMs)) / speed, maxPauseMs);
    playedMs = step.timeMs;
    if (pauseMs > 0) await sleep(pauseMs, signal);
    if (isAborted(signal)) return;
    yield step;
    if (isAborted(signal)) return;
  }
}

async function* steps(
  store: HistoryStore,
  documentName: string,
  { from = REPLAY_DEFAULTS.from, to }: ReplayOptions,
): AsyncGenerator<ReplayStep, void, undefined> {
  const outline = await outlineOf(store, documentName);
  const end = to ?? outline.sequence;
  if (!Number.isSafeInteger(end) || end < from || end > outline.sequence) {
    throw unknownMoment(documentName, end, outline);
  }
  if (from !== 0) yield await stateStep(store, documentName, from);
  let at = from;
  for (const stretch of stretchesOf(outline)) {
    if (endOf(stretch) <= at) continue;
    const start = startOf(stretch);
    if (start > end) return;
    if (start > at) yield await stateStep(store, documentName, start);
    at = Math.max(at, start);
    if (stretch.kind === 'state') continue;
    yield* records(store, documentName, at, Math.min(end, stretch.last));
    at = stretch.last;
  }
}

function isAborted(signal: AbortSignal | undefined): boolean {
  return signal?.aborted === true;
}

/** The moment whose state has to be there before a stretch can be played. */
function startOf(stretch: Stretch): number {
  return stretch.kind === 'state' ? stretch.sequence : stretch.after;
}

async function* records(
  store: HistoryStore,
  documentName: string,
  after: number,
  upTo: number,
): AsyncGenerator<ReplayStep, void, undefined> {
  let at = after;
  for await (const block of store.recordBlocks(documentName, { after, upTo })) {
    // Thinned since the outline was read: go on from where there is something again.
    if (block.after > at) yield await stateStep(store, documentName, block.after);
    for (const { sequence, timeMs, entries } of block.records) {
      for (const { update, author } of entries) yield { sequence, timeMs, author, kind: 'update', update };
    }
    at = block.last;
  }
}

async function stateStep(store: HistoryStore, documentName: string, moment: number): Promise<ReplayStep> {
  const { sequence, timeMs = 0, update } = await stateAt(store, documentName, moment);
  return { sequence, timeMs, author: undefined, kind: 'state', update };
}
