import '@blocknote/core/fonts/inter.css';
import { BlockNoteView } from '@blocknote/mantine';
import '@blocknote/mantine/style.css';
import { useCreateBlockNote } from '@blocknote/react';
import { HeadwaterProvider } from '@headwater/client';
import { createRoot } from 'react-dom/client';
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
  return <BlockNoteView editor={editor} theme="light" autoFocus />;
}

createRoot(document.querySelector('#editor') as HTMLElement).render(<Notes />);
