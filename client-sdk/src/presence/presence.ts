import { HeadwaterError } from '@headwater/protocol';
import { ObservableV2 } from 'lib0/observable';
import type { Awareness } from 'y-protocols/awareness';
import { type Activity, ActivityWatch, type Page } from './activity-watch.ts';
import { LatestThrottle } from './latest-throttle.ts';
import { HEX_COLOR, idOfClient, type PresenceUser, usersOf } from './presence-user.ts';
import { userColor } from './user-color.ts';

/** Who a user is to the others. A field left out stays as it is, `null` takes it away. */
export interface PresenceProfile {
  /** What stays the same of the user, such as an account id: tabs with the same id are one user. */
  readonly id?: string | null | undefined;
  readonly name?: string | null | undefined;
  /** As `#rrggbb`. @defaultValue that of {@link userColor} for the id, or else for the name */
  readonly color?: string | null | undefined;
  /** Where a picture of the user is. */
  readonly avatar?: string | null | undefined;
}

/** What others are to see of this user. */
export interface PresenceFields extends PresenceProfile {
  /** Where the user is, in words of your own that JSON can say. Leave it alone where an editor's plugin shows carets. */
  readonly cursor?: unknown;
}

/** How {@link Presence} behaves. */
export interface PresenceOptions {
  /** The least time between two cursors that are sent, in milliseconds. @defaultValue `50` */
  readonly cursorIntervalMs?: number | undefined;
  /** How long one {@link Presence.setTyping} holds, in milliseconds. @defaultValue `3_000` */
  readonly typingTimeoutMs?: number | undefined;
  /** Without input for so long a user is `idle`, in milliseconds. @defaultValue `60_000` */
  readonly idleAfterMs?: number | undefined;
  /** Without input for so long a user is `away`, in milliseconds; also when the page is hidden. @defaultValue `600_000` */
  readonly awayAfterMs?: number | undefined;
  /** The awareness field that holds the cursor; another one when a caret plugin needs `cursor` for itself. @defaultValue `'cursor'` */
  readonly cursorField?: string | undefined;
  /** The page whose input and visibility count; `null` for none: always `active`. @defaultValue `document`, if there is one */
  readonly page?: Page | null | undefined;
}

/** What an option of {@link PresenceOptions} is when it is left out. */
export const PRESENCE_DEFAULTS = {
  cursorIntervalMs: 50,
  typingTimeoutMs: 3_000,
  idleAfterMs: 60_000,
  awayAfterMs: 600_000,
  cursorField: 'cursor',
} as const satisfies PresenceOptions;

/** The events of {@link Presence}. `users` is up to date when they fire. */
export interface PresenceEvents {
  /** Another user opened the document, with a first tab. */
  join: (user: PresenceUser) => void;
  /** Another user's last tab is gone. */
  leave: (user: PresenceUser) => void;
  /** Anything about anybody changed, this user included. */
  change: (users: readonly PresenceUser[]) => void;
}

/**
 * Who else has the document open, where they are and what they are doing. It lives in the fields that Yjs applications
 * use (`user` and `cursor`), so the caret plugins of editors show its names and colours, and it sees the users of stock
 * clients. Any provider's awareness will do; a `HeadwaterProvider` has one ready in `presence`.
 *
 * Nothing is sent and no page is watched before the first {@link Presence.set}.
 *
 * @example
 * ```ts
 * const presence = new Presence(provider.awareness);
 * presence.set({ id: account.id, name: 'Ada' });
 * presence.on('change', (users) => render(users));
 * presence.on('join', ({ name }) => toast(`${name} is here`));
 *
 * canvas.onpointermove = ({ offsetX: x, offsetY: y }) => presence.set({ cursor: { x, y } });
 * canvas.onpointerleave = () => presence.set({ cursor: null });
 * input.oninput = () => presence.setTyping();
 * ```
 */
export class Presence extends ObservableV2<PresenceEvents> {
  /** What it lives on. */
  readonly awareness: Awareness;
  readonly #cursorField: string;
  readonly #typingTimeoutMs: number;
  readonly #cursor: LatestThrottle<unknown>;
  readonly #activity: ActivityWatch | undefined;
  /** The fields of the local state that are ours to take back. */
  readonly #written = new Set<string>();
  #profile: PresenceProfile = {};
  #typingTimer: ReturnType<typeof setTimeout> | undefined;
  #users: readonly PresenceUser[];
  #isClosed = false;

  /** @param awareness - of any provider; its life stays with whoever made it */
  constructor(awareness: Awareness, options: PresenceOptions = {}) {
    super();
    this.awareness = awareness;
    const { cursorIntervalMs, typingTimeoutMs, cursorField, page, ...limits } = {
      page: globalThis.document,
      ...PRESENCE_DEFAULTS,
      ...given(options),
    };
    this.#cursorField = cursorField;
    this.#typingTimeoutMs = typingTimeoutMs;
    this.#cursor = new LatestThrottle(cursorIntervalMs, (cursor) => this.#write({ [cursorField]: cursor }));
    if (page) this.#activity = new ActivityWatch(page, limits, this.#announce);
    this.#users = this.#readUsers([]);
    awareness.on('change', this.#noteAwareness);
    awareness.on('destroy', this.#stop);
  }

  /**
   * Everybody who has the document open, this user included, in the order they came. The same array until somebody
   * changes, and in it the same objects for those who did not.
   */
  get users(): readonly PresenceUser[] {
    return this.#users;
  }

  /** This user, as others see it; `undefined` while its awareness state is `null`. */
  get self(): PresenceUser | undefined {
    return this.#users.find(({ isSelf }) => isSelf);
  }

  /**
   * Says who this user is and where. The cursor goes out at most once per `cursorIntervalMs`, always the latest one; the
   * rest at once.
   *
   * @throws HeadwaterError HW_OPTIONS_INVALID for a colour in another notation than `#rrggbb`
   */
  set({ cursor, ...profile }: PresenceFields): void {
    if (this.#isClosed) return;
    if (profile.color != null && !HEX_COLOR.test(profile.color)) {
      throw new HeadwaterError(
        'HW_OPTIONS_INVALID',
        `color is "${profile.color}": caret plugins understand #rrggbb only, so write it as in "${userColor('')}"`,
      );
    }
    const news = given(profile);
    if (!this.#written.has('user') || Object.keys(news).length > 0) this.#introduce(news);
    if (cursor !== undefined) this.#cursor.push(cursor);
  }

  /**
   * Says that the user is typing. Call it with every key: it ends by itself, `typingTimeoutMs` after the last call.
   *
   * @param isTyping - `false` ends it now, as when a message was sent
   */
  setTyping(isTyping = true): void {
    if (this.#isClosed) return;
    if (isTyping && !this.#written.has('user')) this.#introduce({});
    const wasTyping = this.#typingTimer !== undefined;
    clearTimeout(this.#typingTimer);
    this.#typingTimer = isTyping ? setTimeout(() => this.setTyping(false), this.#typingTimeoutMs) : undefined;
    if (isTyping !== wasTyping) this.#write({ typing: isTyping || null });
  }

  /** Takes this user's fields back and listens to nothing any more. The awareness stays. */
  close(): void {
    if (this.#isClosed) return;
    this.#stop();
    this.#write(Object.fromEntries([...this.#written].map((field) => [field, null])));
  }

  /** {@link Presence.close}. */
  override destroy(): void {
    this.close();
  }

  #introduce(profile: PresenceProfile): void {
    const isFirst = !this.#written.has('user');
    this.#profile = { ...this.#profile, ...profile };
    const { id, name, color } = this.#profile;
    const ofOthers = this.awareness.getLocalState()?.['user'] as Record<string, unknown> | undefined;
    const fallback = userColor(id ?? name ?? idOfClient(this.awareness.clientID));
    if (this.awareness.getLocalState() === null) this.awareness.setLocalState({}); // being introduced is being there
    this.#write({ user: patched(ofOthers ?? {}, { ...this.#profile, color: color ?? fallback }) });
    if (isFirst) this.#activity?.start();
  }

  readonly #announce = (activity: Activity): void => {
    if (activity === 'away') this.setTyping(false);
    this.#write({ activity: activity === 'active' ? null : activity });
  };

  /** Only {@link Presence.set} brings back a user whose state somebody made `null`. */
  #write(fields: Readonly<Record<string, unknown>>): void {
    const state = this.awareness.getLocalState();
    for (const field of Object.keys(fields)) this.#written.add(field);
    if (state !== null) this.awareness.setLocalState(patched(state, fields));
  }

  readonly #noteAwareness = (): void => {
    const before = this.#users;
    this.#users = this.#readUsers(before);
    if (this.#users === before) return;
    for (const user of newIn(this.#users, before)) this.emit('join', [user]);
    for (const user of newIn(before, this.#users)) this.emit('leave', [user]);
    this.emit('change', [this.#users]);
  };

  #readUsers(previous: readonly PresenceUser[]): readonly PresenceUser[] {
    return usersOf(this.awareness.getStates(), this.awareness.clientID, this.#cursorField, previous);
  }

  /** Whoever destroys the awareness takes this user's state away with it. */
  readonly #stop = (): void => {
    this.#isClosed = true;
    this.awareness.off('change', this.#noteAwareness);
    this.awareness.off('destroy', this.#stop);
    this.#activity?.stop();
    this.#cursor.cancel();
    clearTimeout(this.#typingTimer);
    super.destroy();
  };
}

/** Those of `some` that `others` has not; this user neither comes nor goes for itself. */
function newIn(some: readonly PresenceUser[], others: readonly PresenceUser[]): readonly PresenceUser[] {
  const ids = new Set(others.map(({ id }) => id));
  return some.filter(({ id, isSelf }) => !isSelf && !ids.has(id));
}

/** What is said at all: `undefined` is as good as left out. */
function given<Fields extends object>(fields: Fields): { [Name in keyof Fields]?: Exclude<Fields[Name], undefined> } {
  const said = Object.entries(fields).filter(([, value]) => value !== undefined);
  return Object.fromEntries(said) as { [Name in keyof Fields]?: Exclude<Fields[Name], undefined> };
}

/** The fields with the changes; `null` takes one away. */
function patched(fields: object, changes: object): Record<string, unknown> {
  const result: Record<string, unknown> = { ...fields };
  for (const [field, value] of Object.entries(changes)) {
    if (value === null) delete result[field];
    else result[field] = value;
  }
  return result;
}
