import type * as Y from 'yjs';
import type { HeadwaterProvider } from '../provider/headwater-provider.ts';
import type { SavedState } from './document-session.ts';
import { useSession } from './headwater-document.ts';
import { useSource } from './source.ts';

/**
 * The document, to edit it or to bind an editor to it. It is there from the first render on, empty until it is synced.
 *
 * @example
 * ```tsx
 * const document = useDocument();
 * return <button onClick={() => document.getArray('todos').push([{ title }])}>Add</button>;
 * ```
 */
export function useDocument(): Y.Doc {
  return useSession('useDocument').document;
}

/**
 * The provider, for whatever has no hook: its events, its awareness for an editor, `provider.presence.set`. `undefined` on
 * a server and in the first render, since a connection is opened by what is mounted.
 *
 * @example
 * ```tsx
 * const provider = useProvider();
 * useEffect(() => provider?.on('refused', (edits) => edits.rollback()) && undefined, [provider]);
 * return <Canvas onPointerMove={(at) => provider?.presence.set({ cursor: at })} />;
 * ```
 */
export function useProvider(): HeadwaterProvider | undefined {
  return useSource(useSession('useProvider').provider);
}

/** How the way to the server is: `connecting`, `connected`, `disconnected` or `denied`. */
export function useStatus(): HeadwaterProvider['status'] {
  return useSource(useSession('useStatus').status);
}

/** Whether everything the server has is in the document. Before that an empty document means nothing. */
export function useSynced(): boolean {
  return useSource(useSession('useSynced').synced);
}

/**
 * Whether everything in the document is on the server's disk, and how many changes are not known to be. The same object
 * until one of the two changes.
 *
 * @example
 * ```tsx
 * const { saved, unsavedChanges } = useSaved();
 * return <small>{saved ? 'Saved' : `Saving ${unsavedChanges} changes …`}</small>;
 * ```
 */
export function useSaved(): SavedState {
  return useSource(useSession('useSaved').saved);
}
