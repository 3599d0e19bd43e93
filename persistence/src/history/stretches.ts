import type { HistoryOutline, KeyFrameInfo } from './history-store.ts';

/** Records without a gap: all of them after one sequence, up to another. */
export interface RecordRun {
  readonly kind: 'records';
  readonly after: number;
  readonly last: number;
}

/** A moment that is kept as a state only: its record was thinned, or never was. */
export interface LoneState {
  readonly kind: 'state';
  readonly sequence: number;
  /** `undefined` for the snapshot. */
  readonly keyFrame: KeyFrameInfo | undefined;
}

export type Stretch = RecordRun | LoneState;

/** All moments there are, oldest first, in as few stretches as possible. The tail is part of the last one. */
export function stretchesOf(outline: HistoryOutline): readonly Stretch[] {
  const { sequence, snapshotSequence, spans, keyFrames } = outline;
  const runs: RecordRun[] = [];
  const add = (after: number, last: number): void => {
    const before = runs.at(-1);
    if (before?.last === after) runs[runs.length - 1] = { ...before, last };
    else runs.push({ kind: 'records', after, last });
  };
  for (const span of spans) add(span.after, span.last);
  if (sequence > snapshotSequence) add(snapshotSequence, sequence);

  const states: LoneState[] = keyFrames.map((keyFrame) => ({ kind: 'state', sequence: keyFrame.sequence, keyFrame }));
  if (snapshotSequence > 0 && !states.some((state) => state.sequence === snapshotSequence)) {
    states.push({ kind: 'state', sequence: snapshotSequence, keyFrame: undefined });
  }
  const lone = states.filter(({ sequence: at }) => !runs.some((run) => at > run.after && at <= run.last));
  return [...runs, ...lone].sort((a, b) => endOf(a) - endOf(b));
}

/** The last moment of a stretch. */
export function endOf(stretch: Stretch): number {
  return stretch.kind === 'records' ? stretch.last : stretch.sequence;
}

/** Whether every record after one sequence and up to another is kept. */
export function holdsRecords(stretches: readonly Stretch[], after: number, upTo: number): boolean {
  if (after >= upTo) return true;
  return stretches.some((stretch) => stretch.kind === 'records' && stretch.after <= after && upTo <= stretch.last);
}
