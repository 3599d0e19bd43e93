import { HocuspocusProvider } from '@hocuspocus/provider';
import { Editor } from '@tiptap/core';
import Collaboration from '@tiptap/extension-collaboration';
import CollaborationCaret from '@tiptap/extension-collaboration-caret';
import StarterKit from '@tiptap/starter-kit';
import { documentName, myName, serverUrl } from '../shared/place.ts';
import { StatusBar } from '../shared/status-bar.ts';
import '../shared/carets.css';

// An application as it was written for Hocuspocus: of Headwater it has the URL, and nothing else.
const provider = new HocuspocusProvider({ url: serverUrl, name: documentName('hocuspocus') });

const editor = new Editor({
  element: document.querySelector('#editor'),
  extensions: [
    StarterKit.configure({ undoRedo: false }),
    Collaboration.configure({ document: provider.document }),
    CollaborationCaret.configure({ provider, user: { name: myName(), color: '#0f766e' } }),
  ],
});
editor.commands.focus('end');

if (provider.awareness === null) throw new Error('the provider was made with awareness');
const bar = new StatusBar({
  awareness: provider.awareness,
  connect: () => void provider.connect(),
  disconnect: () => provider.disconnect(),
});
provider.on('status', ({ status }: { status: string }) => bar.connection(status));
// Headwater answers an edit once it is fsynced, so this count is what a crash could still lose.
provider.on('unsyncedChanges', ({ number }: { number: number }) => bar.unsaved(number));
