import { HeadwaterProvider } from '@headwater/client';
import { exampleSetup } from 'prosemirror-example-setup';
import { keymap } from 'prosemirror-keymap';
import { schema } from 'prosemirror-schema-basic';
import { EditorState } from 'prosemirror-state';
import { EditorView } from 'prosemirror-view';
import { initProseMirrorDoc, redo, undo, yCursorPlugin, ySyncPlugin, yUndoPlugin } from 'y-prosemirror';
import { documentName, myName, serverUrl } from '../shared/place.ts';
import { showStatus } from '../shared/show-status.ts';
import 'prosemirror-view/style/prosemirror.css';
import 'prosemirror-menu/style/menu.css';
import 'prosemirror-example-setup/style/style.css';
import '../shared/carets.css';
import './prosemirror.css';

const provider = new HeadwaterProvider({ url: serverUrl, name: documentName('prosemirror') });
provider.presence.set({ name: myName() });
showStatus(provider);

const content = provider.document.getXmlFragment('prosemirror');
const { doc, mapping } = initProseMirrorDoc(content, schema);
const view = new EditorView(document.querySelector('#editor'), {
  state: EditorState.create({
    doc,
    plugins: [
      ySyncPlugin(content, { mapping }),
      yCursorPlugin(provider.presence.awareness),
      yUndoPlugin(),
      keymap({ 'Mod-z': undo, 'Mod-y': redo, 'Mod-Shift-z': redo }),
      ...exampleSetup({ schema, history: false }), // its history would take back everybody's edits
    ],
  }),
});
view.focus();
