/** A todo as it is drawn. */
interface Todo {
  readonly id: string;
  readonly title: string;
  readonly isDone: boolean;
  readonly createdMs: number;
}

/** Where somebody else is. */
interface Pointer {
  readonly id: string | undefined;
  readonly name: string;
  readonly color: string;
}

interface Actions {
  readonly add: (title: string) => void;
  readonly change: (id: string, field: 'title' | 'isDone', value: string | boolean) => void;
  readonly remove: (id: string) => void;
  /** Somebody here is at a todo, or at none. */
  readonly point: (id: string | null) => void;
}

/** The list on the page. It keeps the row of a todo as long as the todo is there, so that nobody loses their focus. */
export class TodoView {
  readonly #rows = new Map<string, TodoRow>();
  readonly #list = document.createElement('ul');
  readonly #actions: Actions;

  constructor(parent: HTMLElement, actions: Actions) {
    this.#actions = actions;
    this.#list.className = 'todos';
    const title = Object.assign(document.createElement('input'), {
      placeholder: 'What is to be done?',
      className: 'new',
    });
    title.setAttribute('aria-label', 'New todo');
    const form = document.createElement('form');
    form.append(title);
    form.addEventListener('submit', (event) => {
      event.preventDefault();
      if (title.value.trim() !== '') actions.add(title.value.trim());
      title.value = '';
    });
    parent.append(form, this.#list);
    title.focus();
  }

  show(todos: readonly Todo[]): void {
    const shown = new Set(todos.map(({ id }) => id));
    for (const [id, row] of this.#rows) {
      if (shown.has(id)) continue;
      row.element.remove();
      this.#rows.delete(id);
    }
    const sorted = todos.toSorted((a, b) => a.createdMs - b.createdMs || (a.id < b.id ? -1 : 1));
    for (const [index, todo] of sorted.entries()) {
      const row = this.#rows.get(todo.id) ?? new TodoRow(todo.id, this.#actions);
      this.#rows.set(todo.id, row);
      row.show(todo);
      if (this.#list.children[index] !== row.element)
        this.#list.insertBefore(row.element, this.#list.children[index] ?? null);
    }
  }

  showPointers(pointers: readonly Pointer[]): void {
    for (const [id, row] of this.#rows) row.showPointers(pointers.filter((pointer) => pointer.id === id));
  }
}

class TodoRow {
  readonly element = document.createElement('li');
  readonly #isDone = Object.assign(document.createElement('input'), { type: 'checkbox' });
  readonly #title = Object.assign(document.createElement('input'), { className: 'title' });
  readonly #pointers = Object.assign(document.createElement('span'), { className: 'pointers' });

  constructor(id: string, { change, remove, point }: Actions) {
    const drop = Object.assign(document.createElement('button'), {
      type: 'button',
      textContent: '×',
      className: 'drop',
    });
    drop.setAttribute('aria-label', 'Remove');
    this.#isDone.setAttribute('aria-label', 'Done');
    this.#title.setAttribute('aria-label', 'Todo');
    this.#isDone.addEventListener('change', () => change(id, 'isDone', this.#isDone.checked));
    this.#title.addEventListener('input', () => change(id, 'title', this.#title.value));
    this.#title.addEventListener('focus', () => point(id));
    this.#title.addEventListener('blur', () => point(null));
    drop.addEventListener('click', () => remove(id));
    this.element.append(this.#isDone, this.#title, this.#pointers, drop);
  }

  show({ title, isDone }: Todo): void {
    this.#isDone.checked = isDone;
    if (this.#title.value !== title) this.#title.value = title;
  }

  showPointers(pointers: readonly Pointer[]): void {
    this.#pointers.replaceChildren(
      ...pointers.map(({ name, color }) => {
        const tag = Object.assign(document.createElement('span'), { className: 'face', textContent: name });
        tag.style.setProperty('--color', color);
        return tag;
      }),
    );
  }
}
