/** Below so many bytes of log no key frame is made: applying them takes less than reading it. */
const MIN_BYTES_BETWEEN = 64 * 1024;

/** A stretch of records, as far as this file looks at it. */
interface Stretch {
  readonly after: number;
  readonly last: number;
  readonly bytes: number;
}

/**
 * Whether a snapshot that is about to be replaced has to become a key frame: when the log since the last one has outgrown
 * it, so that all key frames together are never larger than the log, or when records before it are missing, so that
 * nothing but the snapshot says what they came to.
 *
 * @param lastKeyFrame - sequence of the last one before the snapshot; 0, the empty document, without one
 * @param spans - the records that are kept, oldest first
 */
export function isKeyFrameDue(
  snapshot: { readonly sequence: number; readonly bytes: number },
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
  return bytes >= Math.max(MIN_BYTES_BETWEEN, snapshot.bytes);
}
