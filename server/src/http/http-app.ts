import { Hono } from 'hono';

/** What `GET /health` says. */
export interface Health {
  /** `degraded`: the store cannot write at the moment; edits are relayed and kept, nothing is acknowledged. */
  readonly status: 'ok' | 'degraded' | 'stopping';
  /** Why it is degraded. */
  readonly reason?: string | undefined;
  readonly documents: number;
  readonly connections: number;
  /** Bytes accepted and not fsynced yet. */
  readonly unsavedBytes: number;
}

/** Plain HTTP on the server's port. `503` from `/health` takes an instance that stops out of a load balancer. */
export function createHttpApp(health: () => Health): Hono {
  const app = new Hono();
  app.get('/health', (context) => {
    const now = health();
    return context.json(now, now.status === 'stopping' ? 503 : 200);
  });
  app.notFound((context) =>
    context.text('This is a Headwater sync server: connect a Yjs WebSocket provider to it. Its state: /health\n', 404),
  );
  return app;
}
