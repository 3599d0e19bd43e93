import type { Moment, Timeline, TimelineBucket } from '@headwater/client/history';

/** A timeline with the moments that came since it was read, so that it need not be read again for every edit. */
export function grow(timeline: Timeline, moments: readonly Moment[]): Timeline {
  const fresh = moments.filter(({ sequence }) => sequence > timeline.lastSequence);
  const last = fresh.at(-1);
  if (last === undefined) return timeline;
  const widthMs = Math.max((timeline.toMs - timeline.fromMs) / Math.max(timeline.buckets.length, 1), 1);
  return {
    fromMs: timeline.fromMs,
    toMs: Math.max(timeline.toMs, last.timeMs),
    firstSequence: timeline.firstSequence || (fresh[0]?.sequence ?? 0),
    lastSequence: last.sequence,
    buckets: [...timeline.buckets, ...fresh.map((moment) => bucketOf(moment, widthMs))],
    versions: [...timeline.versions, ...fresh.flatMap(({ versions }) => versions)],
  };
}

function bucketOf({ sequence, timeMs, updates, bytes, authors }: Moment, widthMs: number): TimelineBucket {
  const byAuthor = Object.fromEntries(authors.map((author) => [author, updates / authors.length]));
  return {
    fromMs: timeMs,
    toMs: timeMs + widthMs,
    firstSequence: sequence,
    lastSequence: sequence,
    updates,
    bytes,
    byAuthor,
  };
}
