import type { HistoryOutline } from './history-store.ts';

/** Below so many bytes of log no key frame is made: applying them takes less than reading it. */
const MIN_BYTES_BETWEEN = 32 * 1024;

/** A stretch of records, as far as this file looks at it. */
interface Stretch {
  readonly after: number;
  readonly last: number;
  readonly bytes: number;
}

/**
 * Whether a snapshot that is about to be replaced has to become a key frame: when the log since the last one is worth half
 * of it, so that all key frames together are never larger than twice the log, or when records before it are missing, so that
 * nothing but the snapshot says what they came to.
 *
 * @param lastKeyFrame - sequence of the last one before the snapshot; 0, the empty document, without one
 * @param spans - the records that are kept, oldest first
 */
export function isKeyFrameDue(
  snapshot: { readonly sequence: number; readonly storedBytes: number },
  lastKeyFrame: number,
  spans: readonly Stretch[],
): boolean {
  if (snapshot.sequence === lastKeyFrame) return false;
  let covered = lastKeyFrame;
  let bytes = 0;
  for (const span of spans) {
    if (span.last <= covered) continue;
    if (span.after > covered) return true;
    covered = span.last;
    bytes += span.bytes;
  }
  if (covered < snapshot.sequence) return true;
  return bytes >= bytesBetween(snapshot.storedBytes);
}

/**
 * Where key frames are missing: so much was written between two compactions that the log outgrew the state more than once.
 * They are put where stretches end. How big a state was there is not known; the next one that is there tells about it.
 */
export function missingKeyFrames(outline: HistoryOutline): readonly number[] {
  const { spans, keyFrames, snapshotSequence, snapshotStoredBytes } = outline;
  const sizes = new Map(keyFrames.map(({ sequence, storedBytes }) => [sequence, storedBytes]));
  sizes.set(snapshotSequence, snapshotStoredBytes);
  const states = [...sizes.keys()].sort((a, b) => a - b);
  const missing: number[] = [];
  let since = 0;
  let next = 0;
  for (const { after, last, bytes } of spans) {
    if (sizes.has(after)) since = 0;
    since += bytes;
    while (next < states.length && (states[next] ?? 0) < last) next += 1;
    const nextState = states[next];
    if (nextState === undefined || nextState === last) continue;
    if (since < bytesBetween(sizes.get(nextState) ?? 0)) continue;
    missing.push(last);
    since = 0;
  }
  return missing;
}

/** How much log there may be before a key frame of this size. Records take several times as long to apply as a state. */
function bytesBetween(storedBytes: number): number {
  return Math.max(MIN_BYTES_BETWEEN, storedBytes / 2);
}
