import type { Author } from './authors.ts';
import type { Bar, Scale, Stretch } from './scale.ts';

/** Pixels a stretch of one edit is high: it is still to be seen. */
const LEAST_HEIGHT = 5;

/** The part of all times that is not as busy as the river can show. */
const FULL = 0.97;

/** 1: twice as much is twice as wide; 0: everything is as wide as everything else. */
const CONTRAST = 0.65;

/** All that one colour has on the timeline, as the data of an SVG path. */
export interface Current {
  readonly color: number;
  readonly path: string;
}

/** A place along a current: where it is, and from where to where it reaches. */
interface Reach {
  readonly x: number;
  readonly top: number;
  readonly bottom: number;
}

/**
 * The edit rate as a river: as wide as much was written, made of a current for each author. Twice as much is less than
 * twice as wide, so that a quiet hour is seen beside a busy one.
 */
export function currentsOf(
  scale: Scale,
  authors: readonly Author[],
  width: number,
  height: number,
): readonly Current[] {
  const colorOf = new Map(authors.map(({ id, color }) => [id, color]));
  const most = busyRate(scale.bars);
  const heightOf = ({ updates }: Bar): number =>
    LEAST_HEIGHT + (height - LEAST_HEIGHT) * Math.min(updates / most, 1) ** CONTRAST;
  const colors = [...new Set([0, ...authors.map(({ color }) => color)])].sort((a, b) => orderOf(a) - orderOf(b));
  const paths = new Map<number, string>(colors.map((color) => [color, '']));
  for (const stretch of scale.stretches) {
    const tops = stretch.slots.map((bar) => height / 2 - (bar === undefined ? 0 : heightOf(bar) / 2));
    for (const color of colors) {
      const heights = stretch.slots.map((bar) => (bar === undefined ? 0 : heightOf(bar) * partOf(bar, color, colorOf)));
      if (heights.every((part) => part === 0)) continue;
      paths.set(color, (paths.get(color) ?? '') + pathOf(reachesOf(stretch, tops, heights, width, height / 2)));
      for (const [slot, part] of heights.entries()) tops[slot] = (tops[slot] ?? 0) + part;
    }
  }
  return [...paths].map(([color, path]) => ({ color, path }));
}

/** What counts as full: all but the busiest few, so that one paste leaves the rest to be seen. */
function busyRate(bars: readonly Bar[]): number {
  const rates = bars.map(({ updates }) => updates).sort((a, b) => a - b);
  return Math.max(rates[Math.floor((rates.length - 1) * FULL)] ?? 0, 1);
}

/** Everybody else comes last. */
function orderOf(color: number): number {
  return color === 0 ? Number.POSITIVE_INFINITY : color;
}

/** What part of a bar a colour is; one of which no updates are left is nobody's. */
function partOf(bar: Bar, color: number, colorOf: ReadonlyMap<string, number>): number {
  if (bar.updates === 0) return color === 0 ? 1 : 0;
  let updates = 0;
  for (const [author, count] of Object.entries(bar.byAuthor)) if (colorOf.get(author) === color) updates += count;
  return updates / bar.updates;
}

/** One in the middle of each slot, and one of no width at both ends. */
function reachesOf(
  { x, width: part, slots }: Stretch,
  tops: readonly number[],
  heights: readonly number[],
  width: number,
  middle: number,
): readonly Reach[] {
  const slotWidth = (part * width) / slots.length;
  const left = x * width;
  const reaches = slots.map((_, slot): Reach => {
    const top = tops[slot] ?? middle;
    return { x: left + (slot + 0.5) * slotWidth, top, bottom: top + (heights[slot] ?? 0) };
  });
  const end = (at: number): Reach => ({ x: at, top: middle, bottom: middle });
  return [end(left), ...reaches, end(left + part * width)];
}

/** Along the top and back along the bottom, level at every reach. */
function pathOf(reaches: readonly Reach[]): string {
  const top = reaches.map(({ x, top: y }) => ({ x, y }));
  const bottom = reaches.map(({ x, bottom: y }) => ({ x, y })).reverse();
  return `M${curve(top)}L${curve(bottom)}Z`;
}

function curve(points: readonly { readonly x: number; readonly y: number }[]): string {
  return points
    .map(({ x, y }, index) => {
      const before = points[index - 1];
      if (before === undefined) return `${x.toFixed(1)} ${y.toFixed(1)}`;
      const between = ((before.x + x) / 2).toFixed(1);
      return `C${between} ${before.y.toFixed(1)} ${between} ${y.toFixed(1)} ${x.toFixed(1)} ${y.toFixed(1)}`;
    })
    .join('');
}
