import { HeadwaterProvider, type Presence } from '@headwater/client';
import { computed, signal } from '@preact/signals';
import type { Awareness } from 'y-protocols/awareness';
import type * as Y from 'yjs';
import { type Person, peopleIn } from '../shared/people.ts';
import { keepVisitorName, visitorName } from './visitor-name.ts';

/** The document that everybody who opens this page writes in. */
export const DOCUMENT = 'welcome';

/** The document on this page, who is in it, and whether what they wrote is safe. */
export class SharedPage {
  readonly text: Y.XmlFragment;
  readonly awareness: Awareness;
  /** Without a slash at the end, as applications give it to a provider. */
  readonly socketUrl: string;
  readonly status = signal<HeadwaterProvider['status']>('connecting');
  /** Why the server does not let this page in. */
  readonly refusal = signal<string | undefined>(undefined);
  readonly unsavedChanges = signal(0);
  readonly people = signal<readonly Person[]>([]);
  readonly name = signal(visitorName());
  readonly isSaved = computed(() => this.unsavedChanges.value === 0);
  readonly #presence: Presence;

  constructor(serverUrl: URL) {
    const provider = new HeadwaterProvider({ url: serverUrl, name: DOCUMENT, warnBeforeUnload: true });
    this.text = provider.document.getXmlFragment('text');
    this.#presence = provider.presence;
    this.awareness = this.#presence.awareness;
    this.socketUrl = provider.url.replace(/\/$/, '');
    provider.on('status', (status) => {
      this.status.value = status;
      if (status === 'connected') this.refusal.value = undefined;
    });
    provider.on('denied', ({ message }) => {
      this.refusal.value = message;
    });
    provider.on('saved', (_saved, unsavedChanges) => {
      this.unsavedChanges.value = unsavedChanges;
    });
    this.awareness.on('change', () => {
      this.people.value = peopleIn(this.awareness.getStates());
    });
    this.#presence.set({ name: this.name.value });
  }

  rename(name: string): void {
    this.name.value = name;
    keepVisitorName(name);
    this.#presence.set({ name });
  }
}
