import type { DocumentStore } from '@headwater/persistence';
import type { HttpBindings } from '@hono/node-server';
import type { OpenAPIHono } from '@hono/zod-openapi';
import type { DocumentRegistry } from '../../documents/registry.ts';
import type { LiveHistory } from '../../history/live-history.ts';
import type { Logger } from '../../logging/logger.ts';

/** What Node knows of a request. */
export interface NodeEnv {
  readonly Bindings: HttpBindings;
}

/** What the routes of the API are added to, and what they answer from. */
export interface V1 {
  readonly app: OpenAPIHono<NodeEnv>;
  readonly history: LiveHistory;
  readonly store: DocumentStore;
  readonly registry: Pick<DocumentRegistry, 'delete'>;
  readonly logger: Logger;
}
