import { HeadwaterProvider } from '@headwater/client';
import * as Y from 'yjs';
import { documentName, myName, serverUrl } from '../shared/place.ts';
import { showStatus } from '../shared/show-status.ts';
import { TodoView } from './todo-view.ts';
import './todo.css';

const provider = new HeadwaterProvider({ url: serverUrl, name: documentName('todo') });
provider.presence.set({ name: myName() });
showStatus(provider);
const { awareness } = provider.presence;

/** One `Y.Map` per todo, so that two people may change two things of one todo at once. */
const todos = provider.document.getMap<Y.Map<string | number | boolean>>('todos');
const view = new TodoView(document.querySelector('#editor') as HTMLElement, {
  add: (title) => {
    const todo = new Y.Map<string | number | boolean>(Object.entries({ title, isDone: false, createdMs: Date.now() }));
    todos.set(crypto.randomUUID(), todo);
  },
  change: (id, field, value) => void todos.get(id)?.set(field, value),
  remove: (id) => todos.delete(id),
  point: (id) => awareness.setLocalStateField('todo', id),
});

const show = (): void =>
  view.show(
    [...todos].map(([id, todo]) => ({
      id,
      title: String(todo.get('title')),
      isDone: todo.get('isDone') === true,
      createdMs: Number(todo.get('createdMs')),
    })),
  );
todos.observeDeep(show);
show();

awareness.on('change', () => {
  const others = [...awareness.getStates()].filter(([clientId]) => clientId !== awareness.clientID);
  view.showPointers(others.map(([, { user, todo }]) => ({ id: todo, ...user })));
});

const undoManager = new Y.UndoManager(todos, { captureTimeout: 0 }); // takes back what was done here, one thing at a time
document.addEventListener('keydown', (event) => {
  if (!(event.ctrlKey || event.metaKey) || event.key.toLowerCase() !== 'z') return;
  event.preventDefault();
  if (event.shiftKey) undoManager.redo();
  else undoManager.undo();
});
