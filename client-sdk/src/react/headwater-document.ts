import {
  createContext,
  createElement,
  type ReactElement,
  type ReactNode,
  useContext,
  useEffect,
  useState,
} from 'react';
import type { PresenceProfile } from '../presence/presence.ts';
import type { HeadwaterProviderOptions } from '../provider/provider-options.ts';
import { DocumentSession } from './document-session.ts';
import { useSource } from './source.ts';

/** What {@link HeadwaterDocument} takes: the options of a `HeadwaterProvider`, and who the user is. */
export interface HeadwaterDocumentProps extends HeadwaterProviderOptions {
  /** Who this user is to the others, as in `Presence.set`; who it is to the server is for the token to say. */
  readonly user?: PresenceProfile | undefined;
  readonly children?: ReactNode;
}

const SessionContext = createContext<DocumentSession | undefined>(undefined);

/**
 * Opens a document for the components below it, which reach it by the hooks of this package. It connects when it is
 * mounted and leaves when it is unmounted, as soon as the last edits are saved.
 *
 * With another `url`, `name` or `document` everything below starts anew. `token` and `user` may change at any time; the
 * other options are read once.
 *
 * @example
 * ```tsx
 * <HeadwaterDocument url="wss://example.com" name="notes" token={fetchToken} user={{ id: me.id, name: me.name }}>
 *   <Editor />
 * </HeadwaterDocument>
 * ```
 */
export function HeadwaterDocument(props: HeadwaterDocumentProps): ReactElement {
  const [numberOf] = useState(numberOfObjects);
  const key = JSON.stringify([String(props.url), props.name, numberOf(props.document)]);
  return createElement(MountedDocument, { ...props, key });
}

function MountedDocument({ children, user, ...options }: HeadwaterDocumentProps): ReactElement {
  const [session] = useState(() => new DocumentSession(options));
  useEffect(() => session.mount(), [session]);
  useEffect(() => {
    session.token = options.token;
  }, [session, options.token]);
  useProfile(session, user);
  return createElement(SessionContext.Provider, { value: session }, children);
}

/** A field that is no longer in the profile is taken back. */
function useProfile(session: DocumentSession, profile: PresenceProfile | undefined): void {
  const presence = useSource(session.presence);
  const isGiven = profile !== undefined;
  const { id = null, name = null, color = null, avatar = null } = profile ?? {};
  useEffect(() => {
    if (isGiven) presence?.set({ id, name, color, avatar });
  }, [presence, isGiven, id, name, color, avatar]);
}

/** What is around a component, if anything is. */
export function useSessionAround(): DocumentSession | undefined {
  return useContext(SessionContext);
}

/** @throws Error where no {@link HeadwaterDocument} is around */
export function useSession(hook: string): DocumentSession {
  return useSessionAround() ?? misplaced(hook);
}

export function misplaced(hook: string): never {
  throw new Error(`${hook} needs a document: put the component below <HeadwaterDocument url="…" name="…">`);
}

/** Numbers objects: keys of components are text. */
function numberOfObjects(): (object: object | undefined) => number {
  const numbers = new WeakMap<object, number>();
  let last = 0;
  return (object) => {
    if (object === undefined) return 0;
    let number = numbers.get(object);
    if (number === undefined) {
      last += 1;
      number = last;
      numbers.set(object, number);
    }
    return number;
  };
}
