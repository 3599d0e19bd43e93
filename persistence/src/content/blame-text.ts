import * as Y from 'yjs';
import type { AttributedRange } from '../history/history-store.ts';
import { type AttributedStretch, AttributionTable } from './attribution-table.ts';
import { isVisibleInText } from './content-json.ts';
import { loadState } from './loaded-state.ts';
import { kindOf, type SharedType } from './root-kinds.ts';
import { aliveKeys } from './units.ts';

/** Stands for an embed in {@link BlamedRange.text}: the Unicode object replacement character. */
const EMBED = '\u{fffc}';

/** A stretch of a text that one author wrote at one time. */
export interface BlamedRange {
  /** Where it begins, in UTF-16 code units; an embed counts 1. */
  readonly index: number;
  /** As many as `length` of `text`. */
  readonly length: number;
  /** Its characters, with U+FFFC for each embed. */
  readonly text: string;
  /** Who wrote it; nobody when no record is known that brought it. */
  readonly author?: string;
  /** When the server received it, in milliseconds since the epoch. */
  readonly timeMs?: number;
}

/** Who wrote a text. */
export interface TextBlame {
  /** The name of the root type, then keys of maps and positions in arrays, texts and XML. */
  readonly path: readonly (string | number)[];
  /** All of the text, in its order; neighbours of one author and time are one range. */
  readonly ranges: readonly BlamedRange[];
}

/**
 * Who wrote what in every text of a document, in XML too: the root types by name, and each before the texts within it. A text
 * that holds nothing is left out. Formats have no authors here.
 *
 * @param state - The encoded state (update v1).
 * @param attribution - Who brought which clocks, the earliest first: clocks brought twice are those of the first.
 * @example
 * ```ts
 * blameText(state, [{ client: 1, clock: 0, length: 5, author: 'ada', timeMs: 0 }]);
 * // [{ path: ['notes'], ranges: [{ index: 0, length: 5, text: 'Hello', author: 'ada', timeMs: 0 }] }]
 * ```
 */
export function blameText(state: Uint8Array, attribution: Iterable<AttributedRange>): readonly TextBlame[] {
  const doc = loadState(state);
  const table = new AttributionTable(attribution);
  const blames: TextBlame[] = [];
  const names = [...doc.share.keys()].toSorted();
  const waiting: Located[] = names.map((name) => ({ path: [name], type: doc.share.get(name) as SharedType }));
  // a list that grows while it is walked: types in types, without recursion
  for (const located of waiting) {
    for (const inner of typesIn(located)) waiting.push(inner);
    if (kindOf(located.type) !== 'text') continue;
    const ranges = rangesOf(located.type, table);
    if (ranges.length > 0) blames.push({ path: located.path, ranges });
  }
  return blames;
}

interface Located {
  readonly path: readonly (string | number)[];
  readonly type: SharedType;
}

function* typesIn({ path, type }: Located): Generator<Located> {
  let index = 0;
  for (let item = type._start; item !== null; item = item.right) {
    if (item.deleted || !item.countable) continue;
    if (item.content instanceof Y.ContentType) yield { path: [...path, index], type: item.content.type };
    index += item.length;
  }
  for (const [key, { content }] of aliveKeys(type)) {
    if (content instanceof Y.ContentType) yield { path: [...path, key], type: content.type };
  }
}

function rangesOf(type: SharedType, table: AttributionTable): readonly BlamedRange[] {
  const ranges: BlamedRange[] = [];
  let index = 0;
  for (let item = type._start; item !== null; item = item.right) {
    if (item.deleted || !isVisibleInText(item.content)) continue;
    const characters = item.content instanceof Y.ContentString ? item.content.str : EMBED;
    let from = 0;
    for (const stretch of table.stretchesOf(item.id.client, item.id.clock, item.length)) {
      append(ranges, index + from, characters.slice(from, from + stretch.length), stretch);
      from += stretch.length;
    }
    index += item.length;
  }
  return ranges;
}

function append(ranges: BlamedRange[], index: number, text: string, { by }: AttributedStretch): void {
  const last = ranges.at(-1);
  if (last !== undefined && last.author === by?.author && last.timeMs === by?.timeMs) {
    ranges[ranges.length - 1] = { ...last, length: last.length + text.length, text: last.text + text };
    return;
  }
  const who = by === undefined ? {} : { author: by.author, timeMs: by.timeMs };
  ranges.push({ index, length: text.length, text, ...who });
}
