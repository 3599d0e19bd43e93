export type { Activity, Page } from './presence/activity-watch.ts';
export {
  PRESENCE_DEFAULTS,
  Presence,
  type PresenceEvents,
  type PresenceFields,
  type PresenceOptions,
} from './presence/presence.ts';
export type { PresenceClient, PresenceUser } from './presence/presence-user.ts';
export { userColor } from './presence/user-color.ts';

/** The wire version this client speaks. */
export const CLIENT_PROTOCOL_VERSION = 1;
