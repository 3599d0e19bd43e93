import { HeadwaterProvider } from '@headwater/client';
// The whole editor and one of its languages; 'monaco-editor' itself brings all of them, 20 MB with their workers.
import * as monaco from 'monaco-editor/editor.js';
import 'monaco-editor/features/register.all.js';
import 'monaco-editor/languages/definitions/markdown/register.js';
import EditorWorker from 'monaco-editor/editor/editor.worker.js?worker';
import { MonacoBinding } from 'y-monaco';
import * as Y from 'yjs';
import { documentName, myName, serverUrl } from '../shared/place.ts';
import { showStatus } from '../shared/show-status.ts';
import { colourCarets } from './carets.ts';
import './monaco.css';

const provider = new HeadwaterProvider({ url: serverUrl, name: documentName('monaco') });
provider.presence.set({ name: myName() });
showStatus(provider);
colourCarets(provider.presence.awareness);

self.MonacoEnvironment = { getWorker: () => new EditorWorker() };
const text = provider.document.getText('monaco');
const model = monaco.editor.createModel('', 'markdown');
const editor = monaco.editor.create(document.querySelector('#editor') as HTMLElement, {
  model,
  automaticLayout: true,
  minimap: { enabled: false },
  overviewRulerLanes: 0,
  scrollBeyondLastLine: false,
  wordWrap: 'on',
  padding: { top: 22 },
  fontSize: 14,
});
const binding = new MonacoBinding(text, model, new Set([editor]), provider.presence.awareness);

// Monaco's own undo does not know whose an edit is; Yjs's takes back only what came through this binding.
const undoManager = new Y.UndoManager(text, { trackedOrigins: new Set([binding]) });
const { CtrlCmd, Shift } = monaco.KeyMod;
editor.addCommand(CtrlCmd | monaco.KeyCode.KeyZ, () => undoManager.undo());
editor.addCommand(CtrlCmd | Shift | monaco.KeyCode.KeyZ, () => undoManager.redo());
editor.addCommand(CtrlCmd | monaco.KeyCode.KeyY, () => undoManager.redo());
editor.focus();
