import { AttributionGatherer, attributedRanges } from './attributed-ranges.ts';
import type { HistoryOutline, HistoryStore, KeyFrame } from './history-store.ts';
import { type MakeState, makeKeyFrames } from './key-frame-maker.ts';
import { missingKeyFrames } from './key-frames.ts';
import type { RetentionPolicy } from './retention-policy.ts';
import { type Point, survivors } from './survivors.ts';
import { agedOut, overBudget } from './thinning.ts';

/** Key frames that were made wait in memory up to so many bytes before they are written. */
const MAX_BYTES_PER_CHANGE = 16 * 1024 * 1024;
/** So many bytes of records are thinned in one step. */
const MAX_BYTES_PER_STEP = 16 * 1024 * 1024;

/**
 * Brings the history of one document in line with its retention, and adds the key frames that are missing. Every step leaves
 * a whole history behind: states are written before the records that led to them go.
 *
 * @throws HW_STORE_CORRUPT when what has to become a state is damaged; it is left as it is then
 */
export class HistoryMaintenance {
  readonly #store: HistoryStore;
  readonly #makeState: MakeState;
  readonly #now: () => number;

  constructor(store: HistoryStore, makeState: MakeState, now: () => number) {
    this.#store = store;
    this.#makeState = makeState;
    this.#now = now;
  }

  /** Ends early when the signal aborts; what is left is done the next time. */
  async run(documentName: string, signal?: AbortSignal): Promise<void> {
    let isMore = true;
    while (isMore && !isAborted(signal)) {
      const outline = await this.#store.history(documentName);
      isMore = outline !== undefined && (await this.#step(documentName, outline, signal));
    }
  }

  /** @returns whether there may be more to do */
  async #step(documentName: string, outline: HistoryOutline, signal: AbortSignal | undefined): Promise<boolean> {
    const { retention } = outline;
    if (retention === 'none') {
      await this.#removeAll(documentName, outline);
      return false;
    }
    const start = overBudget(outline, retention);
    if (start > 0 && hasAnythingBefore(outline, start)) {
      await this.#thin(documentName, outline, start, () => new Set());
      return true;
    }
    const nowMs = this.#now();
    const through = agedOut(outline.spans, retention, nowMs);
    const select = (points: readonly Point[]): ReadonlySet<number> => survivors(points, retention, nowMs);
    if (through > 0) {
      await this.#thin(documentName, outline, through, select);
      return true;
    }
    await this.#removeOutlived(documentName, outline, retention, nowMs);
    await this.#add(documentName, missingKeyFrames(outline), signal);
    return false;
  }

  async #removeAll(documentName: string, { spans, keyFrames, versions, sequence }: HistoryOutline): Promise<void> {
    const named = new Set(versions.map((version) => version.sequence));
    const unnamed = keyFrames.map((frame) => frame.sequence).filter((at) => !named.has(at));
    if (spans.length === 0 && unnamed.length === 0) return;
    await this.#store.changeHistory(documentName, {
      removeRecordsThrough: sequence,
      removeKeyFrames: unnamed,
      removeAttribution: true,
    });
  }

  /** Turns the records up to one into the states that are to be left of them; a part of them, when they are many. */
  async #thin(
    documentName: string,
    outline: HistoryOutline,
    upTo: number,
    select: (points: readonly Point[]) => ReadonlySet<number>,
  ): Promise<void> {
    const { through, first } = stepOf(outline, upTo);
    const points: Point[] = outline.keyFrames.filter(({ sequence }) => sequence <= first);
    const gatherer = new AttributionGatherer();
    if (through > first) {
      for await (const { records } of this.#store.recordBlocks(documentName, { after: first, upTo: through })) {
        for (const { sequence, timeMs } of records) points.push({ sequence, timeMs });
        for (const range of attributedRanges(records)) gatherer.add(range);
      }
    }
    const kept = new Set(select(points));
    // What is left of the records begins with a state; after the last of them the snapshot is one.
    if (through < outline.snapshotSequence) kept.add(through);
    const existing = new Set([outline.snapshotSequence, ...outline.keyFrames.map(({ sequence }) => sequence)]);
    await this.#add(
      documentName,
      [...kept].filter((sequence) => !existing.has(sequence)).sort((a, b) => a - b),
    );
    // As long as it is the snapshot: a compaction in between puts another in its place, and may have made it a key frame.
    await this.#store.changeHistory(documentName, {
      whileSnapshot: outline.snapshotSequence,
      removeRecordsThrough: through,
      removeKeyFrames: [...existing].filter((sequence) => sequence <= through && !kept.has(sequence)),
      addAttribution: gatherer.ranges,
    });
  }

  /** States of the time before the records that have moved on to a coarser tier. */
  async #removeOutlived(
    documentName: string,
    { spans, keyFrames, versions, snapshotSequence }: HistoryOutline,
    retention: RetentionPolicy,
    nowMs: number,
  ): Promise<void> {
    const first = spans[0]?.after ?? snapshotSequence;
    const lone = keyFrames.filter(({ sequence }) => sequence <= first);
    const kept = survivors(lone, retention, nowMs);
    const named = new Set(versions.map(({ sequence }) => sequence));
    const outlived = lone
      .map(({ sequence }) => sequence)
      .filter((sequence) => sequence !== first && !kept.has(sequence) && !named.has(sequence));
    if (outlived.length > 0) await this.#store.changeHistory(documentName, { removeKeyFrames: outlived });
  }

  async #add(documentName: string, moments: readonly number[], signal?: AbortSignal): Promise<void> {
    let made: KeyFrame[] = [];
    let bytes = 0;
    const write = async (): Promise<void> => {
      if (made.length > 0) await this.#store.changeHistory(documentName, { addKeyFrames: made });
      made = [];
      bytes = 0;
    };
    for await (const frame of makeKeyFrames(this.#store, this.#makeState, documentName, moments)) {
      made.push(frame);
      bytes += frame.update.byteLength;
      if (bytes >= MAX_BYTES_PER_CHANGE) await write();
      if (isAborted(signal)) break;
    }
    await write();
  }
}

function isAborted(signal: AbortSignal | undefined): boolean {
  return signal?.aborted === true;
}

/** Where the records begin, and up to where they are thinned at once. */
function stepOf({ spans, snapshotSequence }: HistoryOutline, upTo: number): { first: number; through: number } {
  const first = Math.min(upTo, spans[0]?.after ?? snapshotSequence);
  let through = first;
  let bytes = 0;
  for (const span of spans) {
    if (span.last > upTo || bytes >= MAX_BYTES_PER_STEP) break;
    bytes += span.bytes;
    through = span.last;
  }
  return { first, through };
}

function hasAnythingBefore({ spans, keyFrames, versions }: HistoryOutline, start: number): boolean {
  const named = new Set(versions.map(({ sequence }) => sequence));
  return (
    spans.some(({ last }) => last <= start) ||
    keyFrames.some(({ sequence }) => sequence < start && !named.has(sequence))
  );
}
