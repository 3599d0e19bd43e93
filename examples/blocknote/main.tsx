import '@blocknote/core/fonts/inter.css';
import { BlockNoteView } from '@blocknote/mantine';
import '@blocknote/mantine/style.css';
import { useCreateBlockNote } from '@blocknote/react';
import { HeadwaterProvider } from '@headwater/client';
import { useEffect } from 'react';
import { createRoot } from 'react-dom/client';
import { defaultDeleteFilter, yUndoPluginKey } from 'y-prosemirror';
import type { Item } from 'yjs';
import { documentName, myName, serverUrl } from '../shared/place.ts';
import { showStatus } from '../shared/show-status.ts';
import './blocknote.css';

const provider = new HeadwaterProvider({ url: serverUrl, name: documentName('blocknote') });
provider.presence.set({ name: myName() });
showStatus(provider);

function Notes() {
  const editor = useCreateBlockNote({
    collaboration: {
      provider: provider.presence, // what BlockNote needs of a provider is its awareness
      fragment: provider.document.getXmlFragment('blocknote'),
      user: provider.presence.awareness.getLocalState()?.['user'],
    },
  });
  useEffect(() => {
    // Left as it is, undo takes back a block with what others wrote into it: y-prosemirror knows of paragraphs only, and
    // BlockNote wraps each into nodes of its own.
    const kept = new Set(Object.keys(editor.pmSchema.nodes));
    const { undoManager } = yUndoPluginKey.getState(editor.prosemirrorState) ?? {};
    if (undoManager) undoManager.deleteFilter = (item: Item) => defaultDeleteFilter(item, kept);
  }, [editor]);
  return <BlockNoteView editor={editor} theme="light" autoFocus />;
}

createRoot(document.querySelector('#editor') as HTMLElement).render(<Notes />);
