export { type ErrorCode, HeadwaterError } from '@headwater/protocol';
export type { Access, AccessRequest, Authenticate, Visitor } from './access/access.ts';
export type { OnStateless, StatelessMessage } from './access/stateless.ts';
export { createServer, type HeadwaterServer, type ServerParts } from './create-server.ts';
export type { Health } from './http/http-app.ts';
export type { OpenOptions } from './local/local-documents.ts';
export type { OpenDocument, WaitOptions } from './local/open-document.ts';
export type { Logger } from './logging/logger.ts';
export type { ResolvedServerOptions, ServerOptions } from './options.ts';
