import { createRoute, z } from '@hono/zod-openapi';
import type { Context } from 'hono';
import { answers } from './responses.ts';
import { documentParams, momentQuerySchema, timeSchema } from './schemas.ts';
import type { V1 } from './v1.ts';

const pathSchema = z
  .array(z.union([z.string(), z.number()]))
  .readonly()
  .openapi({ description: 'The name of the root type, then keys of maps and positions in arrays, texts and XML.' });

const changeSchema = z
  .object({
    path: pathSchema,
    kind: z.enum(['text', 'array', 'map', 'xml']),
    delta: z.array(z.unknown()).readonly().openapi({
      description: 'Steps `{ insert }`, `{ retain }`, `{ delete }`, with `attributes` in texts, as in Yjs.',
    }),
    keys: z
      .record(z.string(), z.unknown())
      .openapi({ description: '`{ action: add | update | delete, oldValue, newValue }` by key or XML attribute.' }),
  })
  .openapi('TypeChange');

const diffRoute = createRoute({
  method: 'get',
  path: '/documents/{name}/diff',
  summary: 'What changed from one moment to another',
  request: {
    params: documentParams,
    query: z.object({
      from: momentQuerySchema,
      to: momentQuerySchema.openapi({ description: 'A moment; it may be the earlier one.' }),
    }),
  },
  responses: answers(
    z.object({ changes: z.array(changeSchema).readonly() }),
    'Every type that is in both states and changed, the outer ones first.',
  ),
});

const blameSchema = z
  .object({
    path: pathSchema,
    ranges: z
      .array(
        z.object({
          index: z.int(),
          length: z.int(),
          text: z.string().openapi({ description: 'Its characters, with U+FFFC for each embed.' }),
          author: z.string().optional().openapi({ description: 'Absent when no record is known that brought it.' }),
          timeMs: timeSchema.optional(),
        }),
      )
      .readonly(),
  })
  .openapi('TextBlame');

const blameRoute = createRoute({
  method: 'get',
  path: '/documents/{name}/blame',
  summary: 'Who wrote which range of the texts, and when',
  request: {
    params: documentParams,
    query: z.object({
      at: momentQuerySchema.optional().openapi({ description: 'The moment; without one, the last.' }),
    }),
  },
  responses: answers(z.object({ texts: z.array(blameSchema).readonly() }), 'Every text that holds something.'),
});

export function addComparisons({ app, history }: V1): void {
  app.openapi(diffRoute, async (context) => {
    const { name } = context.req.valid('param');
    const { from, to } = context.req.valid('query');
    const changes = await history.diff(name, from, to, { signal: context.req.raw.signal });
    return jsonText(context, `{"changes":${changes}}`);
  });

  app.openapi(blameRoute, async (context) => {
    const { name } = context.req.valid('param');
    const at = context.req.valid('query').at ?? (await history.lastMoment(name));
    const texts = await history.blame(name, at, { signal: context.req.raw.signal });
    return jsonText(context, `{"texts":${texts}}`);
  });
}

/** What was made JSON in a thread, megabytes of it maybe: the types of a route know only values that are made JSON here. */
function jsonText(context: Context, json: string): never {
  return context.body(json, 200, { 'content-type': 'application/json' }) as never;
}
