/**
 * The second door of this room, for pages: what a document holds, without anything that needs a store or Node.
 * Imported as `@headwater/persistence/content`.
 */
export { type RootKind, rootKindOf, rootKinds } from './root-kinds.ts';
