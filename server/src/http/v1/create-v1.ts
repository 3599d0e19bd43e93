import { HeadwaterError } from '@headwater/protocol';
import { OpenAPIHono } from '@hono/zod-openapi';
import type { Context, Next } from 'hono';
import { bodyLimit } from 'hono/body-limit';
import { type AccessRule, admit } from './access.ts';
import { addComparisons } from './comparisons-route.ts';
import { addDeletions } from './deletions-route.ts';
import { addDocuments } from './documents-route.ts';
import { addEdits } from './edits-route.ts';
import { errorOf, refuse } from './errors.ts';
import { addMoments } from './moments-route.ts';
import { addReplay } from './replay-route.ts';
import { addRetention } from './retention-route.ts';
import { addState } from './state-route.ts';
import type { NodeEnv, V1 } from './v1.ts';
import { addVersions } from './versions-route.ts';

/** What the API is built from. */
export interface V1Parts extends Omit<V1, 'app'> {
  readonly access: AccessRule;
}

const MAX_BODY_BYTES = 64 * 1024;

const DESCRIPTION = {
  openapi: '3.1.0',
  info: {
    title: 'Headwater',
    version: '1',
    description: 'The past of the documents on this server: docs/http-api.md.',
    license: { name: 'MIT', identifier: 'MIT' },
  },
};

/** The HTTP API: everything below `/v1`. */
export function createV1({ access, ...parts }: V1Parts): OpenAPIHono<NodeEnv> {
  const { logger } = parts;
  const app = new OpenAPIHono<NodeEnv>({
    defaultHook: (result) => {
      if (!result.success) throw invalid(result.error.issues);
    },
  }).basePath('/v1');
  app.onError((error, context) => refuse(context, errorOf(error, logger)));
  app.notFound((context) =>
    refuse(
      context,
      new HeadwaterError('HW_REQUEST_INVALID', 'there is nothing at this path: see /v1/openapi.json'),
      404,
    ),
  );
  app.use(async (context, next) => {
    const { incoming } = context.env;
    context.header('cache-control', 'no-store');
    context.header('x-content-type-options', 'nosniff');
    context.header('cross-origin-resource-policy', 'same-origin');
    // What documents hold is shown to whoever opens a link, and may be anything: a script in it must not run as one of ours.
    context.header('content-security-policy', "default-src 'none'; sandbox; frame-ancestors 'none'");
    admit(access, { remoteAddress: incoming.socket.remoteAddress, headers: incoming.headers });
    await next();
  });
  app.use(expectReadablePath);
  app.use(expectJson);
  app.use(bodyLimit({ maxSize: MAX_BODY_BYTES, onError: refuseBody }));

  const v1 = { app, ...parts };
  for (const add of [
    addDocuments,
    addDeletions,
    addMoments,
    addState,
    addReplay,
    addComparisons,
    addVersions,
    addEdits,
    addRetention,
  ]) {
    add(v1);
  }
  app.doc31('/openapi.json', DESCRIPTION);
  return app;
}

/**
 * A page of another origin can have a browser send a form or plain text without asking, but not JSON: for that the browser
 * asks first, and gets no permission here.
 */
async function expectJson(context: Context, next: Next): Promise<Response | undefined> {
  const hasBody = ['POST', 'PUT', 'PATCH'].includes(context.req.method);
  if (hasBody && !/^application\/json *(;|$)/i.test(context.req.header('content-type') ?? '')) {
    return refuse(context, new HeadwaterError('HW_REQUEST_INVALID', 'the body must be sent as application/json'), 415);
  }
  await next();
  return undefined;
}

/** What cannot be decoded would be taken for a name as it stands. */
async function expectReadablePath(context: Context, next: Next): Promise<void> {
  const [path = ''] = context.req.url.split('?', 1);
  try {
    decodeURIComponent(path);
  } catch (cause) {
    throw new HeadwaterError('HW_NAME_INVALID', 'the path is not valid percent-encoded UTF-8', { cause });
  }
  await next();
}

function refuseBody(context: Context): Response {
  context.header('connection', 'close'); // the rest of it is not read, so nothing can follow it
  return refuse(context, new HeadwaterError('HW_REQUEST_TOO_LARGE', `a body may have ${MAX_BODY_BYTES} bytes`));
}

interface Issue {
  readonly path: readonly PropertyKey[];
  readonly message: string;
}

function invalid(issues: readonly Issue[]): HeadwaterError {
  const problems = issues.map(({ path, message }) => (path.length === 0 ? message : `${path.join('.')}: ${message}`));
  return new HeadwaterError('HW_REQUEST_INVALID', problems.join('; '));
}
