import type { Timeline } from '@headwater/client/history';

/** Colours there are; further authors share the last, a grey. */
const COLORS = 7;

export interface Author {
  readonly id: string;
  readonly name: string;
  /** 1 to 7, or 0 for everybody else. */
  readonly color: number;
  readonly updates: number;
}

/** Who wrote in a document, the busiest first. */
export function authorsIn({ buckets }: Timeline): readonly Author[] {
  const updates = new Map<string, number>();
  for (const { byAuthor } of buckets) {
    for (const [id, count] of Object.entries(byAuthor)) updates.set(id, (updates.get(id) ?? 0) + count);
  }
  const busiest = [...updates].sort(([a, most], [b, more]) => more - most || (a < b ? -1 : 1));
  return busiest.map(([id, count], index) => ({
    id,
    name: authorName(id),
    color: index < COLORS ? index + 1 : 0,
    updates: count,
  }));
}

const UUID = /^[\da-f]{8}-(?:[\da-f]{4}-){3}[\da-f]{12}$/i;

/** Where nobody says who they are the author is a connection, and its id is nothing to read. */
export function authorName(id: string): string {
  if (id === '') return 'Unknown';
  return UUID.test(id) ? `Guest ${id.slice(0, 4)}` : id;
}
