import type { Ranges } from '../../protocol/src/update/ranges.ts';
import { scanUpdate } from '../../protocol/src/update/scan-update.ts';
import { type Section, SKIP_FIELDS } from '../../protocol/src/update/section.ts';

/** Consecutive clocks of one client; the end is exclusive. */
export interface ClockRange {
  readonly clientId: number;
  readonly start: number;
  readonly end: number;
}

/** What an update is about, without its content. */
export interface UpdateSummary {
  /** Its structs, in the order of the update; a gap (Skip) begins a new range. */
  readonly ranges: readonly ClockRange[];
  /** Its deletions, per client ascending. */
  readonly deletes: readonly ClockRange[];
}

/**
 * Checks an update and says what it is about.
 *
 * @throws HeadwaterError `HW_UPDATE_MALFORMED`
 */
export function inspectUpdate(update: Uint8Array): UpdateSummary {
  const { sections, deleteSet } = scanUpdate(update, new Map());
  return {
    ranges: sections.flatMap(structRanges),
    deletes: [...deleteSet.clients].flatMap(([clientId, ranges]) => clockRanges(clientId, ranges)),
  };
}

function structRanges({ clientId, first, skips = [], endClock }: Section): ClockRange[] {
  if (first === undefined) return [];
  const ranges: ClockRange[] = [];
  let start = first.clock;
  for (let i = 0; i < skips.length; i += SKIP_FIELDS) {
    const skipStart = skips[i + 2] as number;
    if (skipStart > start) ranges.push({ clientId, start, end: skipStart });
    start = skips[i + 3] as number;
  }
  if (endClock > start) ranges.push({ clientId, start, end: endClock });
  return ranges;
}

function clockRanges(clientId: number, ranges: Ranges): ClockRange[] {
  const list: ClockRange[] = [];
  for (let i = 0; i < ranges.length; i += 2) {
    list.push({ clientId, start: ranges[i] as number, end: ranges[i + 1] as number });
  }
  return list;
}
