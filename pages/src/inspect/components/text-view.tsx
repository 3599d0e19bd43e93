import { useLayoutEffect, useRef } from 'preact/hooks';
import type { AuthorPaint } from '../content/author-paint.ts';
import type { TextRoot } from '../content/document-content.ts';
import { TextLines } from '../content/text-lines.ts';
import type { Author } from '../timeline/authors.ts';

interface TextViewProps {
  readonly root: TextRoot;
  /** With a heading when the document has several texts. */
  readonly isOnly: boolean;
  /** Who changed what was shown last; nobody when it is not one change that is shown. */
  readonly writer: Author | undefined;
  readonly paint: AuthorPaint;
}

/** A text as it reads, with the last change marked in the colour of its author. */
export function TextView({ root, isOnly, writer, paint }: TextViewProps) {
  const paper = useRef<HTMLDivElement>(null);
  const caret = useRef<HTMLDivElement>(null);
  const lines = useRef<TextLines | undefined>(undefined);

  useLayoutEffect(() => {
    if (paper.current === null || caret.current === null) return undefined;
    lines.current ??= new TextLines(paper.current);
    paint.add(root.name, lines.current);
    return () => paint.remove(root.name);
  }, [root.name]);

  useLayoutEffect(() => {
    const shown = lines.current;
    if (shown === undefined || caret.current === null || paper.current === null) return;
    shown.show(root.text);
    for (const name of CSS.highlights.keys()) if (name.startsWith('edit-')) CSS.highlights.delete(name);
    const { changed } = shown;
    caret.current.hidden = changed === undefined || writer === undefined;
    if (changed === undefined || writer === undefined) return;
    CSS.highlights.set(`edit-${writer.color}`, new Highlight(changed));
    moveCaret(caret.current, paper.current, changed);
  }, [root.text, writer]);

  return (
    <section class="text-root" aria-label={`Text “${root.name}”`}>
      {!isOnly && <h3 class="root-name">{root.name}</h3>}
      <div class="text-sheet">
        <div class="lines" data-root={root.name} ref={paper} />
        <div class="caret" data-color={writer?.color} aria-hidden="true" hidden ref={caret}>
          <span class="caret-name">{writer?.name}</span>
        </div>
      </div>
    </section>
  );
}

/** Puts the caret behind a range, and that into sight. */
function moveCaret(caret: HTMLElement, paper: HTMLElement, range: Range): void {
  const place = range.cloneRange();
  place.collapse(false);
  const rects = place.getClientRects();
  const rect = rects[rects.length - 1] ?? elementAt(place).getBoundingClientRect();
  const origin = paper.getBoundingClientRect();
  caret.style.setProperty('--x', `${rect.right - origin.left}px`);
  caret.style.setProperty('--y', `${rect.top - origin.top}px`);
  caret.style.setProperty('--line', `${rect.height || 24}px`);
  const scroller = paper.closest('.stage');
  if (scroller === null) return;
  const view = scroller.getBoundingClientRect();
  const margin = view.height / 6;
  if (rect.top < view.top + margin || rect.bottom > view.bottom - margin) {
    scroller.scrollTop += rect.top - (view.top + view.height / 2);
  }
}

function elementAt({ endContainer }: Range): Element {
  return endContainer instanceof Element ? endContainer : (endContainer.parentElement ?? document.body);
}
