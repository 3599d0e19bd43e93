import type { TextBlame } from '@headwater/client/history';
import type { Author } from '../timeline/authors.ts';
import type { TextLines } from './text-lines.ts';

/** Texts coloured by who wrote what. Highlights colour what is there: no element is added or taken away for them. */
export class AuthorPaint {
  readonly #texts = new Map<string, TextLines>();

  add(rootName: string, lines: TextLines): void {
    this.#texts.set(rootName, lines);
  }

  remove(rootName: string): void {
    this.#texts.delete(rootName);
  }

  /** @param blames - Of exactly the texts that are shown. */
  paint(blames: readonly TextBlame[], authors: readonly Author[]): void {
    const colors = new Map(authors.map(({ id, color }) => [id, color]));
    const byColor = new Map<number, Highlight>();
    for (const { path, ranges } of blames) {
      const lines = path.length === 1 ? this.#texts.get(String(path[0])) : undefined;
      if (lines === undefined) continue;
      for (const { index, length, author } of ranges) {
        const color = colors.get(author ?? '') ?? 0;
        const highlight = byColor.get(color) ?? new Highlight();
        byColor.set(color, highlight.add(lines.rangeOf(index, index + length)));
      }
    }
    this.clear();
    for (const [color, highlight] of byColor) CSS.highlights.set(`by-${color}`, highlight);
  }

  clear(): void {
    for (const name of CSS.highlights.keys()) if (name.startsWith('by-')) CSS.highlights.delete(name);
  }
}
