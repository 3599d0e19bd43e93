import { EditorView, keymap } from '@codemirror/view';
import { HeadwaterProvider } from '@headwater/client';
import { basicSetup } from 'codemirror';
import { yCollab, yUndoManagerKeymap } from 'y-codemirror.next';
import * as Y from 'yjs';
import { documentName, myName, serverUrl } from '../shared/place.ts';
import { showStatus } from '../shared/show-status.ts';
import './codemirror.css';

const provider = new HeadwaterProvider({ url: serverUrl, name: documentName('codemirror') });
provider.presence.set({ name: myName() });
showStatus(provider);

const text = provider.document.getText('codemirror');
const view = new EditorView({
  doc: text.toString(),
  parent: document.querySelector('#editor') as HTMLElement,
  extensions: [
    keymap.of(yUndoManagerKeymap), // before basicSetup: its own undo would take back everybody's edits
    basicSetup,
    EditorView.lineWrapping,
    yCollab(text, provider.presence.awareness, { undoManager: new Y.UndoManager(text) }),
  ],
});
view.focus();
