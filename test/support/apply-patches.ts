import type * as Y from 'yjs';
import type { Patch, Trace } from './traces.ts';

/** Applies the patches of a transaction to a text. */
export type ApplyPatches = (text: Y.Text, patches: readonly Patch[]) => void;

/**
 * Traces count Unicode code points, Yjs counts UTF-16 units. The two differ only where a trace holds characters beyond
 * U+FFFF, so the search through the text, dear with every keystroke, is made only for those.
 */
export function patcherFor(trace: Trace): ApplyPatches {
  const texts = [trace.startContent, ...trace.transactions.flatMap(({ patches }) => patches.map(([, , text]) => text))];
  const toRange = texts.some((text) => /[\u{10000}-\u{10FFFF}]/u.test(text)) ? utf16Range : sameRange;
  return (text, patches) => {
    for (const patch of patches) {
      const [start, length] = toRange(text, patch);
      if (length > 0) text.delete(start, length);
      if (patch[2] !== '') text.insert(start, patch[2]);
    }
  };
}

function sameRange(_text: Y.Text, [position, deleteCount]: Patch): [start: number, length: number] {
  return [position, deleteCount];
}

function utf16Range(text: Y.Text, [position, deleteCount]: Patch): [start: number, length: number] {
  const characters = Array.from(text.toString());
  const units = (from: number, to: number): number => characters.slice(from, to).join('').length;
  return [units(0, position), units(position, position + deleteCount)];
}
