import { fileURLToPath } from 'node:url';
import { HeadwaterError } from '@headwater/protocol';
import { serveStatic } from '@hono/node-server/serve-static';
import { type Context, Hono } from 'hono';
import type { PagesScope } from './pages-scope.ts';
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

/**
 * The pages, as `@headwater/pages` has built them: the one at `/inspect/NAME`, and in development the one at `/`. They show nothing by
 * themselves: their API has a rule, and a token, of its own.
 */
export function createPages({ inspect, home }: PagesScope): Hono<NodeEnv> {
  const app = new Hono<NodeEnv>();
  const root = fileURLToPath(new URL('.', import.meta.resolve('@headwater/pages/index.html')));
  const page = (path: string) => serveStatic({ root, path, onFound: revalidated });
  app.onError((error, context) => {
    if (error instanceof HeadwaterError) return refuse(context, error);
    throw error;
  });
  app.use('/inspect/*', async (context, next) => {
    admitTo(inspect, context);
    protect(context);
    await next();
  });
  app.get(
    '/inspect/assets/*',
    serveStatic({ root, onFound: (_file, context) => context.header('cache-control', FOR_EVER) }),
  );
  app.get('/inspect/:name', page('inspect/index.html'), notBuilt);
  app.get(
    '/',
    async (context, next) => {
      // Whom it is not for gets the answer of a server that has no such page.
      if (!isFor(home, context)) return context.notFound();
      protect(context);
      return next();
    },
    page('index.html'),
    notBuilt,
  );
  return app;
}

/** @throws HW_API_REFUSED */
function admitTo(scope: AccessRule['scope'], { env: { incoming } }: Context<NodeEnv>): void {
  admit({ scope, token: '' }, { remoteAddress: incoming.socket.remoteAddress, headers: incoming.headers });
}

function isFor(scope: AccessRule['scope'], context: Context<NodeEnv>): boolean {
  try {
    admitTo(scope, context);
    return true;
  } catch (error) {
    if (error instanceof HeadwaterError) return false;
    throw error;
  }
}

function protect(context: Context): void {
  context.header('content-security-policy', POLICY);
  context.header('x-content-type-options', 'nosniff');
  context.header('referrer-policy', 'no-referrer');
  context.header('cross-origin-resource-policy', 'same-origin');
  context.header('cross-origin-opener-policy', 'same-origin');
}

/** A page names the assets of its build, so it must not outlive them. */
function revalidated(_file: string, context: Context): void {
  context.header('cache-control', 'no-cache');
}

function notBuilt(context: Context): Response {
  return context.text('The page is not built: npm run build\n', 404);
}
