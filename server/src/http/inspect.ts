import { fileURLToPath } from 'node:url';
import { HeadwaterError } from '@headwater/protocol';
import { serveStatic } from '@hono/node-server/serve-static';
import { type Context, Hono } from 'hono';
import { type AccessRule, admit } from './v1/access.ts';
import { refuse } from './v1/errors.ts';
import type { NodeEnv } from './v1/v1.ts';

/** Only files of its own: neither another origin's, nor anything that is written into the page. */
const POLICY = [
  "default-src 'none'",
  "script-src 'self'",
  "worker-src 'self'",
  "style-src 'self'",
  "font-src 'self'",
  "img-src 'self'",
  "connect-src 'self'",
  "base-uri 'none'",
  "form-action 'none'",
  "frame-ancestors 'none'",
].join('; ');

/** The names of assets change with their content. */
const FOR_EVER = 'public, max-age=31536000, immutable';

/** The page at `/inspect/NAME`, as `@headwater/inspect` has built it. It shows nothing by itself: its API has a rule, and a token, of its own. */
export function createInspect(scope: AccessRule['scope']): Hono<NodeEnv> {
  const app = new Hono<NodeEnv>().basePath('/inspect');
  const root = fileURLToPath(new URL('.', import.meta.resolve('@headwater/inspect/index.html')));
  app.onError((error, context) => {
    if (error instanceof HeadwaterError) return refuse(context, error);
    throw error;
  });
  app.use(async (context, next) => {
    const { incoming } = context.env;
    admit({ scope, token: '' }, { remoteAddress: incoming.socket.remoteAddress, headers: incoming.headers });
    context.header('content-security-policy', POLICY);
    context.header('x-content-type-options', 'nosniff');
    context.header('referrer-policy', 'no-referrer');
    context.header('cross-origin-resource-policy', 'same-origin');
    context.header('cross-origin-opener-policy', 'same-origin');
    await next();
  });
  app.get(
    '/assets/*',
    serveStatic({
      root,
      rewriteRequestPath: (path) => path.slice('/inspect'.length),
      onFound: (_file, context) => context.header('cache-control', FOR_EVER),
    }),
  );
  app.get('/:name', serveStatic({ root, path: 'index.html', onFound: revalidated }), (context) =>
    context.text('The page is not built: npm run build\n', 404),
  );
  return app;
}

/** The page itself names the assets of its build, so it must not outlive them. */
function revalidated(_file: string, context: Context): void {
  context.header('cache-control', 'no-cache');
}
