/** Characters changed at most for a change to be pointed out: a jump to another moment changes a document all over. */
const MAX_MARKED = 400;

/**
 * A text on the page, a line an element. What stays stays: a keystroke in a long text replaces one line, so playing one is
 * as smooth as playing a short one.
 */
export class TextLines {
  readonly #parent: HTMLElement;
  #lines: readonly string[] | undefined;
  #changed: Range | undefined;

  constructor(parent: HTMLElement) {
    this.#parent = parent;
  }

  /**
   * Where what is shown differs from what was shown before, if that is one place: what was put in, or an empty range where
   * something was only taken out.
   */
  get changed(): Range | undefined {
    return this.#changed;
  }

  show(text: string): void {
    const before = this.#lines;
    const after = text.split('\n');
    if (before === undefined) {
      this.#parent.replaceChildren(...after.map(lineOf));
      this.#lines = after;
      return;
    }
    const { start, endBefore, endAfter } = changed(before, after);
    if (start === endBefore && start === endAfter) return;
    const stale = [...this.#parent.children].slice(start, endBefore);
    const anchor = this.#parent.children[endBefore] ?? null;
    for (const line of after.slice(start, endAfter).map(lineOf)) this.#parent.insertBefore(line, anchor);
    for (const line of stale) line.remove();
    this.#lines = after;
    this.#changed = this.#changeIn(
      before.slice(start, endBefore).join('\n'),
      after.slice(start, endAfter).join('\n'),
      start,
    );
  }

  /** A stretch of the text, by its UTF-16 code units. */
  rangeOf(from: number, to: number): Range {
    const range = new Range();
    range.setStart(...this.#placeOf(from));
    range.setEnd(...this.#placeOf(to));
    return range;
  }

  #changeIn(before: string, after: string, line: number): Range | undefined {
    const { start, endBefore, endAfter } = changed(before, after);
    if (endAfter - start > MAX_MARKED || endBefore - start > MAX_MARKED) return undefined;
    const offset = (this.#lines ?? []).slice(0, line).reduce((sum, { length }) => sum + length + 1, 0);
    const end = Math.min(offset + endAfter, offset + after.length);
    return this.rangeOf(Math.min(offset + start, end), end);
  }

  #placeOf(index: number): [Node, number] {
    const lines = this.#lines ?? [];
    let rest = index;
    for (const [number, { length }] of lines.entries()) {
      if (rest <= length) {
        const line = this.#parent.children[number] ?? this.#parent;
        return line.firstChild instanceof Text ? [line.firstChild, rest] : [line, 0];
      }
      rest -= length + 1;
    }
    return [this.#parent, this.#parent.childNodes.length];
  }
}

/** What lies between the parts two sequences have in common at their ends. */
function changed<T>(before: ArrayLike<T>, after: ArrayLike<T>): { start: number; endBefore: number; endAfter: number } {
  const shortest = Math.min(before.length, after.length);
  let start = 0;
  while (start < shortest && before[start] === after[start]) start += 1;
  let same = 0;
  while (same < shortest - start && before[before.length - 1 - same] === after[after.length - 1 - same]) same += 1;
  return { start, endBefore: before.length - same, endAfter: after.length - same };
}

function lineOf(text: string): HTMLElement {
  const line = document.createElement('div');
  line.className = 'line';
  if (text === '') line.append(document.createElement('br'));
  else line.textContent = text;
  return line;
}
