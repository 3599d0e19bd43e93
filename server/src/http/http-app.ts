import { Hono } from 'hono';
import type { createPages } from './pages.ts';
import type { createV1 } from './v1/create-v1.ts';
import type { NodeEnv } from './v1/v1.ts';

/** What `GET /health` says. */
export interface Health {
  /**
   * `degraded`: the store cannot write at the moment (edits are relayed and kept, nothing is acknowledged), or Redis is away
   * (other instances get edits through the store, later).
   */
  readonly status: 'ok' | 'degraded' | 'stopping';
  /** Why it is degraded. */
  readonly reason?: string | undefined;
  readonly documents: number;
  readonly connections: number;
  /** Bytes accepted and not fsynced yet. */
  readonly unsavedBytes: number;
  /** Of a cluster: other instances that were heard lately. */
  readonly instances?: number | undefined;
  /** Of a cluster: whether this instance has the store open. */
  readonly isStoreOwner?: boolean | undefined;
}

/** What is served besides `/health`. */
export interface HttpParts {
  /** Called with the first request to it: what describes and checks its requests takes long to load, and most servers get none. */
  readonly loadV1?: (() => Promise<ReturnType<typeof createV1>>) | undefined;
  readonly pages?: ReturnType<typeof createPages> | undefined;
}

/** Plain HTTP on the server's port. `503` from `/health` takes an instance that stops out of a load balancer. */
export function createHttpApp(health: () => Health, { loadV1, pages }: HttpParts = {}): Hono<NodeEnv> {
  const app = new Hono<NodeEnv>();
  app.get('/health', (context) => {
    const now = health();
    return context.json(now, now.status === 'stopping' ? 503 : 200);
  });
  if (loadV1 !== undefined) {
    let v1: ReturnType<typeof loadV1> | undefined;
    app.all('/v1/*', async (context) => {
      v1 ??= loadV1();
      return (await v1).fetch(context.req.raw, context.env);
    });
  }
  if (pages !== undefined) app.route('/', pages);
  app.notFound((context) =>
    context.text('This is a Headwater sync server: connect a Yjs WebSocket provider to it. Its state: /health\n', 404),
  );
  return app;
}
