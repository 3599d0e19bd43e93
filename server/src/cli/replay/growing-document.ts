import * as Y from 'yjs';
import { type ChosenRoot, renderRoot } from '../root-content.ts';

/** A document as a replay makes it, and where in the shown root type it last changed. */
export class GrowingDocument {
  readonly #doc = new Y.Doc();
  readonly #root: ChosenRoot;
  #focus: number | undefined;
  #text: string | undefined;

  constructor(root: ChosenRoot) {
    this.#root = root;
    if (root.kind !== 'text') return;
    this.#doc.getText(root.name).observe(({ delta }) => {
      this.#focus = endOfChange(delta);
    });
  }

  apply(update: Uint8Array): void {
    Y.applyUpdate(this.#doc, update);
    this.#text = undefined;
  }

  get text(): string {
    return (this.#text ??= renderRoot(this.#doc, this.#root));
  }

  /** Where the last change ended, in `text`; its end where that is not known. */
  get focus(): number {
    return Math.min(this.#focus ?? this.text.length, this.text.length);
  }
}

/** Behind the last thing that was inserted, or deleted. */
function endOfChange(delta: Y.YTextEvent['delta']): number {
  let index = 0;
  let end = 0;
  for (const { insert, retain, delete: deleted } of delta) {
    if (insert !== undefined) index += typeof insert === 'string' ? insert.length : 1;
    else if (retain !== undefined) {
      index += retain;
      continue;
    }
    if (insert !== undefined || deleted !== undefined) end = index;
  }
  return end;
}
