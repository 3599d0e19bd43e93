import { durationText, shortDateText, shortTimeText } from '../format.ts';
import type { Gap, Scale } from './scale.ts';

/** A label below the timeline, at a place from 0 to 1. */
export interface Tick {
  readonly x: number;
  readonly label: string;
}

/** Pixels that labels with and without a day need. */
const DAY_WIDTH = 104;
const TIME_WIDTH = 56;
/** Pixels at the end that are taken by "Live". */
const END_WIDTH = 48;
/** Pixels between labels where nothing begins. */
const DISTANCE = 150;

/** Where the timeline begins, where it goes on after a gap, and now and then between; as many as there is room for. */
export function ticksOf(scale: Scale, width: number): readonly Tick[] {
  const starts = new Set(scale.stretches.map(({ slots }) => slots[0]));
  const ticks: Tick[] = [];
  let freeFrom = -DISTANCE; // the first is always there
  let day = '';
  for (const bar of scale.bars) {
    const { x, fromMs } = bar;
    const at = x * width;
    const date = shortDateText(fromMs);
    const isNewDay = date !== day;
    const needed = isNewDay ? DAY_WIDTH : TIME_WIDTH;
    if (at < freeFrom + (starts.has(bar) ? 0 : DISTANCE) || at + needed > width - END_WIDTH) continue;
    ticks.push({ x, label: isNewDay ? `${date}, ${shortTimeText(fromMs)}` : shortTimeText(fromMs) });
    freeFrom = at + needed;
    day = date;
  }
  return ticks;
}

export function gapText({ fromMs, toMs }: Gap): string {
  return `${durationText(toMs - fromMs)} without an edit`;
}
