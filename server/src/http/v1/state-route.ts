import type { RootContent } from '@headwater/persistence';
import { HeadwaterError } from '@headwater/protocol';
import { createRoute, z } from '@hono/zod-openapi';
import { refusals } from './responses.ts';
import { documentParams, momentQuerySchema } from './schemas.ts';
import type { V1 } from './v1.ts';

const stateRoute = createRoute({
  method: 'get',
  path: '/documents/{name}/state',
  summary: 'What a document was at a moment',
  request: {
    params: documentParams,
    query: z.object({
      at: momentQuerySchema.optional().openapi({ description: 'The moment; without one, the last.' }),
      as: z
        .enum(['update', 'json', 'text', 'xml'])
        .default('update')
        .openapi({ description: 'As a Yjs v1 update, all of it as JSON, or one root type as text or as XML.' }),
      root: z
        .string()
        .optional()
        .openapi({ description: 'Which root type, for `text` and `xml`; not needed when there is one of that kind.' }),
    }),
  },
  responses: {
    200: {
      description: 'The state. `headwater-sequence` and `headwater-time` (milliseconds) tell the moment.',
      content: {
        'application/octet-stream': { schema: z.string().openapi({ format: 'binary' }) },
        'application/json': {
          schema: z.record(z.string(), z.unknown()).openapi({
            description:
              'By root type: `{ kind, text }`, `{ kind, xml }` or `{ kind, json }`; kind `unknown` has nothing.',
          }),
        },
        'text/plain': { schema: z.string() },
      },
    },
    ...refusals,
  },
});

const CONTENT_TYPES = {
  update: 'application/octet-stream',
  json: 'application/json',
  text: 'text/plain; charset=utf-8',
  xml: 'text/plain; charset=utf-8', // markup of anybody's, which no browser is to act upon
} as const;

export function addState({ app, history }: V1): void {
  app.openapi(stateRoute, async (context) => {
    const { name } = context.req.valid('param');
    const { at, as, root } = context.req.valid('query');
    const aborted = { signal: context.req.raw.signal };
    const moment = at ?? (await history.lastMoment(name));
    const { sequence, timeMs, made } =
      as === 'update' ? await history.stateAt(name, moment, aborted) : await history.contentAt(name, moment, aborted);
    context.header('headwater-sequence', String(sequence));
    if (timeMs !== undefined) context.header('headwater-time', String(timeMs));
    context.header('content-type', CONTENT_TYPES[as]);
    if (typeof made !== 'string') return context.body(made as Uint8Array<ArrayBuffer>);
    return context.body(as === 'text' || as === 'xml' ? rootOf(JSON.parse(made) as Contents, as, root) : made);
  });
}

type Contents = Readonly<Record<string, RootContent>>;

/** One root type as text or XML. What is empty does not say what it is, so it is either. */
function rootOf(contents: Contents, kind: 'text' | 'xml', root: string | undefined): string {
  const names = root === undefined ? Object.keys(contents).filter((name) => contents[name]?.kind === kind) : [root];
  if (names.length > 1) {
    const listed = names.map((name) => JSON.stringify(name)).join(', ');
    throw new HeadwaterError('HW_REQUEST_INVALID', `root: there are several of kind ${kind}: ${listed}; name one`);
  }
  const [name = ''] = names;
  const content = Object.hasOwn(contents, name) ? contents[name] : undefined;
  if (content === undefined || content.kind === 'unknown') return '';
  if (content.kind === 'text' && kind === 'text') return content.text;
  if (content.kind === 'xml' && kind === 'xml') return content.xml;
  throw new HeadwaterError(
    'HW_REQUEST_INVALID',
    `root: ${JSON.stringify(root)} is of kind ${content.kind}, not ${kind}`,
  );
}
