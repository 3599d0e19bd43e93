export type { SavedState } from './react/document-session.ts';
export { HeadwaterDocument, type HeadwaterDocumentProps } from './react/headwater-document.ts';
export type { PlainValue } from './react/shared-type-source.ts';
export type { IsEqual } from './react/source.ts';
export { useDocument, useProvider, useSaved, useStatus, useSynced } from './react/use-document.ts';
export { usePresence } from './react/use-presence.ts';
export { useArray, useMap, useText } from './react/use-shared-type.ts';
