import * as Y from 'yjs';
import type { Presence } from '../presence/presence.ts';
import type { PresenceUser } from '../presence/presence-user.ts';
import { HeadwaterProvider } from '../provider/headwater-provider.ts';
import type { HeadwaterProviderOptions } from '../provider/provider-options.ts';
import { type Source, shallowEqual } from './source.ts';

type Token = HeadwaterProviderOptions['token'];

/** What is known of the server's copy. */
export interface SavedState {
  /** Whether everything in the document is on the server's disk. */
  readonly saved: boolean;
  /** How many changes are not known to be. */
  readonly unsavedChanges: number;
}

/** How long a provider whose component is gone may take to get the last edits saved, in milliseconds. */
const LAST_SAVE_TIMEOUT_MS = 10_000;
const EVENTS = ['status', 'synced', 'saved'] as const;
const NOBODY: readonly PresenceUser[] = [];

/**
 * A document in the life of a component. Rendering makes the `Y.Doc`, which is only memory; the provider, which is a
 * connection and timers, comes with the mount. So a render that React throws away leaves nothing behind.
 */
export class DocumentSession {
  readonly document: Y.Doc;
  readonly provider: Source<HeadwaterProvider | undefined>;
  readonly status: Source<HeadwaterProvider['status']>;
  readonly synced: Source<boolean>;
  readonly saved: Source<SavedState>;
  readonly presence: Source<Presence | undefined>;
  readonly users: Source<readonly PresenceUser[]>;
  readonly #options: HeadwaterProviderOptions;
  readonly #listeners = new Set<() => void>();
  #token: Token;
  #provider: HeadwaterProvider | undefined;
  #isMounted = false;

  constructor(options: HeadwaterProviderOptions) {
    this.#options = options;
    this.#token = options.token;
    this.document = options.document ?? new Y.Doc();
    const isEmpty = this.document.store.clients.size === 0; // what is in it has not been anywhere yet
    this.provider = this.#source((provider) => provider, undefined);
    this.status = this.#source(({ status }) => status, options.connect === false ? 'disconnected' : 'connecting');
    this.synced = this.#source(({ synced }) => synced, false);
    this.saved = this.#source(savedState(), { saved: isEmpty, unsavedChanges: isEmpty ? 0 : 1 });
    this.presence = this.#source(presenceOf, undefined);
    this.users = this.#source((provider) => presenceOf(provider)?.users ?? NOBODY, NOBODY);
  }

  /** @returns how to unmount it; strict mode does that at once and mounts again, which goes unnoticed */
  mount(): () => void {
    this.#isMounted = true;
    this.#provider ??= this.#open();
    this.#notify();
    return () => {
      this.#isMounted = false;
      queueMicrotask(() => void this.#end(this.#provider));
    };
  }

  /** From now on. One that is a function is not asked before the provider needs another. */
  set token(token: Token) {
    const before = this.#token;
    this.#token = token;
    if (typeof token === 'string' && token !== before) this.#provider?.setToken(this.#readToken);
  }

  readonly #readToken = (): string | Promise<string> =>
    typeof this.#token === 'function' ? this.#token() : (this.#token ?? '');

  #open(): HeadwaterProvider {
    const provider = new HeadwaterProvider({ ...this.#options, document: this.document, token: this.#readToken });
    for (const event of EVENTS) provider.on(event, this.#notify);
    presenceOf(provider)?.on('change', this.#notify);
    return provider;
  }

  /** What was typed last is saved before the connection goes; the user is gone at once. */
  async #end(provider: HeadwaterProvider | undefined): Promise<void> {
    if (provider === undefined || this.#isMounted) return;
    if (!provider.saved) {
      provider.awareness?.setLocalState(null);
      await provider.whenSaved({ signal: AbortSignal.timeout(LAST_SAVE_TIMEOUT_MS) }).catch(() => {}); // no more can be done
      if (this.#isMounted || this.#provider !== provider) return;
    }
    this.#provider = undefined;
    provider.destroy();
  }

  readonly #notify = (): void => {
    for (const listener of this.#listeners) listener();
  };

  #source<Value>(valueOf: (provider: HeadwaterProvider) => Value, without: Value): Source<Value> {
    return {
      subscribe: (listener) => {
        this.#listeners.add(listener);
        return () => this.#listeners.delete(listener);
      },
      read: () => (this.#provider === undefined ? without : valueOf(this.#provider)),
      readOnServer: () => without,
    };
  }
}

function presenceOf(provider: HeadwaterProvider): Presence | undefined {
  return provider.awareness === null ? undefined : provider.presence;
}

/** The same object until one of its fields is another. */
function savedState(): (provider: HeadwaterProvider) => SavedState {
  let last: SavedState | undefined;
  return ({ saved, unsavedChanges }) => {
    const now = { saved, unsavedChanges };
    if (last === undefined || !shallowEqual(last, now)) last = now;
    return last;
  };
}
