import type { Awareness } from 'y-protocols/awareness';
import './page.css';

/** What the bar shows, and what its switch does. */
export interface StatusBarOptions {
  readonly awareness: Awareness;
  readonly connect: () => void;
  readonly disconnect: () => void;
}

/** The line above every example: who is here, whether what was typed is safe, and a switch to work offline. */
export class StatusBar {
  readonly #connection = element('span', 'connection', { role: 'status' });
  readonly #saved = element('span', 'saved', { role: 'status' });

  constructor({ awareness, connect, disconnect }: StatusBarOptions) {
    const faces = element('ul', 'faces', { 'aria-label': 'Who is here' });
    const offline = element('button', 'button', { type: 'button', 'aria-pressed': 'false' });
    offline.textContent = 'Work offline';
    offline.addEventListener('click', () => {
      const isOffline = offline.getAttribute('aria-pressed') === 'false';
      offline.setAttribute('aria-pressed', String(isOffline));
      if (isOffline) disconnect();
      else connect();
    });
    const second = element('a', 'button', { href: location.href, target: '_blank' });
    second.textContent = 'Second window';
    const name = element('h1', 'name');
    name.textContent = document.title;
    document.querySelector('#status')?.append(name, faces, this.#connection, this.#saved, offline, second);

    awareness.on('change', () => showFaces(faces, awareness));
    showFaces(faces, awareness);
    this.connection('connecting');
    this.unsaved(0);
  }

  connection(status: string): void {
    this.#connection.textContent = status;
    this.#connection.dataset['status'] = status;
  }

  /** How many changes are not on the server's disk yet. */
  unsaved(count: number): void {
    this.#saved.textContent = count === 0 ? 'Saved' : `${count} unsaved`;
    this.#saved.dataset['saved'] = String(count === 0);
  }
}

function showFaces(faces: HTMLElement, awareness: Awareness): void {
  // Nearly every binding has its user in `user`; Lexical has them in the state itself.
  const people = [...awareness.getStates().values()]
    .map((state) => (state['user'] ?? state) as { name?: string; color?: string })
    .filter(({ name }) => name !== undefined);
  faces.replaceChildren(
    ...people.map(({ name = '', color = '' }) => {
      const face = element('li', 'face', { title: name });
      face.textContent = name;
      face.style.setProperty('--color', color);
      return face;
    }),
  );
}

function element<Tag extends keyof HTMLElementTagNameMap>(
  tag: Tag,
  className: string,
  attributes: Readonly<Record<string, string>> = {},
): HTMLElementTagNameMap[Tag] {
  const made = document.createElement(tag);
  made.className = className;
  for (const [name, value] of Object.entries(attributes)) made.setAttribute(name, value);
  return made;
}
