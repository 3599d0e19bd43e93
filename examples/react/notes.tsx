import { useArray, useDocument, usePresence, useProvider } from '@headwater/client/react';
import { type FormEvent, useEffect } from 'react';
import * as Y from 'yjs';
import { myName } from '../shared/place.ts';

interface Note {
  readonly id: string;
  readonly author: string;
  readonly text: string;
}

/** A guest book: what is read comes from hooks, what is written goes to the Y.Doc. */
export function Notes() {
  const notes = useArray<Note>('notes');
  const shared = useDocument().getArray<Note>('notes');
  useUndo(shared);

  const add = (event: FormEvent<HTMLFormElement>): void => {
    event.preventDefault();
    const input = event.currentTarget.elements.namedItem('text') as HTMLInputElement;
    if (input.value.trim() !== '')
      shared.push([{ id: crypto.randomUUID(), author: myName(), text: input.value.trim() }]);
    input.value = '';
  };
  return (
    <main id="editor">
      <form onSubmit={add}>
        <input
          className="new"
          name="text"
          aria-label="New note"
          placeholder="Leave a note"
          autoComplete="off"
          autoFocus
        />
      </form>
      <ol className="notes">
        {notes.map((note) => (
          <NoteItem key={note.id} note={note} />
        ))}
      </ol>
    </main>
  );
}

function NoteItem({ note: { id, author, text } }: { readonly note: Note }) {
  const presence = useProvider()?.presence;
  const readers = usePresence((users) => users.filter(({ cursor, isSelf }) => cursor === id && !isSelf));
  return (
    <li
      className="note"
      tabIndex={0}
      onFocus={() => presence?.set({ cursor: id })}
      onBlur={() => presence?.set({ cursor: null })}
    >
      <span className="text">{text}</span>
      {readers.map(({ id: reader, name, color }) => (
        <span key={reader} className="face" style={{ '--color': color }}>
          {name}
        </span>
      ))}
      <span className="author">{author}</span>
    </li>
  );
}

/** Ctrl+Z takes back what was written in this window. */
function useUndo(type: Y.Array<Note>): void {
  useEffect(() => {
    const undoManager = new Y.UndoManager(type, { captureTimeout: 0 });
    const onKey = (event: KeyboardEvent): void => {
      if (!(event.ctrlKey || event.metaKey) || event.key.toLowerCase() !== 'z') return;
      event.preventDefault();
      if (event.shiftKey) undoManager.redo();
      else undoManager.undo();
    };
    document.addEventListener('keydown', onKey);
    return () => {
      document.removeEventListener('keydown', onKey);
      undoManager.destroy();
    };
  }, [type]);
}
