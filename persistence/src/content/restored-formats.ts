import type * as Y from 'yjs';
import { unneededFormats } from './formats.ts';
import { lookUp } from './loaded-state.ts';
import type { SharedType } from './root-kinds.ts';

/** How the formats of a text are brought back. */
export interface RestoredFormats {
  /** Formats of the target that need not come back, as they would change nothing. */
  readonly unneeded: ReadonlySet<Y.Item>;
  /** Formats of the current state that are to go in any case, even when the same comes back. */
  readonly doomed: ReadonlySet<Y.Item>;
}

/**
 * Decides about the formats of a text. Formats without effect are deleted by any client that opens the document, so what has
 * no effect now but had one then may vanish while it is restored, and take its effect along. Such formats are never kept: they
 * are deleted, and come back as new ones.
 */
export function restoredFormats(current: SharedType, target: SharedType | undefined, from: Y.Doc): RestoredFormats {
  const start = target?._start ?? null;
  const inCurrent = ({ id }: Y.Item): Y.Item | undefined => lookUp(from, id.client, id.clock).alive?.item;
  const passing = unneededFormats(current._start, () => false);
  const unneeded = unneededFormats(start, (item) => inCurrent(item) !== undefined);
  if (passing.size === 0) return { unneeded, doomed: passing };

  const isForGood = (item: Y.Item): boolean => {
    const now = inCurrent(item);
    return now !== undefined && !passing.has(now);
  };
  const unneededThen = unneededFormats(start, isForGood);
  const kept = passingIn(start, (item) => passing.has(inCurrent(item) as Y.Item));
  const isEitherWay =
    unneededThen.size === unneeded.size + kept.length &&
    kept.every((item) => unneededThen.has(item)) &&
    [...unneeded].every((item) => unneededThen.has(item));
  if (!isEitherWay) return { unneeded: unneededThen, doomed: passing };
  // nothing depends on whether they stay, so those of both states do
  const staying = new Set(kept.map(inCurrent));
  return { unneeded, doomed: new Set([...passing].filter((item) => !staying.has(item))) };
}

function passingIn(start: Y.Item | null, isPassing: (item: Y.Item) => boolean): Y.Item[] {
  const found: Y.Item[] = [];
  for (let item = start; item !== null; item = item.right) if (!item.deleted && isPassing(item)) found.push(item);
  return found;
}
