/** Clock ranges as a flat list: start, end, start, end; ascending, apart from each other, ends exclusive. */
export type Ranges = readonly number[];

/** Sorts ranges that may overlap and come in any order, and joins what touches. */
export function mergedRanges(ranges: Ranges): number[] {
  const pairs: (readonly [number, number])[] = [];
  for (let i = 0; i < ranges.length; i += 2) pairs.push([ranges[i] as number, ranges[i + 1] as number]);
  pairs.sort(([a], [b]) => a - b);
  const merged: number[] = [];
  for (const [start, end] of pairs) pushRange(merged, start, end);
  return merged;
}

/** Appends a range that starts no earlier than the last one did. */
export function pushRange(ranges: number[], start: number, end: number): void {
  const last = ranges.length - 1;
  if (last < 0 || start > (ranges[last] as number)) ranges.push(start, end);
  else if (end > (ranges[last] as number)) ranges[last] = end;
}

/** The index (of its start) of the first range that ends after `clock`; `ranges.length` when none does. */
export function firstRangeAfter(ranges: Ranges, clock: number, from = 0): number {
  let low = from / 2;
  let high = ranges.length / 2;
  while (low < high) {
    const middle = (low + high) >>> 1;
    if ((ranges[middle * 2 + 1] as number) > clock) high = middle;
    else low = middle + 1;
  }
  return low * 2;
}

/** Appends to `target` the parts of `[start, end)` that `known` lacks. Returns where in `known` to go on for later ranges. */
export function pushMissing(target: number[], start: number, end: number, known: Ranges, from: number): number {
  let at = firstRangeAfter(known, start, from);
  const next = at;
  let clock = start;
  for (; at < known.length && (known[at] as number) < end; at += 2) {
    const knownStart = known[at] as number;
    if (knownStart > clock) pushRange(target, clock, knownStart);
    clock = known[at + 1] as number;
    if (clock >= end) return next;
  }
  pushRange(target, clock, end);
  return next;
}

/** Two lists as one, in one pass. */
export function unionOfRanges(a: Ranges, b: Ranges): number[] {
  const union: number[] = [];
  let i = 0;
  let j = 0;
  while (i < a.length || j < b.length) {
    const takeA = j >= b.length || (i < a.length && (a[i] as number) <= (b[j] as number));
    if (takeA) pushRange(union, a[i++] as number, a[i++] as number);
    else pushRange(union, b[j++] as number, b[j++] as number);
  }
  return union;
}

/**
 * Adds one range in place: at the end at once (the usual deletion is next to the last one), elsewhere after a binary search.
 */
export function addRange(ranges: number[], start: number, end: number): void {
  if (ranges.length === 0 || start >= (ranges[ranges.length - 2] as number)) {
    pushRange(ranges, start, end);
    return;
  }
  // the ranges that touch [start, end) become one with it; `start - 1` because touching is enough
  const first = firstRangeAfter(ranges, start - 1);
  let behind = first;
  while (behind < ranges.length && (ranges[behind] as number) <= end) behind += 2;
  if (behind === first) {
    ranges.splice(first, 0, start, end);
    return;
  }
  const joinedStart = Math.min(start, ranges[first] as number);
  const joinedEnd = Math.max(end, ranges[behind - 1] as number);
  ranges.splice(first, behind - first, joinedStart, joinedEnd);
}
