import { scanUpdate } from './scan-update.ts';
import { SKIP_FIELDS } from './section.ts';

/** A stretch of one client's clocks. */
export interface ClockRange {
  readonly client: number;
  readonly clock: number;
  readonly length: number;
}

const NOTHING_KNOWN: ReadonlyMap<number, number> = new Map();

/**
 * The clocks an update has structs for, client by client; gaps in it are none of them.
 *
 * @throws HeadwaterError `HW_UPDATE_MALFORMED`
 */
export function clockRangesOf(update: Uint8Array): readonly ClockRange[] {
  const ranges: ClockRange[] = [];
  for (const { clientId, first, endClock, skips = [] } of scanUpdate(update, NOTHING_KNOWN).sections) {
    if (first === undefined) continue;
    let { clock } = first;
    for (let i = 0; i < skips.length; i += SKIP_FIELDS) {
      const start = skips[i + 2] as number;
      if (start > clock) ranges.push({ client: clientId, clock, length: start - clock });
      clock = skips[i + 3] as number;
    }
    if (endClock > clock) ranges.push({ client: clientId, clock, length: endClock - clock });
  }
  return ranges;
}
