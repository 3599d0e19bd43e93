import { useEffect, useRef } from 'preact/hooks';
import { keymap } from 'prosemirror-keymap';
import { EditorState } from 'prosemirror-state';
import { EditorView } from 'prosemirror-view';
import { redo, undo, yCursorPlugin, ySyncPlugin, yUndoPlugin } from 'y-prosemirror';
import { richTextPlugins, schema } from '../rich-text.ts';
import type { SharedPage } from '../shared-page.ts';

/** The text, with the carets of the others. */
export function SharedEditor({ page }: { readonly page: SharedPage }) {
  const parent = useRef<HTMLDivElement>(null);
  useEffect(() => {
    const view = new EditorView(parent.current, {
      attributes: { 'aria-label': 'Shared text', role: 'textbox', 'aria-multiline': 'true' },
      state: EditorState.create({
        schema,
        plugins: [
          ySyncPlugin(page.text),
          yCursorPlugin(page.awareness, { cursorBuilder: drawCaret }),
          yUndoPlugin(), // takes back what was written in this window
          keymap({ 'Mod-z': undo, 'Mod-y': redo, 'Mod-Shift-z': redo }),
          ...richTextPlugins(),
        ],
      }),
    });
    view.focus();
    return () => view.destroy();
  }, [page]);
  return <div ref={parent} class="paper" />;
}

/** As y-prosemirror's own, without `style` attributes: the server's policy has none. */
function drawCaret({ name, color }: { readonly name?: string; readonly color?: string }): HTMLElement {
  const caret = document.createElement('span');
  caret.className = 'caret';
  caret.style.setProperty('--color', color ?? '');
  const label = document.createElement('span');
  label.className = 'caret-name';
  label.textContent = name ?? 'Somebody';
  // Word joiners keep the line from breaking beside it.
  caret.append('\u2060', label, '\u2060');
  return caret;
}
