import { signal } from '@preact/signals';
import { WebsocketProvider } from 'y-websocket';
import * as Y from 'yjs';
import { type Person, peopleIn } from '../../shared/people.ts';
import { bestView, contentOf, type DocumentContent, type View } from '../content/document-content.ts';

/** How often a document that changes all the time is drawn. */
const DRAW_MS = 60;

/** The close code of `HW_ACCESS_DENIED`. */
const ACCESS_DENIED = 4403;

/** The document as it is now, and who is present. It only looks: it never writes, and has no presence of its own. */
export class LiveDocument {
  readonly isConnected = signal(false);
  /** Whether it has been complete once. */
  readonly isSynced = signal(false);
  /** Whether the server keeps this page out of it: it asks who somebody is, and the page is nobody. */
  readonly isRefused = signal(false);
  readonly people = signal<readonly Person[]>([]);
  readonly content = signal<DocumentContent | undefined>(undefined);
  readonly #doc = new Y.Doc();
  readonly #provider: WebsocketProvider;
  readonly #onChange: () => void;
  #view: View = 'text';
  #drawing: ReturnType<typeof setTimeout> | undefined;

  /** @param onChange - Called after changes, also those of others before it was complete. */
  constructor(socketUrl: string, documentName: string, onChange: () => void) {
    this.#onChange = onChange;
    this.#provider = new WebsocketProvider(socketUrl, encodeURIComponent(documentName), this.#doc, { disableBc: true });
    const { awareness } = this.#provider;
    awareness.setLocalState(null);
    awareness.on('change', () => {
      this.people.value = peopleIn(awareness.getStates());
    });
    this.#provider.on('status', ({ status }) => {
      this.isConnected.value = status === 'connected';
    });
    this.#provider.on('connection-close', (event) => {
      if (event?.code === ACCESS_DENIED) this.isRefused.value = true;
    });
    this.#provider.on('sync', (isSynced) => {
      if (isSynced) this.isSynced.value = true;
      this.#draw();
    });
    this.#doc.on('update', () => this.#changed());
  }

  get view(): View {
    return this.#view;
  }

  set view(view: View) {
    this.#view = view;
    this.#draw();
  }

  /** The view that shows most of it. */
  bestView(): View {
    return bestView(this.#doc);
  }

  #changed(): void {
    this.#drawing ??= setTimeout(() => {
      this.#drawing = undefined;
      this.#draw();
      this.#onChange();
    }, DRAW_MS);
  }

  #draw(): void {
    if (this.isSynced.value) this.content.value = contentOf(this.#doc, this.#view);
  }
}
