import { HeadwaterProvider } from '@headwater/client';
import Quill from 'quill';
import QuillCursors from 'quill-cursors';
import { QuillBinding } from 'y-quill';
import * as Y from 'yjs';
import { documentName, myName, serverUrl } from '../shared/place.ts';
import { showStatus } from '../shared/show-status.ts';
import 'quill/dist/quill.snow.css';
import './quill.css';

const provider = new HeadwaterProvider({ url: serverUrl, name: documentName('quill') });
provider.presence.set({ name: myName() });
showStatus(provider);

Quill.register('modules/cursors', QuillCursors);
const container = document.createElement('div');
document.querySelector('#editor')?.append(container);

const text = provider.document.getText('quill');
let undoManager: Y.UndoManager;
const quill = new Quill(container, {
  theme: 'snow',
  placeholder: 'Write something…',
  modules: {
    cursors: true,
    toolbar: [[{ header: [1, 2, false] }], ['bold', 'italic', 'underline'], [{ list: 'ordered' }, { list: 'bullet' }]],
    history: { maxStack: 0 }, // it would take back everybody's edits; the keys are Yjs's below
    keyboard: {
      bindings: {
        undo: { key: 'z', shortKey: true, handler: () => void undoManager.undo() },
        redo: { key: 'z', shortKey: true, shiftKey: true, handler: () => void undoManager.redo() },
      },
    },
  },
});
const binding = new QuillBinding(text, quill, provider.presence.awareness);
undoManager = new Y.UndoManager(text, { trackedOrigins: new Set([binding]) });
quill.focus();
