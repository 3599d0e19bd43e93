import { HeadwaterProvider } from '@headwater/client';
import { Editor } from '@tiptap/core';
import Collaboration from '@tiptap/extension-collaboration';
import CollaborationCaret from '@tiptap/extension-collaboration-caret';
import StarterKit from '@tiptap/starter-kit';
import { documentName, myName, serverUrl } from '../shared/place.ts';
import { showStatus } from '../shared/show-status.ts';
import '../shared/carets.css';

const provider = new HeadwaterProvider({ url: serverUrl, name: documentName('tiptap') });
provider.presence.set({ name: myName() });
showStatus(provider);

const editor = new Editor({
  element: document.querySelector('#editor'),
  extensions: [
    StarterKit.configure({ undoRedo: false }), // Collaboration has its own, which leaves the edits of others alone
    Collaboration.configure({ document: provider.document }),
    CollaborationCaret.configure({ provider, user: provider.presence.awareness.getLocalState()?.['user'] }),
  ],
});
editor.commands.focus('end');
