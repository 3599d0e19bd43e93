import { equalityDeep } from 'lib0/function';
import type { Activity } from './activity-watch.ts';
import { userColor } from './user-color.ts';

/** One tab or device of a user: one client id of the awareness protocol. */
export interface PresenceClient {
  /** Its awareness client id: that of its `Y.Doc`. */
  readonly clientId: number;
  /** Where it is, as it was set there; `undefined` is nowhere. An editor's plugin puts its own positions here. */
  readonly cursor: unknown;
  readonly isTyping: boolean;
  readonly activity: Activity;
}

/**
 * Somebody who has the document open. The same object until something about the user changes.
 *
 * It is what the user's own client says: a name for people to read, and no proof of who it is.
 */
export interface PresenceUser {
  /** The id it was set with, the same for all its tabs; for a client without one, `client:` and its client id. */
  readonly id: string;
  readonly name: string | undefined;
  /** As `#rrggbb`: the one chosen, or that of {@link userColor}. */
  readonly color: string;
  /** Where its picture is. */
  readonly avatar: string | undefined;
  /** Of the tab in use: the most active one that has a cursor. */
  readonly cursor: unknown;
  /** In any tab. */
  readonly isTyping: boolean;
  /** In the most active tab. */
  readonly activity: Activity;
  /** Whether this client is one of its tabs. */
  readonly isSelf: boolean;
  /** Its tabs, in the order they came. */
  readonly clients: readonly PresenceClient[];
}

/** The awareness fields of a client, of which a foreign one may have put anything into any. */
type Fields = Readonly<Record<string, unknown>>;

interface ClientState {
  readonly client: PresenceClient;
  readonly profile: Fields;
}

/** The id of a user who has none: a client of its own. */
export function idOfClient(clientId: number): string {
  return `client:${clientId}`;
}

/** A colour every caret plugin understands; some take no other notation. */
export const HEX_COLOR = /^#[0-9a-f]{6}$/i;

/**
 * Everybody whom these awareness states describe, in the order they came. A user of `previous` about whom nothing changed
 * is the same object again, and so is the whole list.
 */
export function usersOf(
  states: ReadonlyMap<number, Fields>,
  ownClientId: number,
  cursorField: string,
  previous: readonly PresenceUser[],
): readonly PresenceUser[] {
  const tabs = new Map<string, ClientState[]>(previous.map(({ id }) => [id, []])); // keeps the order they came in
  for (const [clientId, state] of states) {
    const profile = recordOf(state['user']);
    const id = textOf(profile['id']) ?? idOfClient(clientId);
    const tab = { client: clientOf(clientId, state, cursorField), profile };
    const known = tabs.get(id);
    if (known === undefined) tabs.set(id, [tab]);
    else known.push(tab);
  }

  const before = new Map(previous.map((user) => [user.id, user]));
  const users: PresenceUser[] = [];
  for (const [id, ofUser] of tabs) {
    if (ofUser.length === 0) continue;
    const user = userOf(id, ofUser, ownClientId);
    const same = before.get(id);
    users.push(same !== undefined && equalityDeep(same, user) ? same : user);
  }
  const isSame = users.length === previous.length && users.every((user, index) => user === previous[index]);
  return isSame ? previous : users;
}

function userOf(id: string, tabs: readonly ClientState[], ownClientId: number): PresenceUser {
  const clients = tabs.map(({ client }) => client);
  const own = tabs.find(({ client }) => client.clientId === ownClientId);
  const profile = (own ?? tabs.at(-1))?.profile ?? {}; // the tab that came last knows the name of today
  const name = textOf(profile['name']);
  const color = textOf(profile['color']);
  const byActivity = [...clients].reverse().sort((a, b) => RANK[a.activity] - RANK[b.activity]);
  return {
    id,
    name,
    color: color !== undefined && HEX_COLOR.test(color) ? color : userColor(id),
    avatar: textOf(profile['avatar']),
    cursor: byActivity.find(({ cursor }) => cursor !== undefined)?.cursor,
    isTyping: clients.some(({ isTyping }) => isTyping),
    activity: byActivity[0]?.activity ?? 'active',
    isSelf: own !== undefined,
    clients,
  };
}

const RANK: Readonly<Record<Activity, number>> = { active: 0, idle: 1, away: 2 };

function clientOf(clientId: number, state: Fields, cursorField: string): PresenceClient {
  const activity = state['activity'];
  return {
    clientId,
    cursor: state[cursorField] ?? undefined,
    isTyping: state['typing'] === true,
    activity: activity === 'idle' || activity === 'away' ? activity : 'active',
  };
}

function recordOf(value: unknown): Fields {
  return typeof value === 'object' && value !== null ? (value as Fields) : {};
}

function textOf(value: unknown): string | undefined {
  return typeof value === 'string' && value !== '' ? value : undefined;
}
