import type { PresenceUser } from '../presence/presence-user.ts';
import { useSession } from './headwater-document.ts';
import { type IsEqual, useSelection } from './source.ts';

/**
 * Everybody who has the document open, this user included; nobody on a server and in the first render. Those about whom
 * nothing changed are the same objects, so a memoised component per user renders for its own user alone.
 *
 * @example
 * ```tsx
 * const names = usePresence((users) => users.filter(({ isTyping, isSelf }) => isTyping && !isSelf).map(({ name }) => name));
 * return names.length > 0 && <p>{names.join(', ')} typing …</p>; // does not render when somebody moves a cursor
 * ```
 */
export function usePresence(): readonly PresenceUser[];
/**
 * What a selector makes of them all: the component renders again only when that is another.
 *
 * @param select - may be written in place
 * @param isEqual - when two selections are the same. Unless told, when they or all they hold one level down are.
 */
export function usePresence<Selection>(
  select: (users: readonly PresenceUser[]) => Selection,
  isEqual?: IsEqual<Selection>,
): Selection;
export function usePresence(
  select: (users: readonly PresenceUser[]) => unknown = everybody,
  isEqual?: IsEqual<unknown>,
): unknown {
  return useSelection(useSession('usePresence').users, select, isEqual);
}

function everybody(users: readonly PresenceUser[]): readonly PresenceUser[] {
  return users;
}
