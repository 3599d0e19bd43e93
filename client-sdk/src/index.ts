export { type ErrorCode, HeadwaterError } from '@headwater/protocol';
export type { CloseInfo, WebSocketClass, WebSocketLike } from './connection/web-socket.ts';
export type { Activity, Page } from './presence/activity-watch.ts';
export {
  PRESENCE_DEFAULTS,
  Presence,
  type PresenceEvents,
  type PresenceFields,
  type PresenceOptions,
  type PresenceProfile,
} from './presence/presence.ts';
export type { PresenceClient, PresenceUser } from './presence/presence-user.ts';
export { userColor } from './presence/user-color.ts';
export { HeadwaterProvider, type HeadwaterProviderEvents } from './provider/headwater-provider.ts';
export type { HeadwaterProviderOptions } from './provider/provider-options.ts';
export type { Abortable } from './provider/waiting.ts';
export type { EditRange } from './session/edit-ranges.ts';
export type { RefusedEdits } from './session/refused-edits.ts';
export type { Status } from './session/session.ts';
export type { Token } from './session/token-source.ts';
