import type { HistoryOutline, HistorySpan } from './history-store.ts';
import type { RetentionPolicy } from './retention-policy.ts';

/**
 * How far records have aged out: the end of the last stretch of which no record is younger than `keepAllMs`. Records are
 * thinned from the oldest on, and in whole stretches, so what is left can always be gone through from its beginning.
 *
 * @returns 0 when there is nothing to thin
 */
export function agedOut(spans: readonly HistorySpan[], policy: RetentionPolicy, nowMs: number): number {
  let through = 0;
  for (const { last, lastMs } of spans) {
    if (nowMs - lastMs < policy.keepAllMs) break;
    through = last;
  }
  return through;
}

/**
 * From where on a history has to begin to fit into its budget: everything before that goes, but named versions. What is left
 * needs a state to begin with, which is taken to be as big as the snapshot; nothing but the snapshot needs none.
 *
 * @returns 0 when it fits as it is
 */
export function overBudget(outline: HistoryOutline, { maxBytes }: RetentionPolicy): number {
  const { spans, keyFrames, versions, snapshotSequence, snapshotStoredBytes } = outline;
  const named = new Set(versions.map(({ sequence }) => sequence));
  const frames = keyFrames.filter(({ sequence }) => !named.has(sequence));
  const states = new Set([snapshotSequence, ...keyFrames.map(({ sequence }) => sequence)]);
  let left = sumOf(spans) + sumOf(keyFrames);
  if (left <= maxBytes) return 0;

  const firstRecord = spans[0]?.after ?? snapshotSequence;
  const lone = frames.filter(({ sequence }) => sequence < firstRecord).map(({ sequence }) => sequence);
  let nextSpan = 0;
  let nextFrame = 0;
  for (const start of [...lone, firstRecord, ...spans.map(({ last }) => last)]) {
    for (let span = spans[nextSpan]; span !== undefined && span.last <= start; span = spans[++nextSpan]) {
      left -= span.storedBytes;
    }
    for (let frame = frames[nextFrame]; frame !== undefined && frame.sequence < start; frame = frames[++nextFrame]) {
      left -= frame.storedBytes;
    }
    if (left + (states.has(start) ? 0 : snapshotStoredBytes) <= maxBytes) return start;
  }
  return snapshotSequence;
}

function sumOf(parts: readonly { readonly storedBytes: number }[]): number {
  return parts.reduce((sum, { storedBytes }) => sum + storedBytes, 0);
}
